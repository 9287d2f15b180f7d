"""The report on titles as a table: copies, missing and mixed values, odd titles, genres that contradict each other.

deepchecks' outlying samples are left out: its scores are relative to each other, so that it finds no more in a table with odd rows planted in an eighth
of it than in a clean one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
from markupsafe import Markup

from trending.cleaning.text import normalise_title
from trending.reports.charts import draw_bars
from trending.reports.page import render_figure
from trending.validation.compat import import_deepchecks
from trending.validation.outcomes import Plan
from trending.validation.projection import NAMES, keep_filled, need_rows, project_titles
from trending.validation.sampling import sample_frame
from trending.validation.settings import CheckSettings, IntegrityChecks
from trending.validation.suite_report import SuiteReport, SuiteRun


def check_integrity(titles: pd.DataFrame, settings: CheckSettings, total: int | None = None) -> SuiteReport:
    """Check titles as a table.

    Args:
        titles: Clean titles, or a sample of them by title (`trending.validation.sampling.sample_files`).
        settings: Conditions, and how many rows are looked at.
        total: How many titles there are, where `titles` is a sample.

    Raises:
        InputError: If there are no titles.
    """
    need_rows(titles, "titles")
    rows = project_titles(sample_frame(titles, titles["title"].map(normalise_title), settings.sample, settings.seed))
    tabular = import_deepchecks("tabular")
    names = keep_filled(rows, [*NAMES, "country"])
    run = SuiteRun("integrity", settings)
    run.run("tabular", list(_plan_columns(rows, settings.integrity)), tabular.Dataset(rows, cat_features=names))
    labelled = rows[rows["genres"].notna()]
    conflicts = _plan_conflicts(settings.integrity)
    if labelled.empty:  # deepchecks takes no empty table
        run.skip(conflicts, "no title has a genre")
    else:
        run.run("tabular", [conflicts], tabular.Dataset(labelled, label="genres", cat_features=names, label_type="multiclass"))
    count = total or len(titles)
    lead = f"{len(rows):,} of {count:,} titles, chosen so that rows of the same title come along with each other."
    looked_at = (*NAMES, "plot", "year", "genres", "country")
    empty = sorted(set(looked_at) - set(keep_filled(rows, looked_at)))
    notes = [f"Empty in every row, so only their absence is checked: {', '.join(empty)}."] if empty else []
    facts = [(f"{len(rows):,}", "titles looked at"), (f"{rows['source'].nunique()}", "sources")]
    return run.report("Integrity of titles", lead, facts, _draw_missing(rows), notes)


def _plan_columns(rows: pd.DataFrame, wanted: IntegrityChecks) -> Iterator[Plan]:
    checks = import_deepchecks("tabular.checks")
    texts = keep_filled(rows, ["plot", "genres", "language", "country"])
    yield Plan(
        "duplicates",
        "Rows of one source that say the same.",
        checks.DataDuplicates(columns=["source", "title", "type", "year", "plot"]).add_condition_ratio_less_or_equal(wanted.max_duplicates),
    )
    yield Plan(
        "single_value",
        "Columns that hold one value and so say nothing.",
        checks.IsSingleValue(columns=keep_filled(rows, ["title", "plot", "year", "genres"])).add_condition_not_single_value(),
    )
    yield Plan(
        "missing",
        "Values that models need.",
        checks.PercentOfNulls(columns=["plot", "year", "genres"]).add_condition_percent_of_nulls_not_greater_than(wanted.max_missing),
    )
    yield Plan(
        "mixed_nulls",
        "What is missing, written in several ways: None here, 'nan' there.",
        checks.MixedNulls(columns=texts).add_condition_different_nulls_less_equal_to(1),
    )
    yield Plan(
        "mixed_types",
        "Numbers among words.",
        checks.MixedDataTypes(columns=["title", *texts]).add_condition_rare_type_ratio_not_in_range((0.01, 0.1)),
    )
    yield Plan(
        "variants",
        "One name in several spellings, as US and us.",
        checks.StringMismatch(columns=keep_filled(rows, [*NAMES, "country"])).add_condition_number_variants_less_or_equal(0),
    )
    yield Plan(
        "special",
        "Titles and plots without a letter or digit.",
        checks.SpecialCharacters(columns=["title", *keep_filled(rows, ["plot"])]).add_condition_ratio_of_special_characters_less_or_equal(wanted.max_special),
    )
    yield Plan(
        "title_outliers",
        "Titles far longer or shorter than others.",
        checks.StringLengthOutOfBounds(columns=["title"]).add_condition_ratio_of_outliers_less_or_equal(wanted.max_title_outliers),
    )


def _plan_conflicts(wanted: IntegrityChecks) -> Plan:
    check: Any = import_deepchecks("tabular.checks").ConflictingLabels(columns=["title", "type", "year"])
    return Plan(
        "conflicts",
        "The same title, type and year under different genres.",
        check.add_condition_ratio_of_conflicting_labels_less_or_equal(wanted.max_conflicts),
    )


def _draw_missing(rows: pd.DataFrame) -> list[Markup]:
    shares = rows[["plot", "genres", "year", "language", "country"]].isna().mean().sort_values(ascending=False)
    chart = draw_bars(list(shares.index), {"share of titles": list(shares * 100)})
    return [render_figure("Missing values", chart, "Percent of the titles looked at that lack a value.")]
