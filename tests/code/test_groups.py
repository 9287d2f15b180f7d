"""Groups: rows that describe one title are one group, whatever order they come in; splits never cut through a group."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.cleaning.clean import CleaningResult
from trending.cleaning.groups import group_titles

STEADY = settings(deadline=None, derandomize=True, max_examples=50)
PLOT = "Two rival magicians in London each try to learn the secret of the other's best trick."
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["Heat", "The Heat", "Alien", "Brazil", "Ran", "M"]),
        st.sampled_from([None, "tt0000001", "tt0000002"]),
        st.sampled_from([None, PLOT, PLOT.upper(), "Short."]),
        st.sampled_from([None, "x", "y"]),
    ),
    min_size=1,
    max_size=15,
)


def frame(rows: list[tuple[str, str | None, str | None, str | None]]) -> pd.DataFrame:
    """Return a table with what grouping looks at."""
    table = pd.DataFrame(rows, columns=["title", "imdb_id", "plot", "group_id"], dtype=object)
    return table.assign(title_id=[f"s:{number:02}" for number in range(len(rows))])


def groups(*rows: tuple[str, str | None, str | None, str | None]) -> list[Any]:
    """Return the group of each row, as the number of the first row in it."""
    found = group_titles(frame(list(rows))).tolist()
    return [found.index(name) for name in found]


@STEADY
@given(_ROWS, st.randoms(use_true_random=False))
def test_group_ids_do_not_depend_on_the_order_of_rows(rows: list[tuple[str, str | None, str | None, str | None]], shuffler: Any) -> None:
    table = frame(rows)
    order = list(range(len(rows)))
    shuffler.shuffle(order)
    one = dict(zip(table["title_id"], group_titles(table), strict=True))
    shuffled = table.iloc[order]
    assert one == dict(zip(shuffled["title_id"], group_titles(shuffled), strict=True))


@STEADY
@given(_ROWS)
def test_rows_that_share_a_key_share_a_group(rows: list[tuple[str, str | None, str | None, str | None]]) -> None:
    table = frame(rows)
    table["group"] = group_titles(table)
    for key in ("title", "imdb_id", "group_id"):
        assert (table.dropna(subset=[key]).groupby(key)["group"].nunique() == 1).all()


@STEADY
@given(_ROWS)
def test_grouping_what_is_grouped_changes_nothing(rows: list[tuple[str, str | None, str | None, str | None]]) -> None:
    table = frame(rows)
    first = group_titles(table)
    assert group_titles(table.assign(group_id=first)).tolist() == first.tolist()


def test_titles_are_compared_without_article_case_and_accents() -> None:
    assert groups(("The Piano", None, None, None), ("piano", None, None, None), ("Pianist", None, None, None)) == [0, 0, 2]


def test_an_imdb_id_joins_translations() -> None:
    assert groups(("Heat", "tt0113277", None, None), ("Hitze", "tt0113277", None, None), ("Hitze 2", None, None, None)) == [0, 0, 2]


def test_a_shared_plot_joins_and_a_short_one_does_not() -> None:
    assert groups(("A1", None, PLOT, None), ("B2", None, PLOT.upper(), None), ("C3", None, "A heist.", None), ("D4", None, "A heist.", None)) == [0, 0, 2, 3]


def test_links_are_followed_to_the_end() -> None:
    """One row shares a title with the first and an id with the last."""
    assert groups(("Heat", None, None, None), ("Heat", "tt0113277", None, None), ("Hitze", "tt0113277", None, "x"), ("Calor", None, None, "x")) == [0, 0, 0, 0]


def test_missing_values_join_nothing() -> None:
    assert groups(("A1", None, None, None), ("B2", None, None, None), ("C3", float("nan"), float("nan"), float("nan"))) == [0, 1, 2]  # type: ignore[arg-type]


def test_every_starter_title_has_a_group_and_most_have_their_own(starter: CleaningResult) -> None:
    found = starter.titles["group_id"]
    assert found.str.fullmatch(r"g[0-9a-f]{12}").all()
    assert found.nunique() == starter.report.groups > 0.9 * len(found)
