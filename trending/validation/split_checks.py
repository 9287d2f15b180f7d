"""The report on training and test titles beside each other: leaks, and differences that would make a test say little about training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from trending.cleaning.text import plot_key
from trending.reports.charts import draw_bars
from trending.reports.page import render_figure
from trending.validation.compat import import_deepchecks
from trending.validation.outcomes import Plan
from trending.validation.projection import NAMES, NUMBERS, keep_filled, need_rows, project_titles
from trending.validation.sampling import keep_share, rank_keys, sample_frame
from trending.validation.settings import CheckSettings, SplitChecks
from trending.validation.suite_report import SuiteReport, SuiteRun

_KEY_ROWS = 20  # keys are cheap: so many times the sample are compared for leaks


def check_split(train: pd.DataFrame, test: pd.DataFrame, settings: CheckSettings) -> SuiteReport:
    """Check two parts of a split for leaks and drift.

    Args:
        train: The titles learnt from.
        test: The titles judged on.
        settings: Conditions, and how many rows of each part are looked at.

    Raises:
        InputError: If a part is empty.
    """
    need_rows(train, "training titles")
    need_rows(test, "test titles")
    tabular, wanted = import_deepchecks("tabular"), settings.split
    run = SuiteRun("split", settings)
    run.run("tabular", list(_plan_groups(wanted)), *(tabular.Dataset(_keys(part), index_name="group_id", cat_features=[]) for part in (train, test)))
    run.run("tabular", [_plan_mix(wanted)], *(tabular.Dataset(part, cat_features=[]) for part in _plots(train, test, settings)))
    parts = [project_titles(sample_frame(part, part["title_id"], settings.sample, settings.seed)) for part in (train, test)]
    names = [name for name in NAMES if all(keep_filled(part, [name]) for part in parts)]
    numbers = [name for name in NUMBERS if all(keep_filled(part, [name]) for part in parts)]
    columns = [*names, *numbers]
    run.run("tabular", list(_plan_drift(wanted)), *(tabular.Dataset(part[columns], cat_features=names) for part in parts))
    run.run("tabular", list(_plan_genres(wanted)), *(tabular.Dataset(_list_genres(part), label="genre", label_type="multiclass") for part in parts))
    lead = f"{len(train):,} training and {len(test):,} test titles; leaks are sought by key, drift in {len(parts[0]):,} and {len(parts[1]):,} of them."
    facts = [(f"{len(train):,}", "training titles"), (f"{len(test):,}", "test titles")]
    return run.report("Training and test titles", lead, facts, _draw_drift(run, wanted), [])


def _keys(part: pd.DataFrame) -> pd.DataFrame:
    # deepchecks wants a column beside the index.
    return pd.DataFrame({"group_id": part["group_id"].to_numpy(), "place": range(len(part))})


def _plots(train: pd.DataFrame, test: pd.DataFrame, settings: CheckSettings) -> list[pd.DataFrame]:
    """Return the keys of plots of both parts, cut at the same hash so that a plot in both is kept in both or in none."""
    ranks = [rank_keys(part["plot"].dropna().map(plot_key), settings.seed) for part in (train, test)]
    share = settings.sample * _KEY_ROWS / max(1, *map(len, ranks))
    # In halves, as deepchecks fails on a single column.
    return [pd.DataFrame({"high": part >> np.uint64(32), "low": part & np.uint64(2**32 - 1)}) for part in (keep_share(one, share) for one in ranks)]


def _plan_groups(wanted: SplitChecks) -> Iterator[Plan]:
    checks = import_deepchecks("tabular.checks")
    yield Plan(
        "size",
        "Too small a test says little.",
        checks.DatasetsSizeComparison().add_condition_test_train_size_ratio_greater_than(wanted.min_test_share),
    )
    yield Plan(
        "shared_groups",
        "Rows that describe the same title on both sides.",
        checks.IndexTrainTestLeakage().add_condition_ratio_less_or_equal(wanted.max_shared_groups),
    )


def _plan_mix(wanted: SplitChecks) -> Plan:
    check: Any = import_deepchecks("tabular.checks").TrainTestSamplesMix()
    return Plan("shared_plots", "The same plot on both sides.", check.add_condition_duplicates_ratio_less_or_equal(wanted.max_shared_plots))


def _plan_drift(wanted: SplitChecks) -> Iterator[Plan]:
    checks = import_deepchecks("tabular.checks")
    yield Plan(
        "new_values",
        "Sources, languages and rights that training never saw.",
        checks.NewCategoryTrainTest().add_condition_new_category_ratio_less_or_equal(wanted.max_new_values),
    )
    yield Plan(
        "drift",
        "Columns whose values are spread otherwise in the test.",
        checks.FeatureDrift().add_condition_drift_score_less_than(max_allowed_categorical_score=wanted.max_drift, max_allowed_numeric_score=wanted.max_drift),
    )
    yield Plan(
        "joint_drift",
        "Whether all columns together tell the parts apart.",
        checks.MultivariateDrift().add_condition_overall_drift_value_less_than(wanted.max_joint_drift),
    )


def _plan_genres(wanted: SplitChecks) -> Iterator[Plan]:
    checks = import_deepchecks("tabular.checks")
    yield Plan("new_genres", "Genres that training never saw.", checks.NewLabelTrainTest().add_condition_new_labels_number_less_or_equal(0))
    yield Plan(
        "genre_drift",
        "Genres more or less frequent in the test.",
        checks.LabelDrift(balance_classes=False).add_condition_drift_score_less_than(wanted.max_genre_drift),
    )


def _list_genres(part: pd.DataFrame) -> pd.DataFrame:
    """Return a row per title and genre: deepchecks knows one label a row."""
    rows = part[["genres", "type"]].dropna().assign(genre=lambda frame: frame["genres"].str.split(", ")).explode("genre")
    return rows[["type", "genre"]].reset_index(drop=True)


def _draw_drift(run: SuiteRun, wanted: SplitChecks) -> list[Markup]:
    value = run.value("drift") or {}
    scores = {name: part["Drift score"] for name, part in value.items() if part["Drift score"] is not None}
    genres = run.value("genre_drift")
    if genres:
        scores["genres"] = genres["Drift score"]
    if not scores:
        return []
    bounds = {name: wanted.max_genre_drift if name == "genres" else wanted.max_drift for name in scores}
    used = {name: 100 * scores[name] / max(bounds[name], 1e-9) for name in sorted(scores, key=lambda name: -scores[name])}
    caption = (
        f"Distance between training and test titles, in percent of the bound ({wanted.max_drift:g}; {wanted.max_genre_drift:g} for genres): "
        "Kolmogorov-Smirnov for numbers, Cramer's V for names and genres."
    )
    return [render_figure("Drift", draw_bars(list(used), {"percent of the bound": list(used.values())}), caption)]
