"""Each condition of the deepchecks reports is green on clean data and red on the defect it is for; nothing drops out unseen, nothing calls out."""

from __future__ import annotations

import os
import random
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from trending.errors import InputError, QualityError
from trending.validation import text_checks
from trending.validation.compat import import_deepchecks
from trending.validation.outcomes import Outcome, Plan
from trending.validation.settings import CHECK_NAMES, CheckSettings
from trending.validation.suite_report import SuiteReport, SuiteRun, find_dropped
from trending.validation.suites import check_integrity, check_split, check_texts

GENRES = ("Drama", "Comedy", "Crime", "Horror", "Western", "War")
WORDS = re.findall(
    r"\w+",
    "a keeper of bees finds her old village under snow and must choose between the hive that fed it and the road that "
    "would bring strangers quiet brother letter winter train doctor harbour forgets promises evening orchard stranger",
)
Change = Callable[[pd.DataFrame], pd.DataFrame]
CHECKS = CheckSettings()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail whatever looks up a name or connects, even where the caller swallows the error."""
    calls: list[Any] = []

    def refuse(*arguments: Any, **_: Any) -> Any:
        calls.append(arguments)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield
    assert not calls


def make_text(random_words: random.Random) -> str:
    return " ".join(" ".join(random_words.choices(WORDS, k=12)).capitalize() + "." for _ in range(random_words.randint(3, 5)))


def make_titles(count: int, seed: int = 1) -> pd.DataFrame:
    """Return clean titles that differ in every way titles do."""
    chance = random.Random(seed)
    return pd.DataFrame(
        [
            {
                "title_id": f"bees:{seed}-{number}",
                "title": f"The {chance.choice(WORDS)} {chance.choice(WORDS)} of part {number}",
                "type": chance.choice(["movie", "tv"]),
                "year": float(chance.randint(1980, 2020)),
                "plot": make_text(chance),
                "genres": chance.sample(GENRES, chance.randint(1, 3)),
                "language": chance.choice(["English", "French"]),
                "country": chance.choice(["Norway", "Chile", "Japan"]),
                "source": chance.choice(["bees", "wasps"]),
                "group_id": f"g{seed}-{number}",
                "rights_class": "open_cc_by_sa",
            }
            for number in range(count)
        ]
    )


def make_reviews(count: int) -> pd.DataFrame:
    chance = random.Random(3)
    return pd.DataFrame({"review_id": [f"r{n}" for n in range(count)], "source": "bees", "text": [make_text(chance) for _ in range(count)]})


def put(column: str, value: Any, every: int) -> Change:
    """Return a change that sets a column in every so-many-th row."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        values = frame[column].astype(object).tolist()
        values[::every] = [value(old) if callable(value) else value for old in values[::every]]
        return frame.assign(**{column: pd.Series(values, index=frame.index, dtype=object)})

    return change


def repeat(share: float, **changes: Any) -> Change:
    """Return a change that adds copies of some rows, altered by `changes`."""
    return lambda frame: pd.concat([frame, frame.head(int(len(frame) * share)).assign(**changes)], ignore_index=True)


def statuses(report: SuiteReport) -> dict[str, str]:
    return {one.name.partition(".")[2]: one.status for one in report.outcomes}


TITLES = make_titles(600)
TRAIN, TEST = make_titles(900, 7), make_titles(300, 8)
REVIEWS = make_reviews(300)

DEFECTS: dict[str, Change] = {
    "duplicates": repeat(0.05),
    "single_value": lambda frame: frame.assign(plot="Plot to be announced by the keepers."),
    "missing": put("year", float("nan"), 1),
    "mixed_nulls": lambda frame: put("country", None, 7)(put("country", "nan", 5)(frame)),
    "mixed_types": put("title", "1917", 20),
    "variants": put("language", "english", 9),
    "special": put("title", "?!", 50),
    "title_outliers": put("title", lambda old: old * 9, 20),
    "conflicts": repeat(0.5, genres=pd.Series([["War", "Western", "Crime", "Horror"]] * 600), source="hornets"),
}


def test_clean_titles_are_green() -> None:
    report = check_integrity(TITLES, CHECKS)
    assert {one.name for one in report.outcomes} == {name for name in CHECK_NAMES if name.startswith("integrity.")}
    assert report.passed, report.failed
    report.check()


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_turns_its_integrity_condition_red(name: str) -> None:
    assert statuses(check_integrity(DEFECTS[name](TITLES), CHECKS))[name] == "failed"


