"""Experiments as files, assignment, figures and rules of harm: what is refused, who gets what, what counts."""

from __future__ import annotations

import datetime as dt
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from trending.errors import InputError, NotFoundError, UsageError
from trending.experiments import tallies as tallies_module
from trending.experiments.analysis import Hours, analyse_experiment
from trending.experiments.assignment import ASSIGNED, assign, switch_variant
from trending.experiments.experiment import Experiment, HarmRules, Variant, parse_experiment
from trending.experiments.harm import find_harm
from trending.experiments.log import ExposureLog
from trending.experiments.store import EXPERIMENT_FILE, ExperimentStore
from trending.experiments.tallies import Tallies, Totals
from trending.experiments.verdict import say_verdict, write_report
from trending.releases import ReleaseStore

NOW = dt.datetime(2030, 5, 1, 12, 30, tzinfo=dt.UTC)


def make(**changes: Any) -> Experiment:
    values: dict[str, Any] = {"name": "first", "kind": "ab", "control": Variant(release="1-a"), "treatment": Variant(release="2-b"), "share": 0.5}
    return Experiment(**{**values, "metric": "error_rate", "started": NOW, **changes})


@pytest.fixture
def experiments(tmp_path: Path) -> ExperimentStore:
    return ExperimentStore(ReleaseStore(str(tmp_path / "releases"), tmp_path / "cache"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"treatment": Variant(release="1-a")}, "must differ"),
        ({"treatment": Variant(release="2-b", prompt="chat-2")}, "must differ"),
        ({"share": 1.0}, "somebody must be left"),
        ({"share": 0.0}, "share"),
        ({"kind": "shadow"}, "agreement"),
        ({"metric": "agreement"}, "agreement"),
        ({"kind": "shadow", "metric": "agreement", "treatment": Variant(release="1-a", prompt="chat-2")}, "shadow"),
        ({"name": "Not a name"}, "name"),
        ({"name": "../elsewhere"}, "name"),
        ({"harm": {"error_ratio": 0.5}}, "error_ratio"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_no_experiment_is_refused_in_one_line(changes: dict[str, Any], said: str) -> None:
    good = json.loads(make().model_dump_json())
    bad = {**good, **{key: value.model_dump() if isinstance(value, Variant) else value for key, value in changes.items()}}
    with pytest.raises(InputError, match=said) as refused:
        parse_experiment(json.dumps(bad).encode(), "here")
    assert "\n" not in str(refused.value)


def test_one_runs_at_a_time_and_the_first_reason_for_stopping_stays(experiments: ExperimentStore) -> None:
    assert experiments.read() is None
    experiments.start(make())
    with pytest.raises(UsageError, match="first is running"):
        experiments.start(make(name="second"))
    with pytest.raises(NotFoundError):
        experiments.stop("no", "second")
    assert experiments.stop("enough").reason == "enough"
    assert experiments.stop("again").reason == "enough"
    experiments.start(make(name="second"))
    found = experiments.read()
    assert found is not None
    assert (found.name, found.running) == ("second", True)


def test_it_lies_beside_releases_and_is_none_of_them(experiments: ExperimentStore, tmp_path: Path) -> None:
    experiments.start(make())
    assert (tmp_path / "releases" / EXPERIMENT_FILE).is_file()
    assert ReleaseStore(str(tmp_path / "releases"), tmp_path / "cache").versions() == []


def test_whoever_reads_while_it_is_replaced_sees_a_whole_file(experiments: ExperimentStore) -> None:
    experiments.start(make(name="e0"))
    seen, over = [], threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.append(experiments.read())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 40):
        experiments.stop("next")
        experiments.start(make(name=f"e{number}"))
    over.set()
    reader.join()
    assert len(seen) > 10
    assert all(one is not None for one in seen)


def test_an_object_store_holds_it_as_well() -> None:
    store = ExperimentStore(ReleaseStore("memory://experiments-test/releases", Path("unused")))
    store.start(make())
    assert store.stop("enough").stopped is not None
    found = store.read()
    assert found is not None
    assert found.reason == "enough"
    log = ExposureLog("memory://experiments-test/log")
    log.write("first", "20300501T12", "p1", [{"unit": None, "variant": "control", "requests": 1}])
    log.keep(found)
    assert log.read("first")["20300501T12"][0]["requests"] == 1
    assert log.find("first") == found


