"""The beginning of every run on titles: loaded, cleaned, validated. Apart from learning, as who only watches needn't wait for what learns to be imported."""

from __future__ import annotations

from typing import Any

from steps.clean.clean_titles import clean_titles
from steps.ingest.load_titles import load_titles
from steps.validate.validate_titles import validate_titles


def load_clean(source: dict[str, Any], data: dict[str, Any]) -> tuple[Any, Any]:
    """Return the artifacts of clean titles and of the account of their cleaning.

    Args:
        source: Where titles come from (`SourceConfig`).
        data: How the release will name that origin.
    """
    raw_titles = load_titles(source=source, fingerprint=data["fingerprint"])
    titles, _, cleaning_report, _ = clean_titles(raw_titles)
    validate_titles(titles)
    return titles, cleaning_report
