"""Drift: planted shifts of known size are found by the test that is for them, and samples of one population alarm no more often than is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trending.cleaning.clean import CleaningResult
from trending.features.labels import encode_genres
from trending.models.base import build_model
from trending.monitoring.drift import EMBEDDING, DriftReport, DriftSettings, compare
from trending.monitoring.llm import LLM_COLUMNS, describe_call
from trending.monitoring.report import render_drift_reports
from trending.monitoring.sample import Sample, describe_titles

SETTINGS = DriftSettings()
REFERENCE, CURRENT = 450, 350
Draw = Callable[[int], tuple[pd.DataFrame, pd.DataFrame]]


@pytest.fixture(scope="module")
def titles(starter: CleaningResult) -> pd.DataFrame:
    """Some 1,000 titles with probabilities by a model that was learnt from 250 others."""
    rows = starter.titles.iloc[np.random.default_rng(2).permutation(len(starter.titles))].reset_index(drop=True)
    learnt, rest = rows[:250], rows[250:].reset_index(drop=True)
    model = build_model("tfidf_logreg")
    model.fit(learnt["plot"].tolist(), encode_genres(learnt["genres"]), 1)
    return rest.assign(probabilities=list(model.predict_proba(rest["plot"].tolist())))


@pytest.fixture(scope="module")
def draw(titles: pd.DataFrame) -> Draw:
    """Return a function that draws two samples of one population, none twice."""

    def take(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        order = np.random.default_rng(seed).permutation(len(titles))
        return titles.iloc[order[:REFERENCE]], titles.iloc[order[REFERENCE : REFERENCE + CURRENT]]

    return take


def describe(titles: pd.DataFrame, vectors: np.ndarray | None = None) -> Sample:
    probabilities = np.stack(titles["probabilities"].to_list())
    return describe_titles(titles, probabilities, vectors, thresholds=[0.5] * 20)


@pytest.mark.parametrize(("comparisons", "most"), [(20, 2), pytest.param(100, 4, marks=pytest.mark.slow)])
def test_samples_of_one_population_alarm_no_more_often_than_is_said(draw: Draw, comparisons: int, most: int) -> None:
    """At alpha 0.01: more than 4 alarms of 100 have a chance of 0.3 % if the rate is what is said, more than 2 of 20 one of 0.1 %."""
    chance = np.random.default_rng(7)
    alarms = []
    for seed in range(comparisons):
        before, after = draw(seed)
        vectors = [chance.normal(size=(len(part), 16)) for part in (before, after)]
        report = compare(describe(before, vectors[0]), describe(after, vectors[1]), SETTINGS)
        assert len(report.findings) > 40
        if report.alarm:
            alarms.append((seed, report.reason))
    assert len(alarms) <= most, alarms


def drifted(report: DriftReport) -> set[str]:
    return {finding.name for finding in report.list_drifted()}


def test_longer_plots_are_found(draw: Draw) -> None:
    before, after = draw(1)
    longer = after.assign(plot=[plot + " " + plot[: len(plot) // 3] for plot in after["plot"]])
    report = compare(describe(before), describe(longer), SETTINGS)
    assert report.alarm
    assert {"characters", "words"} <= drifted(report)
    assert all(finding.kind == "data" for finding in report.list_drifted())


def test_strange_words_are_found(draw: Draw) -> None:
    before, after = draw(2)
    strange = after.assign(plot=[" ".join(word[::-1] for word in plot.split()) for plot in after["plot"]])
    assert "share unknown words" in drifted(compare(describe(before), describe(strange), SETTINGS))


def test_another_mix_of_genres_is_found(draw: Draw) -> None:
    before, after = draw(3)
    comedy = after["genres"].map(lambda listed: "Comedy" in listed)
    more = pd.concat([after, after[comedy], after[comedy]])
    report = compare(describe(before), describe(more), SETTINGS)
    found = {finding.name: finding for finding in report.findings}["label Comedy"]
    assert found.current == pytest.approx(3 * comedy.mean() / (1 + 2 * comedy.mean()))
    assert found.drifted
    assert found.test == "Fisher's exact"


def test_another_share_of_languages_is_found(draw: Draw) -> None:
    before, after = draw(4)
    foreign = after.assign(language=np.where(np.arange(len(after)) % 4 == 0, "ko", after["language"]))
    assert "is English" in drifted(compare(describe(before), describe(foreign), SETTINGS))


def test_shifted_probabilities_are_found(draw: Draw) -> None:
    before, after = draw(5)
    surer = after.assign(probabilities=[np.clip(row * 1.5, 0, 1) for row in after["probabilities"]])
    report = compare(describe(before), describe(surer), SETTINGS)
    assert "top probability" in drifted(report)
    assert {finding.kind for finding in report.list_drifted()} == {"prediction"}


def test_another_meaning_of_plots_is_found_whatever_their_length(draw: Draw) -> None:
    chance = np.random.default_rng(6)
    before, after = draw(6)
    vectors = [chance.normal(size=(len(part), 32)) for part in (before, after)]
    moved = vectors[1] + np.where(np.arange(32) == 3, 1.0, 0.0)
    report = compare(describe(before, vectors[0]), describe(after, moved), SETTINGS)
    assert drifted(report) == {EMBEDDING}
    assert report.list_drifted()[0].effect > 0.65


def answer_calls(number: int, refusing: float, words: int, seed: int) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    rows = []
    for _ in range(number):
        said = "I'm sorry, but I can't help with that." if chance.random() < refusing else "A warm film about a town. " * int(chance.poisson(words))
        rows.append(describe_call("chat", "answered", float(chance.gamma(2)), 300, 0.001, 900, said))
    return pd.DataFrame(rows, columns=list(LLM_COLUMNS))


def test_a_model_that_refuses_more_or_says_less_is_found_and_one_that_stays_the_same_is_not(draw: Draw) -> None:
    sample = describe(draw(8)[0])
    before = replace(sample, calls=answer_calls(400, 0.02, 8, 1))
    same, refusing, terse = (
        replace(sample, calls=calls) for calls in (answer_calls(300, 0.02, 8, 2), answer_calls(300, 0.15, 8, 3), answer_calls(300, 0.02, 5, 4))
    )
    assert not compare(before, same, SETTINGS).alarm
    assert "refusal" in drifted(compare(before, refusing, SETTINGS))
    assert {"characters answered", "words answered"} <= drifted(compare(before, terse, SETTINGS))


def test_a_difference_too_small_to_matter_is_no_drift_however_sure(draw: Draw) -> None:
    before, _ = draw(9)
    many = pd.concat([before] * 40, ignore_index=True)
    slightly = many.assign(plot=[plot + "." for plot in many["plot"]])
    report = compare(describe(many), describe(slightly), SETTINGS)
    moved = {finding.name: finding for finding in report.findings}["characters"]
    assert moved.adjusted_p < SETTINGS.alpha
    assert not report.alarm


def test_of_too_few_nothing_is_said(draw: Draw) -> None:
    before, after = draw(10)
    report = compare(describe(before), describe(after[:50]), SETTINGS)
    assert (report.alarm, report.findings) == (False, [])
    assert report.reason == "not judged: fewer than 100 values of everything"
    assert "words" in report.untested


def test_pages_of_ours_of_whylogs_and_of_evidently_are_written(draw: Draw, tmp_path: Path) -> None:
    before, after = draw(11)
    longer = describe(after.assign(plot=after["plot"] + " " + after["plot"]))
    report = compare(describe(before), longer, SETTINGS)
    written = render_drift_reports(describe(before), longer, report, tmp_path)
    assert set(written) == {"drift.html", "drift.json", "whylogs.html", "evidently.html"}
    assert DriftReport(**json.loads(written["drift.json"].read_text(encoding="utf-8"))) == report
    ours = written["drift.html"].read_text(encoding="utf-8")
    assert "DRIFT" in ours
    assert "Kolmogorov-Smirnov" in ours
    assert "characters" in written["whylogs.html"].read_text(encoding="utf-8")
    assert "characters" in written["evidently.html"].read_text(encoding="utf-8")
    plots = " ".join(after["plot"].head(20))
    assert not any(word in path.read_text(encoding="utf-8") for path in written.values() for word in plots.split(". ")[:10])
