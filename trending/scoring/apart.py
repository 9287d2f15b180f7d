"""Scoring of a shard in a Python process of its own."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from pathlib import Path

from trending.processes import run_apart
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
    arguments = (str(release.directory), str(titles), str(folder), "--batch-size", str(batch_size))
    mend, where = "lower batch_size or shards", f"release {release.manifest.version}"
    return ScoringReport(**run_apart("trending.scoring.apart", *arguments, what="scoring a shard", where=where, mend=mend))


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
