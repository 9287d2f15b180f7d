"""The report on a model by deepchecks' model-evaluation checks. It reports; only `checks.blocking` stops a run.

deepchecks' text checks import torch, which mustn't be in a process that also trains trees, so its tabular ones are run on a table with a row per
title and genre: whether the title is listed under the genre is the label, what the model says of it the prediction. Left out, as they can't run
here: the report of confused classes (it wants one class a title), segments with missing labels (every judged title is labelled) and those that need a
model that can be refitted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trending.evaluation.metrics import Judged
from trending.evaluation.slices import MIN_SLICE, slice_places
from trending.evaluation.suite_settings import ModelChecks, ModelCheckSettings
from trending.features.labels import FloatMatrix
from trending.genres import GENRES
from trending.validation.compat import import_deepchecks
from trending.validation.outcomes import Outcome, Plan
from trending.validation.projection import need_rows
from trending.validation.sampling import choose_rows, rank_keys
from trending.validation.settings import CheckSettings
from trending.validation.suite_report import SuiteReport, SuiteRun

_GROUPS = ("type", "source", "language", "region")
_SEVERAL = "several"
_NONE_FOUND = "unable to train an error model"
_NAMES, _NUMBERS = ("genre", *_GROUPS), ("decade", "characters")


@dataclass(frozen=True)
class Scored:
    """Titles with what a model said of them; rows need `title_id`, `type`, `year`, `source` and `plot`, `language` and `country` where known."""

    rows: pd.DataFrame
    judged: Judged


class _Answers:
    """The model as deepchecks asks it: what it said of a row, by the row's number."""

    classes_ = np.asarray([0, 1])

    def __init__(self, judged: list[Judged]) -> None:
        self.decisions = np.concatenate([one.decisions.ravel() for one in judged]).astype(int)
        self.probabilities = np.concatenate([one.probabilities.ravel() for one in judged])

    def predict(self, rows: pd.DataFrame) -> npt.NDArray[np.int_]:
        return np.asarray(self.decisions[rows.index.to_numpy()])

    def predict_proba(self, rows: pd.DataFrame) -> FloatMatrix:
        told = self.probabilities[rows.index.to_numpy()]
        return np.column_stack([1 - told, told])


def check_model(reference: Scored, test: Scored, settings: ModelCheckSettings, notes: list[str]) -> SuiteReport:
    """Check what a model says of test titles.

    Args:
        reference: Titles it was tuned on, such as those of validation: what it says of the test is compared with what it says of these.
        test: Titles it never saw.
        settings: Conditions, and how many titles of each part are looked at.
        notes: Shown on top of the page.

    Raises:
        InputError: If a part is empty.
    """
    need_rows(reference.rows, "validation titles")
    need_rows(test.rows, "test titles")
    parts = [_sample(part, settings) for part in (reference, test)]
    answers = _Answers([part.judged for part in parts])
    before, after = (_tabulate(part, first) for part, first in zip(parts, (0, parts[0].judged.labels.size), strict=True))
    groups = {name: large for name in _GROUPS if len(large := _find_large(after[name])) > 1}
    run, wanted = SuiteRun("model", CheckSettings()), settings.model
    base = float(after["listed"].mean())
    # Its checks rank features by importance, which they would else measure by refitting the model.
    equal = pd.Series(1.0, index=[*_NAMES, *_NUMBERS])
    run.run("tabular", list(_plan_comparisons(wanted)), _read(before), _read(after), answers, equal)
    run.run("tabular", list(_plan_performance(wanted, base)), _read(after), None, answers, equal)
    titles, scores = _score_titles(parts[1])
    run.run("tabular", [_plan_segments(scores, wanted)], titles)
    run.outcomes = [_read_silence(one) for one in run.outcomes]
    for name, large in groups.items():
        run.run("tabular", [_plan_bias(name, wanted)], _read(after[after[name].isin(large)]), None, answers, equal)
    single = [name for name in _GROUPS if name not in groups]
    told = [f"Not compared, as there is only one with {MIN_SLICE} titles, or none: {', '.join(single)}."] if single else []
    sizes = [f"{len(part.rows):,}" for part in parts]
    lead = f"Decisions about {sizes[1]} of {len(test.rows):,} test titles and the {len(GENRES)} genres, beside those about {sizes[0]} validation titles."
    facts = [(sizes[1], "test titles looked at"), (f"{base:.1%}", "of the pairs of title and genre are listed")]
    report = run.report("Model evaluation", lead, facts, [], [*notes, *told])
    return replace(report, blocking=tuple(settings.blocking), may_not_run=tuple(settings.may_not_run))


