"""The trending score's properties: monotone, order-invariant, scale-free, without look-ahead, a sum of its parts, and hard to spike."""

from __future__ import annotations

import datetime as dt
import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.trends import Signal, TrendScore, frame_signals, score_titles
from trending.trends.score import SURGE
from trending.trends.series import LOG_CAP, SIGMA_CAP, SIGMA_FLOOR

AS_OF = dt.date(2024, 6, 3)
RANGES = {"views": (0.0, 1e9), "hours": (0.0, 1e9), "rank": (1.0, 20.0), "reviews": (0.0, 1e5), "rating": (0.0, 10.0)}
TOLERANCE = 1e-9


def weeks_before(weeks: int) -> dt.date:
    return AS_OF - dt.timedelta(weeks=weeks)


def views(*weekly: float, title: str = "a", source: str = "netflix") -> list[Signal]:
    """Weekly views of a title, oldest first, the last week ending at AS_OF."""
    return [
        Signal(title_key=title, source=source, kind="views", value=value, period_start=weeks_before(len(weekly) - week)) for week, value in enumerate(weekly)
    ]


def score(signals: list[Signal], as_of: dt.date = AS_OF) -> dict[str, TrendScore]:
    return {one.title_key: one for one in score_titles(frame_signals(signals), as_of)}


def part(one: TrendScore, name: str) -> tuple[float, str]:
    found = next(part for part in one.parts if part.name == name)
    return found.value, found.sentence


@st.composite
def signal_lists(draw: st.DrawFn) -> list[Signal]:
    keys = st.tuples(st.sampled_from("abcd"), st.sampled_from(["netflix", "wikipedia"]), st.sampled_from(sorted(RANGES)), st.integers(1, 12))
    signals = []
    for title, source, kind, weeks in draw(st.lists(keys, unique=True, max_size=40)):
        low, high = RANGES[kind]
        value = draw(st.integers(1, 20)) if kind == "rank" else draw(st.one_of(st.just(low), st.floats(max(low, 1e-3), high)))
        weight = draw(st.floats(1, 1e4)) if kind == "rating" else 1.0
        signals.append(Signal(title_key=title, source=source, kind=kind, value=value, period_start=weeks_before(weeks), weight=weight))
    return signals


@given(signal_lists(), st.floats(1.0, 1e6), st.data())
def test_more_views_in_a_titles_latest_week_never_lower_its_score(signals: list[Signal], factor: float, data: st.DataObject) -> None:
    watched = [one for one in signals if one.kind == "views"]
    if not watched:
        return
    chosen = data.draw(st.sampled_from(watched))
    latest = max((one for one in watched if (one.title_key, one.source) == (chosen.title_key, chosen.source)), key=lambda one: one.period_start)
    raised = [one.model_copy(update={"value": (one.value + 1.0) * factor}) if one is latest else one for one in signals]
    before, after = score(signals).get(latest.title_key), score(raised).get(latest.title_key)
    if before and after:
        assert after.score >= before.score - TOLERANCE


