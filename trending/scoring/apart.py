"""Scoring of a shard in a Python process of its own.

On one machine ZenML runs a pipeline's mapped steps as threads of one process. Apart, a shard neither waits for the others' turn at Python's lock nor, should it
want more memory than there is, takes them and the run with it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from pathlib import Path

from trending.errors import QualityError
from trending.processes import run_child
from trending.releases import Release
from trending.releases.bundle import load_bundle
from trending.scoring.predictions import ScoringReport
from trending.scoring.stream import score_titles


def score_apart(release: Release, titles: Path, folder: Path, batch_size: int) -> ScoringReport:
    """Score every title that has a plot into `predictions.parquet` in `folder`.

    Args:
        release: Verified.
        titles: Parquet with title_id, type, year and plot.
        folder: Of the predictions; doesn't exist yet, or is empty.
        batch_size: Titles scored together.

    Raises:
        QualityError: If the process ends before it has scored them all.
    """
    command = [sys.executable, "-m", "trending.scoring.apart", str(release.directory), str(titles), str(folder), "--batch-size", str(batch_size)]
    outcome = run_child(command)
    if outcome.returncode:
        killed = f"killed by signal {-outcome.returncode}" if outcome.returncode < 0 else f"exit code {outcome.returncode}"
        reason = (outcome.stderr.strip().splitlines() or [killed])[-1][:300] if outcome.returncode > 0 else killed
        mend = "if it was killed for want of memory, lower batch_size or shards"
        raise QualityError(f"scoring a shard failed ({reason})", where=f"release {release.manifest.version}", mend=mend)
    return ScoringReport(**json.loads(outcome.stdout.splitlines()[-1]))


def main() -> None:
    """Score one shard and print its report."""
    parser = argparse.ArgumentParser(prog="python -m trending.scoring.apart", description="Score a file of titles with a release; print the report as JSON.")
    parser.add_argument("release", type=Path, help="folder of a release")
    parser.add_argument("titles", type=Path, help="Parquet")
    parser.add_argument("folder", type=Path, help="of the predictions; made")
    parser.add_argument("--batch-size", type=int, required=True)
    arguments = parser.parse_args()
    release = load_bundle(arguments.release)
    report = score_titles(
        release.predictor,
        arguments.titles,
        arguments.folder,
        release=release.manifest.version,
        scored_at=dt.datetime.now(dt.UTC),
        batch_size=arguments.batch_size,
    )
    print(json.dumps(report.as_dict()))


if __name__ == "__main__":
    main()
