"""The canonical genres and how labels map onto them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.genres import GENRE_INDEX, GENRES, map_genre, map_genres, split_labels

STEADY = settings(deadline=None, derandomize=True, max_examples=300)
_LABELS = ["Drama", "dramas", "Sci-Fi & Fantasy", "Kids' TV", "International Movies", "Rom-Com", "Zorbology", "", "type:Animation", "Action & Adventure"]
labels = st.lists(st.sampled_from(_LABELS) | st.sampled_from(GENRES) | st.text(max_size=10), max_size=8)
plain_label = st.text(alphabet="abcXYZ -'&/", min_size=1, max_size=12).map(lambda text: text.strip(" '")).filter(bool)


def test_there_are_twenty_genres_in_alphabetical_order() -> None:
    assert len(GENRES) == 20
    assert list(GENRES) == sorted(set(GENRES))
    assert [GENRE_INDEX[genre] for genre in GENRES] == list(range(20))


@pytest.mark.parametrize("genre", GENRES)
def test_a_genre_maps_to_itself_in_any_case(genre: str) -> None:
    assert map_genre(genre) == map_genre(f"  {genre.upper()} ") == (genre,)


@STEADY
@given(labels)
def test_mapped_genres_are_canonical_in_order_and_without_repeats(given_labels: list[str]) -> None:
    found, unknown = map_genres(given_labels)
    assert found == [genre for genre in GENRES if genre in set(found)]
    assert set(unknown) <= set(given_labels)


@STEADY
@given(labels)
def test_mapping_does_not_depend_on_order_and_mapping_again_changes_nothing(given_labels: list[str]) -> None:
    found, unknown = map_genres(given_labels)
    backwards, backwards_unknown = map_genres(reversed(given_labels))
    assert (found, sorted(unknown)) == (backwards, sorted(backwards_unknown))
    assert map_genres(found) == (found, [])


@pytest.mark.parametrize(
    ("label", "genres"),
    [
        ("Sci-Fi & Fantasy", ("Science Fiction", "Fantasy")),
        ("Children\u2019s", ("Family",)),
        ("romcom", ("Romance", "Comedy")),
        ("Science  Fiction", ("Science Fiction",)),
        ("Suspense", ("Thriller",)),
        ("Reality-TV", ("Reality",)),
        ("scifi", ("Science Fiction",)),
    ],
)
def test_words_of_other_vocabularies(label: str, genres: tuple[str, ...]) -> None:
    assert map_genre(label) == genres


@pytest.mark.parametrize("label", ["International Movies", "Short", "LGBTQ", "", "  ", "TV Shows"])
def test_labels_that_carry_no_genre_map_to_nothing_without_being_unknown(label: str) -> None:
    assert map_genre(label) == ()


@pytest.mark.parametrize("label", ["Zorbology", "Dramatic irony", "Actio"])
def test_labels_nobody_listed_are_unknown_not_guessed(label: str) -> None:
    assert map_genre(label) is None
    assert map_genres(["Drama", label]) == (["Drama"], [label])


def test_a_label_with_commas_is_one_known_label() -> None:
    """The very label that `split_labels` gives as its example of a cell it doesn't split."""
    label = "Arts, Entertainment, and Culture"
    assert map_genre(label) == ()
    assert split_labels(label) == [label]


@STEADY
@given(st.lists(plain_label, min_size=2, max_size=6), st.sampled_from(["|", "; ", ", ", ","]))
def test_joined_labels_are_split_again(parts: list[str], separator: str) -> None:
    assert split_labels(separator.join(parts)) == parts


@STEADY
@given(st.lists(plain_label, max_size=6))
def test_json_and_python_lists_are_split(parts: list[str]) -> None:
    assert split_labels(json.dumps(parts)) == split_labels(repr(parts)) == parts


@STEADY
@given(st.text(max_size=40))
def test_no_piece_of_any_cell_is_blank(cell: str) -> None:
    assert all(part == part.strip() != "" for part in split_labels(cell))


@pytest.mark.parametrize("cell", ["", "  ", "[]", "[ ]", "['']", ",", "|"])
def test_cells_without_a_label(cell: str) -> None:
    assert split_labels(cell) == []