Parts = Callable[[], tuple[pd.DataFrame, pd.DataFrame]]
SPLIT_DEFECTS: dict[tuple[str, ...], Parts] = {
    ("shared_plots", "shared_groups"): lambda: (
        TRAIN,
        TEST.assign(plot=[*TRAIN["plot"].head(3).str.upper(), *TEST["plot"].iloc[3:]], group_id=["g7-1", *TEST["group_id"].iloc[1:]]),
    ),
    ("drift", "new_values", "new_genres"): lambda: (TRAIN, put("source", "hornets", 20)(put("genres", ["Sport"], 50)(TEST))),
    ("drift", "joint_drift", "genre_drift"): lambda: (TRAIN, put("genres", ["War"], 2)(TEST.assign(year=TEST["year"] + 30))),
}


def test_parts_drawn_alike_are_green() -> None:
    report = check_split(TRAIN, TEST, CHECKS)
    assert {one.name for one in report.outcomes} == {name for name in CHECK_NAMES if name.startswith("split.")}
    assert report.passed, report.failed


@pytest.mark.parametrize("names", SPLIT_DEFECTS, ids="+".join)
def test_planted_leaks_and_drifts_turn_their_conditions_red_and_no_others(names: tuple[str, ...]) -> None:
    assert {name for name, status in statuses(check_split(*SPLIT_DEFECTS[names](), CHECKS)).items() if status != "passed"} == set(names)


def test_a_test_too_small_for_its_training_is_red() -> None:
    settings = CheckSettings(split={"min_test_share": 0.4})
    assert statuses(check_split(TRAIN, TEST, settings))["size"] == "failed"


def test_a_leak_far_rarer_than_the_sample_is_still_found() -> None:
    small = CheckSettings(sample=100)
    leaking = TEST.assign(plot=[*TRAIN["plot"].head(2), *TEST["plot"].iloc[2:]])
    assert statuses(check_split(TRAIN, leaking, small))["shared_plots"] == "failed"


TEXT_DEFECTS: dict[str, Change] = {
    "duplicates": lambda frame: repeat(0.3)(frame).assign(plot=lambda rows: [text.upper() if n % 2 else text for n, text in enumerate(rows["plot"])]),
    "conflicts": repeat(0.2, genres=pd.Series([["War", "Western", "Crime", "Horror"]] * 600)),
    "special": put("plot", lambda old: old + "\u25a0\u25b2" * 40, 20),
    "outliers": put("plot", str.upper, 5),
    "boilerplate": put("plot", lambda old: f"{old} We are sorry that this page needs a newer browser than yours.", 5),
}


def test_clean_plots_and_reviews_are_green() -> None:
    plots, reviews = check_texts(TITLES, "plots", CHECKS), check_texts(REVIEWS, "reviews", CHECKS)
    assert {one.name for one in plots.outcomes} == {name for name in CHECK_NAMES if name.startswith("texts.")}
    assert set(statuses(reviews)) == set(statuses(plots)) - {"conflicts"}
    assert plots.passed, plots.failed
    assert reviews.passed, reviews.failed


@pytest.mark.parametrize("name", TEXT_DEFECTS)
def test_a_planted_defect_turns_its_text_condition_red(name: str) -> None:
    assert statuses(check_texts(TEXT_DEFECTS[name](TITLES), "plots", CHECKS))[name] == "failed"


def test_boilerplate_is_found_among_more_texts_than_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_checks, "_BOILERPLATE_ROWS", 200)
    report = check_texts(TEXT_DEFECTS["boilerplate"](TITLES), "plots", CHECKS)
    assert statuses(report)["boilerplate"] == "failed"
    assert not report.not_run


def test_texts_longer_than_deepchecks_can_bear_are_cut_for_it_but_measured_whole() -> None:
    report = check_texts(REVIEWS.assign(text=REVIEWS["text"] * 100), "reviews", CHECKS)
    assert not report.not_run
    assert "characters in the median" in report.html


def test_a_blocking_condition_ends_the_run_in_one_line_that_says_what_was_found() -> None:
    leaking = SPLIT_DEFECTS["shared_plots", "shared_groups"]()
    check_split(*leaking, CHECKS).check()
    with pytest.raises(QualityError) as caught:
        check_split(*leaking, CheckSettings(blocking=["split.shared_groups"])).check()
    line = str(caught.value)
    assert line.startswith("check split.shared_groups: ")
    assert "must hold: Ratio of leaking indices is less or equal to 0%" in line
    assert line.isprintable()
    assert len(line) < 600


@pytest.fixture(scope="module")
def five_reviews() -> SuiteReport:
    """The report on too few texts to tell which of them stand out."""
    return check_texts(REVIEWS.head(5), "reviews", CheckSettings(blocking=["texts.outliers"]))


def test_a_check_that_drops_out_for_want_of_rows_is_no_pass(five_reviews: SuiteReport) -> None:
    assert [one.name for one in five_reviews.not_run] == ["texts.outliers"]
    assert "characters" in five_reviews.not_run[0].details
    assert not five_reviews.passed
    assert "not run" in five_reviews.html