def test_a_unit_always_gets_the_same_and_shares_are_as_meant() -> None:
    experiment = make(share=0.2)
    drawn = {unit: assign(experiment, unit).treated for unit in map(str, range(20_000))}
    assert all(assign(experiment, unit).treated == treated for unit, treated in list(drawn.items())[:500])
    assert 0.19 < sum(drawn.values()) / len(drawn) < 0.21
    assert 0.18 < sum(assign(experiment, None).treated for _ in range(20_000)) / 20_000 < 0.22


@pytest.mark.parametrize(("kind", "metric", "switched"), [("ab", "error_rate", True), ("shadow", "agreement", False)])
def test_a_request_is_given_to_the_other_release_only_where_that_answers_anybody(kind: str, metric: str, switched: bool) -> None:
    """In the shadow the same release would be asked twice."""
    assignment = assign(make(kind=kind, metric=metric), None)
    assignment.release = "1-a"
    token = ASSIGNED.set(assignment)
    try:
        assert switch_variant() == switched
        assert not switch_variant()
    finally:
        ASSIGNED.reset(token)


def test_another_name_assigns_anew_and_more_share_takes_nobody_back() -> None:
    units = list(map(str, range(4_000)))
    first = {unit for unit in units if assign(make(), unit).treated}
    other = {unit for unit in units if assign(make(name="other"), unit).treated}
    assert 0.45 < len(first & other) / len(first) < 0.55
    assert first < {unit for unit in units if assign(make(share=0.7), unit).treated}


def test_the_log_holds_hashes_that_say_nothing_across_experiments() -> None:
    hashed = assign(make(), "somebody@example.org").unit
    assert hashed is not None
    assert len(hashed) == 16
    assert hashed != assign(make(name="other"), "somebody@example.org").unit
    assert assign(make(), None).unit is None


def test_tallies_have_a_line_per_unit_and_hour_and_never_more_than_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies_module, "MOST_UNITS", 3)
    tallies = Tallies()
    for unit in ["a", "a", "b", "c", "d", None, None]:
        tallies.add(unit, unit == "a", Totals(requests=1, seconds=0.5))
    (lines,) = tallies.drain().values()
    assert {line["unit"]: line["requests"] for line in lines} == {"a": 2, "b": 1, "c": 1, None: 2}
    assert tallies.unlogged == 1
    assert tallies.sums()[0].requests == 5  # harm is looked for in all of them
    assert tallies.drain() == {}
    tallies.add("b", False, Totals(requests=1))
    (again,) = tallies.drain().values()
    assert len(again) == len(lines)  # an hour's file is replaced as a whole


