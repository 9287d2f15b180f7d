"""Batch scoring in one piece and in shards, on this machine: `python -m benchmarks.sharding [FILE] [--titles N] [--shards N]`.

A quick release is trained on the starter catalogue; FILE is scored, by default N titles made of the starter's plots. First the scoring alone: at once, in as
many threads as shards, in as many processes, the median of three. Then whole runs of the pipeline, with a ZenML of their own: seconds of every step,
processor time, peak memory of all processes together and of the largest, and what a shard costs beside its scoring. Nothing comes from a cache.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.timing import ROOT, own_environment, run
from trending.cleaning.rights import DEFAULT_TRAINABLE
from trending.releases import Release, ReleaseStore
from trending.scoring import TITLES_FILE
from trending.scoring.apart import score_apart
from trending.scoring.shards import cut_titles
from trending.scoring.stream import score_titles
from trending.scoring.titles import stage_titles
from trending.sources import SourceConfig, open_source
from trending.tables import TITLE_SCHEMA

BATCH, ROUNDS = 2_048, 3
_RUN = """
import json, sys
from zenml.utils import source_utils
source_utils.set_custom_source_root(sys.argv[1])
from zenml.client import Client
run = Client().get_pipeline_run(sys.argv[2])
seconds = {name: (step.end_time - step.start_time).total_seconds() for name, step in run.steps.items()}
reports = {name: step.outputs["shard_report"][0].load() for name, step in run.steps.items() if "shard_report" in step.outputs}
print(json.dumps({"seconds": seconds, "reports": reports}))
"""


def main() -> None:
    """Train, score all ways, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sharding", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="titles in the layout `titles`, Parquet")
    parser.add_argument("--titles", type=int, default=40_000, help="how many are made without a FILE")
    parser.add_argument("--shards", type=int, default=2)
    arguments = parser.parse_args()
    console = Console(width=150)
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        folder = Path(place)
        environment = own_environment(folder) | {"TRENDING_ENCODER": "none"}
        command = [sys.executable, str(ROOT / "run.py"), "--pipeline"]
        run([*command, "training", "--set", "models=[majority, tfidf_logreg]"], environment)
        titles = arguments.file.absolute() if arguments.file else _write_titles(folder / TITLES_FILE, arguments.titles)
        _compare_scoring(ReleaseStore(str(folder / "home" / "releases"), folder / "cache").open(), titles, folder, arguments.shards, console)
        scoring = [*command, "batch_scoring", "--json", "--no-cache", "--set", "source=files", "--set", f"path={titles}"]
        measured = {"single": _measure(scoring, environment)}
        measured["sharded"] = _measure([*scoring, "--set", "scale=sharded", "--set", f"shards={arguments.shards}"], environment)
        _print_runs(measured, console)


def _write_titles(file: Path, number: int) -> Path:
    records = [{**row, "imdb_id": None, "group_id": None} for row in open_source(SourceConfig()).records()]
    rows = [
        {**row, "title_id": f"made:{day}", "title": f"{row['title']} {day}", "plot": f"{row['plot']} It is day {day}."}
        for day, row in zip(count(), islice(cycle(records), number), strict=False)
    ]
    pq.write_table(
        pa.Table.from_pylist([{name: row.get(name) for name in TITLE_SCHEMA.names} for row in rows], schema=TITLE_SCHEMA), file, row_group_size=4_096
    )
    return file


def _compare_scoring(release: Release, file: Path, folder: Path, shards: int, console: Console) -> None:
    stage_titles(open_source(SourceConfig(source="files", path=str(file))), folder / "staged", DEFAULT_TRAINABLE)
    titles = folder / "staged" / TITLES_FILE
    cut_titles(titles, folder / "shards", shards, BATCH)
    parts = sorted((folder / "shards").iterdir())
    predictor = release.predictor  # opened before the clock starts

    def here(part: Path, name: str) -> None:
        now = dt.datetime.now(dt.UTC)
        score_titles(predictor, part, folder / "scored" / name, release=release.manifest.version, scored_at=now, batch_size=BATCH)

    def side_by_side(score: Callable[[Path], object]) -> None:
        with ThreadPoolExecutor(shards) as pool:
            list(pool.map(score, parts))

    ways: dict[str, Callable[[], None]] = {
        "at once": lambda: here(titles, "whole"),
        f"{shards} threads": lambda: side_by_side(lambda part: here(part / TITLES_FILE, f"thread-{part.name}")),
        f"{shards} processes": lambda: side_by_side(lambda part: score_apart(release, part / TITLES_FILE, folder / "scored" / part.name, BATCH)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):  # in turn, so that what else the machine does falls on all
        for name, score in ways.items():
            shutil.rmtree(folder / "scored", ignore_errors=True)
            started = time.perf_counter()
            score()
            seconds[name].append(time.perf_counter() - started)
    for name, taken in seconds.items():
        console.print(f"scoring alone, {release.manifest.model_kind}, {name}: {statistics.median(taken):.1f} s")


def _measure(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Run a command, and return its run's steps, seconds, and megabytes of memory: most of all its processes together, and of the largest one."""
    started, spent = time.perf_counter(), _read_processor()
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    together = largest = 0.0
    while process.poll() is None:
        held = [_read_memory(one) for one in _list_tree(process.pid)]
        together, largest = max(together, sum(held)), max([largest, *held])
        time.sleep(0.1)
    seconds = time.perf_counter() - started
    out, problem = process.communicate()
    spent = _read_processor() - spent
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{problem}")
    told = json.loads(out)
    asked = subprocess.run([sys.executable, "-c", _RUN, str(ROOT), told["run"]], env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return {
        **json.loads(asked.stdout.splitlines()[-1]),
        "whole": seconds,
        "spent": spent,
        "together": together,
        "largest": largest,
        "release": told["release"],
        "scored": told["scored"],
    }


def _read_processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _list_tree(pid: int) -> list[psutil.Process]:
    try:
        whole = psutil.Process(pid)
        return [whole, *whole.children(recursive=True)]
    except psutil.Error:  # has just ended
        return []


def _read_memory(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss / 1e6)
    except psutil.Error:
        return 0.0


def _print_runs(measured: dict[str, dict[str, Any]], console: Console) -> None:
    table = Table("what", *measured, title_justify="left")
    steps = list(dict.fromkeys(step for one in measured.values() for step in one["seconds"]))
    for step in steps:
        table.add_row(f"{step}, s", *(f"{one['seconds'][step]:.1f}" if step in one["seconds"] else "" for one in measured.values()))
    table.add_row("titles scored", *(f"{one['scored']:,}" for one in measured.values()))
    table.add_row("the command, s", *(f"{one['whole']:.1f}" for one in measured.values()))
    table.add_row("processor time of all its processes, s", *(f"{one['spent']:.1f}" for one in measured.values()))
    table.add_row("all processes together, MB", *(f"{one['together']:,.0f}" for one in measured.values()))
    table.add_row("the largest process, MB", *(f"{one['largest']:,.0f}" for one in measured.values()))
    table.add_row("release", *(one["release"] for one in measured.values()))
    console.print(table)
    sharded = measured["sharded"]
    beside = [sharded["seconds"][step] - report["seconds"] for step, report in sharded["reports"].items()]
    console.print(f"a shard beside its scoring (process, model, artifacts, ZenML): {sum(beside) / len(beside):.1f} s")


if __name__ == "__main__":
    main()