def test_a_blocking_check_that_drops_out_ends_the_run(five_reviews: SuiteReport) -> None:
    with pytest.raises(QualityError, match=r"check texts\.outliers: the check did not run"):
        five_reviews.check()


def test_a_check_may_drop_out_where_the_settings_say_so(five_reviews: SuiteReport) -> None:
    allowed = replace(five_reviews, may_not_run=("texts.outliers",))
    assert allowed.passed, allowed.failed
    allowed.check()


def test_a_check_that_raises_is_no_pass() -> None:
    check = import_deepchecks("tabular.checks").IsSingleValue(columns=["colour"]).add_condition_not_single_value()
    run = SuiteRun("integrity", CHECKS)
    run.run("tabular", [Plan("single_value", "", check)], import_deepchecks("tabular").Dataset(pd.DataFrame({"size": [1, 2]}), cat_features=[]))
    [outcome] = run.outcomes
    assert outcome.status == "not run"
    assert "colour" in outcome.details


def test_columns_left_out_of_a_check_are_found_in_its_result() -> None:
    assert find_dropped({"length": "Not enough samples", "words": {"outlier_ratio": 0.1}}) == ["length"]
    assert find_dropped({"year": {"Drift score": None}, "type": {"Drift score": 0.0}}) == ["year"]
    assert find_dropped({"Drift score": 0.1, "Method": "PSI"}) == []


@pytest.mark.parametrize("column", ["language", "country", "year", "plot"])
def test_a_column_nobody_fills_takes_no_check_with_it(column: str) -> None:
    report = check_integrity(TITLES.assign(**{column: None}), CHECKS)
    assert not report.not_run
    assert f"only their absence is checked: {column}" in report.html
    assert {one.name for one in report.failed} <= {"integrity.missing"}


def test_without_any_genre_all_but_the_check_on_genres_run() -> None:
    report = check_integrity(TITLES.assign(genres=[[]] * len(TITLES)), CHECKS)
    assert [(one.name, one.details) for one in report.not_run] == [("integrity.conflicts", "no title has a genre")]
    assert {one.name for one in report.failed} == {"integrity.missing", "integrity.conflicts"}


def test_the_same_rows_give_the_same_report() -> None:
    settings = CheckSettings(sample=200)
    assert check_integrity(TITLES, settings).html == check_integrity(TITLES, settings).html


def test_a_page_needs_nothing_from_outside_and_quotes_no_text() -> None:
    page = check_texts(TEXT_DEFECTS["boilerplate"](TITLES), "plots", CHECKS).html
    assert "src=" not in page
    assert "<link" not in page
    assert "<script" not in page
    assert len(page) < 200_000
    assert "sorry that this page" not in page
    assert page.index(">boilerplate<") < page.index(">duplicates<")  # what failed comes first


def test_what_is_empty_is_named() -> None:
    with pytest.raises(InputError, match="titles: there are no rows"):
        check_integrity(TITLES.head(0), CHECKS)
    with pytest.raises(InputError, match="test titles: there are no rows"):
        check_split(TRAIN, TEST.head(0), CHECKS)
    with pytest.raises(InputError, match="plots: there are no rows"):
        check_texts(TITLES.assign(plot=None), "plots", CHECKS)


def test_a_check_nobody_knows_is_refused_in_the_settings() -> None:
    with pytest.raises(ValidationError, match=r"'split\.leak' is no check"):
        CheckSettings(blocking=["split.leak"])


def test_settings_do_not_load_deepchecks_and_loading_it_is_silent() -> None:
    """A fresh process, as an import happens once: no call home, no word on stderr, no deepchecks where only settings are read."""
    code = """
import socket, sys
def refuse(*_, **__):
    print("called out")
    raise OSError
socket.getaddrinfo = socket.socket.connect = refuse
import trending.validation.settings, trending.validation.suites
assert "deepchecks" not in sys.modules and "torch" not in sys.modules
from trending.validation import text_checks
from trending.validation.compat import import_deepchecks
import_deepchecks("tabular.checks")
assert "torch" not in sys.modules
import_deepchecks("nlp.checks")
"""
    environment = {name: value for name, value in os.environ.items() if name not in ("DISABLE_LATEST_VERSION_CHECK", "HF_HUB_OFFLINE")}
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")


def test_an_outcome_keeps_what_was_found() -> None:
    report = check_integrity(DEFECTS["duplicates"](TITLES), CHECKS)
    [one] = [one for one in report.failed if one.name == "integrity.duplicates"]
    assert isinstance(one, Outcome)
    assert one.value == pytest.approx(30 / 630)
    assert "4.76%" in one.details
