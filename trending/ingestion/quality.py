"""The quality reports of a version: its titles as a table, the split that training would make of them, its plots, its reviews."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from trending.cleaning.rights import DEFAULT_TRAINABLE
from trending.cleaning.text import normalise_title, plot_key
from trending.datasets.tables import table_files
from trending.errors import InputError
from trending.models.split import select_trainable, split_titles
from trending.reports.page import render_page
from trending.validation.sampling import sample_files
from trending.validation.suites import CheckSettings, SuiteReport, check_integrity, check_split, check_texts

_SPLIT_ROWS = 20  # times the checks' sample, in whole groups: a leak between the parts would show


def check_version(tables: Path, settings: CheckSettings) -> tuple[dict[str, str], dict[str, str]]:
    """Run the reports on samples of a version's tables.

    Args:
        tables: Folder of the version's tables.
        settings: Conditions, and how many rows are looked at.

    Returns:
        The outcome of every named condition (passed, failed, not run), and the page of every report: integrity, split, texts, reviews. A report
        there are no rows for is a page that says so.

    Raises:
        QualityError: If a condition listed in `settings.blocking` doesn't hold.
    """
    reports: dict[str, Callable[[], SuiteReport]] = {
        "integrity": lambda: _check_integrity(tables, settings),
        "split": lambda: _check_split(tables, settings),
        "texts": lambda: _check_texts(tables, settings),
        "reviews": lambda: _check_reviews(tables, settings),
    }
    verdict: dict[str, str] = {}
    pages: dict[str, str] = {}
    for name, run in reports.items():
        try:
            report = run()
        except InputError as error:
            pages[name] = render_page(f"Quality: {name}", "Nothing to check.", [], [str(error)])
            continue
        report.check()
        prefix = "reviews." if name == "reviews" else ""
        verdict |= {f"{prefix}{one.name}": str(one.status) for one in report.outcomes}
        pages[name] = report.html
    return verdict, pages


def _check_integrity(tables: Path, settings: CheckSettings) -> SuiteReport:
    sample, total = sample_files(table_files(tables, "titles"), "title", normalise_title, settings.sample, settings.seed)
    return check_integrity(sample, settings, total)


def _check_split(tables: Path, settings: CheckSettings) -> SuiteReport:
    sample, _ = sample_files(table_files(tables, "titles"), "group_id", str, settings.sample * _SPLIT_ROWS, settings.seed)
    if sample.empty:
        raise InputError("there are no titles", where="the split")
    chosen, _ = select_trainable(sample, list(DEFAULT_TRAINABLE))
    trainable = sample[chosen].reset_index(drop=True)
    part = split_titles(trainable, settings.seed)
    return check_split(trainable[part == "train"], trainable[part == "test"], settings)


def _check_texts(tables: Path, settings: CheckSettings) -> SuiteReport:
    sample, total = sample_files(table_files(tables, "titles"), "plot", plot_key, settings.sample, settings.seed)
    return check_texts(sample, "plots", settings, total)


def _check_reviews(tables: Path, settings: CheckSettings) -> SuiteReport:
    files = table_files(tables, "reviews")
    if not files:
        raise InputError("there are no reviews", where="this version")
    sample, total = sample_files(files, "text", plot_key, settings.sample, settings.seed)
    return check_texts(sample, "reviews", settings, total)