def test_what_cannot_be_written_is_kept_over_the_full_hour_and_what_was_written_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(dt.datetime):
        hour_now = 12

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return dt.datetime(2030, 5, 1 + cls.hour_now // 24, cls.hour_now % 24, 30, tzinfo=tz)

    monkeypatch.setattr(tallies_module.dt, "datetime", Clock)
    tallies = Tallies()
    tallies.add("a", False, Totals(requests=1))
    failed = tallies.drain()
    tallies.give_back(failed)
    Clock.hour_now = 13
    tallies.add("a", False, Totals(requests=1))
    again = tallies.drain()
    assert again["20300501T12"] == failed["20300501T12"]
    assert set(again) == {"20300501T12", "20300501T13"}
    tallies.give_back(["20300501T13"])
    assert set(tallies.drain()) == {"20300501T13"}
    for Clock.hour_now in range(14, 14 + 2 * tallies_module.MOST_HOURS):
        tallies.add("a", False, Totals(requests=1))
        tallies.give_back(tallies.drain())
    assert len(tallies.drain()) == tallies_module.MOST_HOURS
    assert tallies.unlogged == tallies_module.MOST_HOURS


def line(variant: str, unit: str | None, **totals: float) -> dict[str, Any]:
    return {"unit": unit, "variant": variant, **totals}


def test_a_unit_counts_once_with_its_first_hour_and_only_when_that_is_over() -> None:
    hours: Hours = {
        "20300501T10": [line("control", "a", requests=2, errors=1), line("control", "a", requests=2), line("treatment", "b", requests=4, errors=4)],
        "20300501T11": [line("control", "a", requests=9, errors=9)],
        "20300501T12": [line("control", "c", requests=1, errors=1), line("control", None, requests=10, errors=1)],
    }
    report = analyse_experiment(make(), hours, NOW)
    assert (report.control.units, report.control.waiting, report.treatment.units) == (11, 1, 1)
    assert report.control.requests == 24
    effect = report.effect
    assert effect is not None
    assert effect.value == pytest.approx(1 / (0.25 + 1))  # a's first hour has 1 failure in 4, of those who named nobody 1 failed
    later = analyse_experiment(make(stopped=NOW, reason="over"), hours, NOW)
    assert (later.control.units, later.control.waiting) == (12, 0)


def test_units_that_got_lost_are_said_before_anything_else() -> None:
    hours: Hours = {"20300501T10": [line("control", None, requests=5_000), line("treatment", None, requests=4_000, errors=900)]}
    assert say_verdict(analyse_experiment(make(), hours, NOW)).startswith("don't trust these figures")


@pytest.mark.parametrize(
    ("metric", "treated", "said"),
    [
        ("error_rate", {"requests": 1_000, "errors": 90}, "the treatment is worse"),
        ("error_rate", {"requests": 1_000, "errors": 2}, "the treatment is better"),
        ("error_rate", {"requests": 1_000, "errors": 33}, "no difference is shown"),
        ("complaint_rate", {"requests": 1_000, "complaints": 40}, "the treatment is worse"),
        ("latency_ms", {"requests": 1_000, "seconds": 20.0, "seconds_squared": 0.6}, "the treatment is worse"),
        ("latency_ms", {"requests": 1_000, "seconds": 5.0, "seconds_squared": 0.05}, "the treatment is better"),
    ],
)
def test_verdicts_say_what_was_found(metric: str, treated: dict[str, float], said: str) -> None:
    before = line("control", None, requests=1_000, errors=30, complaints=5, seconds=10.0, seconds_squared=0.2)
    report = analyse_experiment(make(metric=metric), {"20300501T10": [before, line("treatment", None, **treated)]}, NOW)
    assert say_verdict(report).startswith(said)
    assert "nan" not in write_report(report)


def test_the_shadow_is_judged_by_agreement_with_a_bound() -> None:
    hours: Hours = {
        "20300501T10": [
            line("control", None, requests=400, seconds=2.0),
            line("treatment", None, requests=400, compared=400, agreement=360.0, difference=8.0, seconds=2.5),
        ]
    }
    report = analyse_experiment(make(kind="shadow", metric="agreement"), hours, NOW)
    assert report.ratio_p_value is None
    assert report.effect is not None
    assert report.effect.low is not None
    assert 0.8 < report.effect.low < 0.9 == report.effect.value
    assert "90.00%" in say_verdict(report)


def test_an_empty_log_says_that_nothing_can_be_said() -> None:
    assert "too few" in say_verdict(analyse_experiment(make(), {}, NOW))


def test_a_damaged_log_is_named(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "20300501T10-p.jsonl").write_text("{half", encoding="utf-8")
    with pytest.raises(InputError, match=r"20300501T10-p\.jsonl"):
        ExposureLog(str(tmp_path)).read("first")


@pytest.mark.parametrize(
    ("rules", "control", "treatment", "said"),
    [
        ({}, Totals(requests=900, errors=1), Totals(requests=100, errors=10), "10 errors in 100 requests"),
        ({}, Totals(requests=900), Totals(requests=100, errors=1), None),
        ({}, Totals(requests=900, errors=90), Totals(requests=100, errors=12), None),
        ({}, Totals(requests=900, complaints=2), Totals(requests=100, complaints=9), "9 complaints"),
        ({"error_ratio": None}, Totals(requests=900), Totals(requests=100, errors=50), None),
        ({"p95_ms": 250}, Totals(requests=900), Totals(requests=100, slow=20), "longer than 250 ms"),
        ({"p95_ms": 250}, Totals(requests=900), Totals(requests=100, slow=6), None),
        ({"p95_ms": 250}, Totals(requests=900, slow=500), Totals(requests=100), None),
    ],
)
def test_harm_is_what_is_beyond_doubt_by_a_rule(rules: dict[str, float], control: Totals, treatment: Totals, said: str | None) -> None:
    found = find_harm(make(kind="canary", share=0.1, harm=HarmRules(**rules)), control, treatment)
    assert found is None if said is None else said in str(found)