def _sample(part: Scored, settings: ModelCheckSettings) -> Scored:
    rows = choose_rows(rank_keys(part.rows["title_id"], settings.seed), part.rows["source"], settings.sample)
    return Scored(part.rows.iloc[rows].reset_index(drop=True), part.judged.take(rows))


def _describe(rows: pd.DataFrame) -> pd.DataFrame:
    places = slice_places(rows)
    return pd.DataFrame(
        {
            "type": rows["type"].astype(object),
            "source": rows["source"].astype(object),
            "language": _name_groups(places["language"], len(rows)),
            "region": _name_groups(places["region"], len(rows)),
            "decade": rows["year"].astype(float) // 10 * 10,
            "characters": rows["plot"].str.len().astype(float),
        }
    )


def _tabulate(part: Scored, first: int) -> pd.DataFrame:
    """Return a row per title and genre, numbered from `first`."""
    titles, count = _describe(part.rows), len(GENRES)
    table = titles.loc[titles.index.repeat(count)].assign(genre=np.tile(GENRES, len(titles)), listed=part.judged.labels.ravel().astype(int))
    return table.set_index(pd.RangeIndex(first, first + len(table)))


def _score_titles(part: Scored) -> tuple[Any, pd.Series]:
    """Return a row per title, and the F1 of what was said of it."""
    hits = (part.judged.labels * part.judged.decisions).sum(axis=1)
    scores = pd.Series(2 * hits / np.maximum(part.judged.labels.sum(axis=1) + part.judged.decisions.sum(axis=1), 1))
    table = _describe(part.rows).assign(found=(hits > 0).astype(int))
    return import_deepchecks("tabular").Dataset(table, label="found", cat_features=list(_GROUPS), label_type="binary"), scores


def _name_groups(masks: dict[str, npt.NDArray[np.bool_]], count: int) -> list[str]:
    names: list[list[str]] = [[] for _ in range(count)]
    for name, mask in masks.items():
        for row in np.flatnonzero(mask):
            names[row].append(name)
    return [found[0] if len(found) == 1 else _SEVERAL if found else "not stated" for found in names]


def _find_large(names: pd.Series) -> list[str]:
    counts = names.value_counts() // len(GENRES)
    return [str(name) for name, count in counts.items() if count >= MIN_SLICE and name != "not stated"]


def _read(table: pd.DataFrame) -> Any:
    return import_deepchecks("tabular").Dataset(table, label="listed", cat_features=list(_NAMES), label_type="binary")


def _plan_comparisons(wanted: ModelChecks) -> Iterator[Plan]:
    checks = import_deepchecks("tabular.checks")
    yield Plan(
        "prediction_drift",
        "Whether probabilities are spread as they were where the model was tuned.",
        checks.PredictionDrift().add_condition_drift_score_less_than(wanted.max_drift),
    )
    yield Plan(
        "degradation",
        "Whether it does as well as where it was tuned.",
        checks.TrainTestPerformance(scorers={"F1": "f1", "average precision": "average_precision"}).add_condition_train_test_relative_degradation_less_than(
            wanted.max_degradation
        ),
    )
    yield Plan(
        "simple_model",
        "Whether reading the plot is worth it: a tree that knows genre, type, source, language, region, decade and length is the rival.",
        checks.SimpleModelComparison(strategy="tree", max_depth=10, scorers={"F1": "f1"}).add_condition_gain_greater_than(wanted.min_gain),
    )


