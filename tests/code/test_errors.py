"""Errors: one line each that says what, where and how to mend it, and the codes the edges end with."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.errors import InputError, NotFoundError, QualityError, ReleaseError, TrendingError, UsageError, find_trending_error

STEADY = settings(deadline=None, derandomize=True, max_examples=200)
line_ends = st.lists(st.sampled_from(["\n", "\r\n", "\x0b", "\x85", "\u2028", "word", "; ", ": "]) | st.text(max_size=8), max_size=6).map("".join)


@STEADY
@given(line_ends, st.none() | line_ends, st.none() | line_ends)
def test_every_message_is_a_single_line(what: str, where: str | None, mend: str | None) -> None:
    assert len(str(InputError(what, where=where, mend=mend)).splitlines()) <= 1


def test_the_line_says_where_what_and_how_to_mend_it() -> None:
    assert str(InputError("no such file", where="a.csv", mend="check the path")) == "a.csv: no such file; check the path"
    assert str(TrendingError("odd")) == "odd"


@pytest.mark.parametrize(
    ("kind", "exit_code", "status"), [(InputError, 2, 422), (UsageError, 2, 400), (NotFoundError, 2, 404), (ReleaseError, 1, 503), (QualityError, 1, 500)]
)
def test_codes(kind: type[TrendingError], exit_code: int, status: int) -> None:
    assert (kind.exit_code, kind.status) == (exit_code, status)


def fail_step(error: TrendingError, explicit: bool) -> None:
    """Raise another error while `error` is handled, as orchestrators do."""
    try:
        raise error
    except TrendingError as cause:
        if explicit:
            raise RuntimeError("step failed") from cause
        raise KeyError("clean-up failed too")  # noqa: B904 - the implicit context is what is tested


@pytest.mark.parametrize("explicit", [True, False], ids=["cause", "context"])
def test_the_projects_error_is_found_behind_others(explicit: bool) -> None:
    wanted = QualityError("refused")
    with pytest.raises((RuntimeError, KeyError)) as caught:
        fail_step(wanted, explicit)
    assert find_trending_error(caught.value) is wanted


def test_a_chain_without_ours_and_one_that_bites_its_tail_end() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert find_trending_error(one) is None