@given(signal_lists(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(signals: list[Signal], random: Random) -> None:
    shuffled = list(signals)
    random.shuffle(shuffled)
    assert score(shuffled) == score(signals)


@given(signal_lists(), st.floats(1e-3, 1e6), st.sampled_from(["views", "hours", "reviews"]))
def test_a_factor_on_a_sources_figures_of_a_kind_changes_no_score(signals: list[Signal], factor: float, kind: str) -> None:
    scaled = [one.model_copy(update={"value": one.value * factor}) if (one.source, one.kind) == ("netflix", kind) else one for one in signals]
    before, after = score(signals), score(scaled)
    assert {key: one.score for key, one in after.items()} == pytest.approx({key: one.score for key, one in before.items()}, abs=1e-6)


@given(signal_lists(), signal_lists(), st.integers(0, 83))
def test_rows_that_end_after_the_day_change_nothing_however_broken(signals: list[Signal], later: list[Signal], shift: int) -> None:
    as_of = AS_OF - dt.timedelta(weeks=1)
    known = [one for one in signals if one.period_start + dt.timedelta(days=one.days) <= as_of]
    unfinished = [one.model_copy(update={"period_start": as_of + dt.timedelta(days=shift - 6)}) for one in later]
    both = frame_signals([*unfinished, *known])
    both.loc[: len(later) - 1, "value"] = math.nan
    assert score_titles(both, as_of) == score_titles(frame_signals(known), as_of)


@given(signal_lists())
def test_the_parts_add_up_and_each_has_a_sentence(signals: list[Signal]) -> None:
    found = score_titles(frame_signals(signals), AS_OF)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for one in found:
        assert math.isfinite(one.score)
        assert one.score == math.fsum(part.value for part in one.parts)
        assert [part.name for part in one.parts] == ["level", "surge", "chart", "reviews", "rating", "recency"]
        assert all(part.sentence for part in one.parts)


@settings(max_examples=50)
@given(st.lists(st.floats(900.0, 1100.0), min_size=3, max_size=8), st.floats(1e5, 1e12))
def test_one_wild_week_gains_a_bounded_amount(past: list[float], spike: float) -> None:
    rivals = [signal for title in "bcd" for signal in views(1000.0, 1000.0, title=title)]
    gain = score(rivals + views(*past, spike))["a"].score - score(rivals + views(*past, 1000.0))["a"].score
    assert gain <= SIGMA_CAP * (SIGMA_FLOOR + SURGE) + 0.5
    assert score(rivals + views(*past, spike)) == score(rivals + views(*past, spike * 10))


def test_one_wild_week_in_the_past_hardly_moves_the_comparison() -> None:
    calm, wild = (part(score(views(1000, 1000, middle, 1000, 1000, 2000))["a"], "surge")[0] for middle in (1000, 1e9))
    assert wild == pytest.approx(calm)


def test_one_wild_day_among_daily_counts_changes_nothing() -> None:
    def daily(spike: float) -> list[Signal]:
        return [
            Signal(title_key="a", source="wikipedia", kind="views", value=spike if day == 3 else 100 + day, period_start=AS_OF - dt.timedelta(days=day), days=1)
            for day in range(1, 57)
        ]

    assert score(daily(1e6)) == score(daily(1e9))


def test_a_title_without_history_is_held_within_the_cap() -> None:
    assert part(score(views(1e300) + views(1, title="b") + views(1, title="c"))["a"], "level")[0] == LOG_CAP


def test_no_signals_score_no_titles() -> None:
    assert score([]) == {}
    assert score(views(10, 20), as_of=dt.date(2020, 1, 1)) == {}


def test_one_week_is_enough_for_a_score() -> None:
    only = score(views(1000))["a"]
    assert only.score == 0.0
    assert part(only, "surge") == (0.0, "no earlier weeks to compare with")


def test_zero_views_rank_last_and_break_nothing() -> None:
    assert list(score(views(0, 0) + views(5, 0, title="b") + views(5, 5, title="c") + views(5, 6, title="d"))) == ["d", "c", "b", "a"]


def test_views_are_preferred_to_hours_of_the_same_source() -> None:
    hours = [one.model_copy(update={"kind": "hours", "value": one.value * 1e6}) for one in views(10)]
    rival = views(10, title="b")
    assert score(views(10) + rival + hours) == score(views(10) + rival)


def test_the_sentences_say_what_a_person_can_check() -> None:
    ranks = [Signal(title_key="a", source="netflix", kind="rank", value=rank, period_start=weeks_before(week)) for week, rank in ((2, 4), (1, 3))]
    ratings = [
        Signal(title_key=title, source="tmdb", kind="rating", value=value, weight=75, period_start=weeks_before(30)) for title, value in (("a", 8), ("b", 6))
    ]
    written = [Signal(title_key="a", source="tmdb", kind="reviews", value=12, period_start=weeks_before(1))]
    found = score(views(*[1000] * 8, 2000) + views(1000, 500, title="b") + ranks + ratings + written)
    assert [one.sentence for one in found["a"].parts] == [
        "2 times the typical title's views",
        "up 1.4 sigma on the last 8 weeks' views",
        "2nd week in the top ten, at number 3",
        "1 times the typical title's reviews",
        "rated 0.75 above the mean, by 75, shrunk by 25",
        "seen in the latest week",
    ]
    assert part(found["b"], "surge")[1] == "down 1.4 sigma on one earlier week's views"


@pytest.mark.parametrize(("weeks", "ordinal"), [(1, "1st"), (3, "3rd"), (11, "11th"), (22, "22nd")])
def test_weeks_in_the_top_ten_are_counted_over_all_history(weeks: int, ordinal: str) -> None:
    ranks = [Signal(title_key="a", source="netflix", kind="rank", value=5, period_start=weeks_before(week)) for week in range(1, weeks + 1)]
    assert part(score(ranks)["a"], "chart")[1] == f"{ordinal} week in the top ten, at number 5"


def test_a_daily_charts_best_place_of_the_week_counts_once() -> None:
    places = [Signal(title_key="a", source="netflix", kind="rank", value=rank, period_start=AS_OF - dt.timedelta(days=rank), days=1) for rank in (5, 2, 4)]
    assert part(score(places)["a"], "chart")[1] == "1st week in the top ten, at number 2"


def test_few_ratings_count_for_less_than_many() -> None:
    def rate(weight: float) -> float:
        rated = [
            Signal(title_key=title, source="tmdb", kind="rating", value=value, weight=count, period_start=weeks_before(1))
            for title, value, count in (("a", 9.0, weight), ("b", 5.0, 1000.0))
        ]
        return part(score(views(10) + rated)["a"], "rating")[0]

    assert 0 < rate(1) < rate(10) < rate(100)


def test_each_week_without_a_sign_costs_the_same() -> None:
    signals = views(1000)
    found = [part(score(signals, AS_OF + dt.timedelta(weeks=week))["a"], "recency") for week in range(3)]
    assert [sentence for _, sentence in found] == ["seen in the latest week", "last seen 1 week before the latest", "last seen 2 weeks before the latest"]
    assert found[0][0] - found[1][0] == found[1][0] - found[2][0] > 0
