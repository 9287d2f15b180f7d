"""Rights: what may be learnt from and shipped."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from trending.cleaning.rights import check_patterns, is_rights_class, may_train
from trending.errors import UsageError

STEADY = settings(deadline=None, derandomize=True, max_examples=200)


@pytest.mark.parametrize("name", ["open_cc_by_sa", "open_project", "unclear", "tmdb_restricted", "imdb_restricted", "tmdb_derived"])
def test_known_classes(name: str) -> None:
    assert is_rights_class(name)


@pytest.mark.parametrize("name", ["", "open", "open_", "_derived", "OPEN_x y", "public", "unclear ", "nan"])
def test_other_words_are_no_class(name: str) -> None:
    assert not is_rights_class(name)


@pytest.mark.parametrize(("name", "allowed"), [("open_cc_by_sa", True), ("unclear", True), ("tmdb_derived", False), ("imdb_restricted", False)])
def test_the_default_learns_from_open_and_unclear_only(name: str, allowed: bool) -> None:
    assert may_train(name) is allowed


@STEADY
@given(st.from_regex(r"\A(open_)?[a-z_]{1,8}_(restricted|derived)\Z"))
@example("open_tmdb_derived")
def test_a_class_that_ends_in_restricted_or_derived_is_never_learnt_from_by_default(name: str) -> None:
    """Classes end in what they mean, so a name that also begins with open_ must be refused or kept out."""
    assume(is_rights_class(name))
    assert not may_train(name)


def test_patterns_widen_and_narrow_what_is_allowed() -> None:
    assert may_train("tmdb_restricted", ["open_*", "tmdb_*"])
    assert not may_train("unclear", ["open_*"])
    assert not may_train("open_x", [])


@pytest.mark.parametrize("patterns", [["open_*"], ["open_*", "unclear"], ["tmdb_restricted"], ["*"]])
def test_patterns_that_can_match(patterns: list[str]) -> None:
    check_patterns(patterns)
    assert any(may_train(name, patterns) for name in ("open_x", "unclear", "tmdb_restricted"))


@pytest.mark.parametrize("patterns", [[], ["open-*"], [""], ["open_*", "a b"], ["[open]"]])
def test_unusable_patterns_are_refused(patterns: list[str]) -> None:
    with pytest.raises(UsageError, match="rights"):
        check_patterns(patterns)


@pytest.mark.parametrize("pattern", ["open", "unclaer", "restricted"])
def test_a_pattern_no_class_can_match_is_refused(pattern: str) -> None:
    """Without a star it is a name, and that name is no rights class: it would silently train on nothing."""
    with pytest.raises(UsageError, match=pattern):
        check_patterns([pattern])
