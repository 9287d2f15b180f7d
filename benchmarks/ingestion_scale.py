"""Does clean, match, validate stream? `python -m benchmarks.ingestion_scale FILE.parquet`: time and memory from 10,000 to 1,000,000 titles.

FILE holds titles in the layout `titles`; each size is that file multiplied with perturbations (`benchmarks.perturb`). Each size runs in a
process of its own, on at most two cores, and its peak memory is that process's. Time excludes starting Python. The slope is that of a
least-squares line through log time over log rows: 1 is linear.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.perturb import write_perturbed
from trending.datasets.tables import table_files
from trending.ingestion.assemble import assemble_tables
from trending.ingestion.clean import clean_records, fresh_file
from trending.sources import SourceConfig, open_source
from trending.tables import TABLES
from trending.validation.gates import SourceRows, run_gates
from trending.validation.settings import GateSettings
from trending.validation.tables import validate_tables

SIZES = (10_000, 31_623, 100_000, 316_228, 1_000_000)
STAGES = ("clean", "match", "validate")
CORES = 2


def main() -> None:
    """Parse arguments, run every size, print the table and the slope."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingestion_scale", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", metavar="FILE.parquet", help="titles to multiply")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--one", metavar="FOLDER", help=argparse.SUPPRESS)  # the child process: runs the path on FILE, writes below FOLDER
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(run_path(Path(arguments.file), Path(arguments.one))))
        return
    found = measure(Path(arguments.file), arguments.sizes)
    table = Table(
        "titles",
        *[f"{stage}, s" for stage in STAGES],
        "in all, s",
        "titles a second",
        "peak, MiB",
        "works",
        title="Clean, match, validate",
        title_justify="left",
    )
    for rows, one in found.items():
        seconds = [one[stage] for stage in STAGES]
        table.add_row(
            f"{rows:,}",
            *[f"{value:.1f}" for value in seconds],
            f"{sum(seconds):.1f}",
            f"{rows / sum(seconds):,.0f}",
            f"{one['mebibytes']:,.0f}",
            f"{one['works']:,.0f}",
        )
    Console(width=150).print(table, f"slope of log time on log rows: {slope(found):.3f}")


def measure(file: Path, sizes: list[int]) -> dict[int, dict[str, float]]:
    """Return seconds per stage and peak memory, by number of titles."""
    found = {}
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="scale-") as folder:
            multiplied = Path(folder) / "titles.parquet"
            write_perturbed(file, multiplied, rows, seed=17)
            command = [sys.executable, "-m", "benchmarks.ingestion_scale", str(multiplied), "--one", folder]
            outcome = subprocess.run(command, capture_output=True, text=True, check=True)
            found[rows] = json.loads(outcome.stdout.splitlines()[-1])
    return found


def slope(found: dict[int, dict[str, float]]) -> float:
    """Return the slope of log time on log rows."""
    return float(np.polyfit([math.log(rows) for rows in found], [math.log(sum(one[stage] for stage in STAGES)) for one in found.values()], 1)[0])


def run_path(file: Path, folder: Path) -> dict[str, float]:
    """Take a file of raw titles through the path, and return what it cost."""
    fresh, tables = folder / "fresh", folder / "tables"
    fresh.mkdir()
    tables.mkdir()
    clock = [time.perf_counter()]
    account = clean_records((("title", record) for record in open_source(SourceConfig(source="files", path=str(file))).records()), fresh, b"-" * 32)
    clock.append(time.perf_counter())
    report = assemble_tables(fresh, None, tables, threads=CORES)
    clock.append(time.perf_counter())
    files = {name: table_files(tables, name) for name in TABLES if name != "trends"}
    validate_tables(files, threads=CORES)
    sources = {where.partition("/")[0] for where in account.parsed}
    parsed = {source: account.parsed[f"{source}/title"] for source in sources}
    rows = {
        source: SourceRows(
            titles=(fresh_file(fresh, "titles"),),
            result=tuple(files["titles"]),
            fetched=parsed[source],
            parsed=parsed[source],
            quarantined=account.quarantined[f"{source}/title"],
        )
        for source in sources
    }
    run_gates(GateSettings(), rows)
    clock.append(time.perf_counter())
    seconds = dict(zip(STAGES, np.diff(clock).tolist(), strict=True))
    return {**seconds, "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "works": report.matching["works"]}


if __name__ == "__main__":
    main()
