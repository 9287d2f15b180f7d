"""`insight_quality.json` of a release: who wrote its insights, and how good that writer is; later writers are compared with it."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from trending.errors import TrendingError
from trending.insights.judging.judgement import InsightQuality, WriterJudgement
from trending.releases.store import ReleaseStore

QUALITY_FILE = "insight_quality.json"


def write_quality(directory: Path, quality: InsightQuality) -> None:
    """Write the file into a bundle, in the place of one that is there."""
    (directory / QUALITY_FILE).write_text(quality.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_past(store: ReleaseStore) -> list[WriterJudgement]:
    """Return the judgements of the models that wrote for the current release; none if there is no release, or none of that kind."""
    try:
        version = store.current_version()
        if version is None:
            return []
        return InsightQuality.model_validate_json(store.fs.cat_file(f"{store.root}/{version}/{QUALITY_FILE}")).models
    except (OSError, ValidationError, TrendingError):
        return []