def _plan_performance(wanted: ModelChecks, base: float) -> Iterator[Plan]:
    checks = import_deepchecks("tabular.checks")
    yield Plan(
        "performance", "Whether its decisions are any good.", checks.SingleDatasetPerformance(scorers={"F1": "f1"}).add_condition_greater_than(wanted.min_f1)
    )
    yield Plan(
        "ranking",
        "Whether listed genres get higher probabilities than others.",
        checks.RocReport().add_condition_auc_greater_than(wanted.min_ranking),
    )
    bound = wanted.max_brier * base * (1 - base)
    calibration: Any = checks.CalibrationScore()
    yield Plan(
        "calibration",
        "Whether probabilities can be taken at their word.",
        calibration.add_condition(
            f"Brier score is at most {bound:.3f}", lambda value: _judge(max(value.values()) <= bound, f"Brier score {max(value.values()):.3f}")
        ),
    )


def _plan_segments(scores: pd.Series, wanted: ModelChecks) -> Plan:
    checks = import_deepchecks("tabular.checks")
    check: Any = checks.WeakSegmentsPerformance(score_per_sample=scores, segment_minimum_size_ratio=0.1)
    condition = f"F1 per title is at most {wanted.max_weakness:.0%} lower in the weakest segment"
    return Plan(
        "weak_segment",
        "Whether there is a kind of title that it does much worse on.",
        check.add_condition(condition, lambda value: _judge_segment(value, wanted)),
    )


def _judge_segment(value: Any, wanted: ModelChecks) -> Any:
    score, *where, share, _ = value["weak_segments_list"].iloc[0]
    told = " and ".join(f"{name} is {_name_bounds(bounds)}" for name, bounds in (where[:2], where[2:]) if name)
    return _judge(
        score >= (1 - wanted.max_weakness) * value["avg_score"], f"F1 {score:.3f} where {told} ({share:.0f} % of the titles); all: {value['avg_score']:.3f}"
    )


def _name_bounds(bounds: Any) -> str:
    if isinstance(bounds, list):
        return " or ".join(map(str, bounds))
    low, high = bounds
    return f"above {low:.0f}" if high == np.inf else f"at most {high:.0f}" if low == -np.inf else f"above {low:.0f}, at most {high:.0f}"


def _read_silence(outcome: Outcome) -> Outcome:
    """Return the outcome of looking for a weak segment: that none was found is good news, though deepchecks calls it a failure to run."""
    if outcome.name != "model.weak_segment" or _NONE_FOUND not in outcome.details:
        return outcome
    return replace(outcome, status="passed", details="No segment found: no tree can tell from type, source, language, region, decade and length where it errs")


def _plan_bias(name: str, wanted: ModelChecks) -> Plan:
    module = import_deepchecks("tabular.checks.model_evaluation.performance_bias")
    check: Any = module.PerformanceBias(name, scorer="f1")
    condition = f"F1 of no {name} is more than {wanted.max_bias:g} below that of all"
    return Plan(
        f"bias_{name}",
        f"Whether titles of one {name} are judged worse; the smallest groups count as one.",
        check.add_condition(condition, lambda value: _judge_groups(value, name, wanted.max_bias)),
    )


def _judge_groups(value: Any, name: str, bound: float) -> Any:
    worst = value["scores_df"].dropna(subset=["_diff"]).iloc[0]
    return _judge(worst["_diff"] >= -bound, f"Lowest: {worst[name]}, F1 {worst['_score']:.3f}; all: {worst['_baseline']:.3f}")


def _judge(holds: bool, details: str) -> Any:
    core = import_deepchecks("core")
    return core.ConditionResult(core.ConditionCategory.PASS if holds else core.ConditionCategory.FAIL, details)
