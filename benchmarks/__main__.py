"""Run the benchmarks and print one table: `python -m benchmarks [--data FILE] [--only NAME ...]`."""

from __future__ import annotations

import argparse
import platform
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import crawl_speed, help_time, overhead, prediction
from benchmarks.timing import Row

BENCHMARKS = {"help": help_time.measure, "prediction": prediction.measure, "overhead": overhead.measure, "crawl": crawl_speed.measure}


def main() -> None:
    """Parse arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Our figures beside the reference's, from one run.")
    parser.add_argument("--data", metavar="FILE", help="titles to train on; default: the starter catalogue")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS), metavar="NAME", help=f"some of: {', '.join(BENCHMARKS)}")
    arguments = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name in arguments.only:
            rows += BENCHMARKS[name](Path(folder), arguments.data)
    table = Table("what", "ours", "reference", "ratio", title=f"Python {platform.python_version()}, {platform.machine()}", title_justify="left")
    for row in rows:
        table.add_row(row.what, row.ours_text, row.reference_text, f"{row.ours / row.reference:.2f}")
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
