"""How well titles are matched, and how fast: `python -m benchmarks.matching_quality DATA_FOLDER [--rows N ...]`.

DATA_FOLDER holds titles.parquet, titles_restricted.parquet and raw/. The matcher is given neither ids nor groups; see `matching_truth` for what
is known otherwise. Beside it, in the same run: equal normalised title, type and year; equal normalised title and type. Precision is over pairs
that are joined and known to be one work or two; recall over the pairs known to be one. In brackets: Wilson 95 % intervals.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import combinations
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.matching_truth import Pair, Truth, label_by_directors, label_by_ids, read_catalogue
from benchmarks.perturb import write_perturbed
from trending.matching import match_titles
from trending.tables import TITLE_SCHEMA

SCALES = (10_000, 100_000, 1_000_000)
_MEASURE = """
import resource, sys, time
from pathlib import Path
from trending.matching import match_titles
started = time.perf_counter()
report = match_titles([Path(sys.argv[1])], [], Path(sys.argv[2]))
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, report.pairs_compared, report.works)
"""


def main() -> None:
    """Parse arguments, measure quality, then scale."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matching_quality", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, metavar="DATA_FOLDER")
    parser.add_argument("--rows", type=int, nargs="*", default=SCALES, metavar="N", help="sizes to time; none: quality only")
    arguments = parser.parse_args()
    console = Console(width=150)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        console.print(tabulate_quality(read_catalogue(arguments.folder), arguments.folder, Path(folder)))
        if arguments.rows:
            console.print(tabulate_scale(arguments.folder / "titles.parquet", arguments.rows, Path(folder)))


def tabulate_quality(catalogue: pd.DataFrame, folder: Path, scratch: Path) -> Table:
    """Match the whole catalogue in four ways and judge each by every truth."""
    truths = [label_by_ids(catalogue, as_labelled=False), label_by_ids(catalogue, as_labelled=True), label_by_directors(catalogue, folder)]
    columns = ("truth", "half", "pairs known", "method", "precision", "recall", "F1", "seconds")
    table = Table(*columns, title=f"Matching of {len(catalogue):,} rows", title_justify="left")
    methods: dict[str, Callable[[], pd.Series]] = {
        "ours": lambda: match_catalogue(catalogue, scratch, plots=True),
        "ours, no plots": lambda: match_catalogue(catalogue, scratch, plots=False),
        "title and year": lambda: catalogue["key"] + "|" + catalogue["type"] + "|" + catalogue["year"].astype(str),
        "title only": lambda: catalogue["key"] + "|" + catalogue["type"],
    }
    works, seconds = {}, {}
    for name, method in methods.items():
        started = time.perf_counter()
        works[name] = method()
        seconds[name] = time.perf_counter() - started
    for truth in truths:
        known = catalogue["title_id"].isin(truth.key)
        joined = {name: list_pairs(catalogue.loc[known, "title_id"], work[known]) for name, work in works.items()}
        for half, chosen in (("all", None), ("tuned on", True), ("held out", False)):
            same = [pair for pair in truth.same if chosen is None or truth.in_tuning_half(pair) is chosen]
            for name, pairs in joined.items():
                figures = judge([pair for pair in pairs if chosen is None or truth.in_tuning_half(pair) is chosen], same, truth)
                table.add_row(truth.name, half, f"{len(same):,}", name, *figures, f"{seconds[name]:.1f}")
        table.add_section()
    return table


def match_catalogue(catalogue: pd.DataFrame, scratch: Path, *, plots: bool) -> pd.Series:
    """Return the work of each row, found without ids, groups and, if so wished, plots."""
    kept = ["title_id", "title", "type", "year", "source", *(["plot"] if plots else [])]
    arrays = [pa.array(catalogue[one.name], one.type, from_pandas=True) if one.name in kept else pa.nulls(len(catalogue), one.type) for one in TITLE_SCHEMA]
    pq.write_table(pa.table(arrays, schema=TITLE_SCHEMA), scratch / "titles.parquet")
    match_titles([scratch / "titles.parquet"], [], scratch / "matches.parquet")
    return catalogue["title_id"].map(pd.read_parquet(scratch / "matches.parquet").set_index("title_id")["work_id"])


def list_pairs(title_ids: pd.Series, work: pd.Series) -> list[Pair]:
    """Return all pairs of rows of one work, the smaller title_id first."""
    return [pair for _, ids in title_ids.groupby(work) if len(ids) > 1 for pair in combinations(sorted(ids), 2)]


def judge(joined: Iterable[Pair], same: list[Pair], truth: Truth) -> tuple[str, str, str]:
    """Return precision and recall with their intervals, and F1."""
    verdicts = [verdict for pair in joined if (verdict := truth.judge(pair)) is not None]
    right, said = sum(verdicts), len(verdicts)
    f1 = 2 * right / (said + len(same))
    return with_interval(right, said), with_interval(right, len(same)), f"{f1:.3f}"


def with_interval(hits: int, trials: int) -> str:
    """Return a share with its Wilson 95 % interval (Wilson, JASA 22, 1927)."""
    if not trials:
        return "none"
    z = 1.959964
    share = hits / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    spread = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return f"{share:.3f} [{centre - spread:.3f}, {centre + spread:.3f}]"


def tabulate_scale(source: Path, sizes: Iterable[int], scratch: Path) -> Table:
    """Time matching of perturbed copies, each size in a process of its own so that its peak memory is its own."""
    table = Table(
        "rows",
        "pairs compared",
        "works",
        "seconds",
        "peak MiB",
        "slope of log time",
        title="Matching at scale (slope of log time on log rows)",
        title_justify="left",
    )
    last: tuple[int, float] | None = None
    for rows in sizes:
        write_perturbed(source, scratch / "many.parquet", rows, seed=17)
        add_group_column(scratch / "many.parquet")
        command = [sys.executable, "-c", _MEASURE, str(scratch / "many.parquet"), str(scratch / "matches.parquet")]
        seconds, peak, pairs, works = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        slope = "" if last is None else f"{math.log(float(seconds) / last[1]) / math.log(rows / last[0]):.2f}"
        table.add_row(f"{rows:,}", f"{int(pairs):,}", f"{int(works):,}", f"{float(seconds):.1f}", f"{float(peak):,.0f}", slope)
        last = (rows, float(seconds))
    return table


def add_group_column(path: Path) -> None:
    """Give raw titles the empty `group_id` that clean ones have."""
    table = pq.read_table(path)
    pq.write_table(table.append_column("group_id", pa.nulls(len(table), pa.string())), path, compression="zstd")


if __name__ == "__main__":
    main()
