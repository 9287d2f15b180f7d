"""Masking takes out every word that names a genre, and nothing that merely suggests one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.features.masking import mask_genre_words, names_a_genre
from trending.genres import GENRES

NAMES = {
    "Action": "action actions action-packed",
    "Adventure": "adventure adventures adventurer adventurers adventurous",
    "Animation": "animation animations animated re-animated cartoon cartoons anime animator",
    "Comedy": "comedy comedies comedic comedian comedians tragicomedy sitcom sit-com romcom rom-com comical comically dramedy",
    "Crime": "crime crimes criminal criminals",
    "Documentary": "documentary documentaries documentarian mockumentary rockumentary docuseries docu-series docudrama docusoap",
    "Drama": "drama dramas dramatic dramatically melodrama melodramas melodramatic psychodrama dramatised dramatization",
    "Family": "family families family-friendly",
    "Fantasy": "fantasy fantasies fantastic fantastical",
    "History": "history histories historic historical historically historian historians",
    "Horror": "horror horrors horrific horrifying horrified",
    "Music": "music musical musicals musically musician musicians",
    "Mystery": "mystery mysteries mysterious mysteriously",
    "Reality": "reality realities",
    "Romance": "romance romances romantic romantically",
    "Science Fiction": "science_fiction science-fiction sci-fi scifi sci_fi science_fictional",
    "Sport": "sport sports sporting",
    "Thriller": "thriller thrillers thrilling thrillingly",
    "War": "war wars wartime warfare post-war postwar pre-war",
    "Western": "western westerns",
}
EACH_NAME = [(genre, name.replace("_", " ")) for genre, names in NAMES.items() for name in names.split()]
EVERY_NAME = [name for _, name in EACH_NAME]
CONTENT = [
    "detective",
    "murder",
    "police",
    "gangster",
    "ghost",
    "haunted",
    "vampire",
    "wizard",
    "magic",
    "spaceship",
    "alien",
    "robot",
    "planet",
    "soldier",
    "army",
    "battle",
    "trenches",
    "cowboy",
    "sheriff",
    "outlaw",
    "stagecoach",
    "boxer",
    "football",
    "coach",
    "love",
    "wedding",
    "kiss",
    "singer",
    "band",
    "song",
    "concert",
    "contestants",
    "judges",
    "competition",
    "archival",
    "interviews",
    "quest",
    "treasure",
    "pirate",
    "king",
    "queen",
    "empire",
    "emperor",
    "child",
    "children",
    "funny",
    "joke",
    "hilarious",
    "killer",
    "conspiracy",
    "hostage",
    "clue",
    "puzzle",
    "comics",
    "warrior",
    "warden",
    "award",
    "toward",
    "transaction",
    "satisfaction",
    "scientist",
    "conscience",
    "reaction",
    "realise",
    "realm",
    "transport",
    "passport",
    "northwestern",
    "familiar",
    "unfamiliar",
    "crimson",
]


def test_every_genre_is_listed_here() -> None:
    assert tuple(NAMES) == GENRES


@pytest.mark.parametrize(("genre", "name"), EACH_NAME, ids=[name for _, name in EACH_NAME])
def test_a_genres_name_leaves_no_trace(genre: str, name: str) -> None:
    for form in (name, name.upper(), name.title()):
        assert mask_genre_words(f"An odd {form} about bees") == "An odd about bees"
        assert names_a_genre(f"An odd {form} about bees")


@pytest.mark.parametrize("genre", GENRES)
def test_the_canonical_name_is_masked_beside_punctuation(genre: str) -> None:
    for before, after in (("(", ")"), ('"', '"'), ("", "."), ("", ","), ("\u201c", "\u201d"), ("", ";")):
        assert genre.casefold() not in mask_genre_words(f"odd {before}{genre}{after} bees").casefold()


def test_genre_pairs_joined_by_a_hyphen_or_slash_are_both_masked() -> None:
    for pair in ("action-comedy", "horror/thriller", "Crime-Drama", "romance/war"):
        assert [char for char in mask_genre_words(pair) if char.isalpha()] == []


@pytest.mark.parametrize("word", CONTENT)
def test_words_that_only_suggest_a_genre_stay(word: str) -> None:
    sentence = f"An odd {word} about bees"
    assert mask_genre_words(sentence) == sentence
    assert not names_a_genre(sentence)


PIECES = st.one_of(
    st.sampled_from([*EVERY_NAME, *GENRES, "science", "fiction", "sci", "fi", "re", "post", "rom", "com", "docu", "packed", "friendly"]),
    st.sampled_from(CONTENT),
    st.text(max_size=6),
)
TEXTS = st.lists(st.tuples(PIECES, st.sampled_from([" ", "", "-", "  ", "\n", ", ", "'s ", "_", "\u00a0"])), max_size=25).map(
    lambda pairs: "".join(map("".join, pairs))
)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_masking_twice_is_masking_once_and_leaves_no_genre_word(text: str) -> None:
    masked = mask_genre_words(text)
    assert mask_genre_words(masked) == masked
    assert not names_a_genre(masked)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_masking_adds_nothing(text: str) -> None:
    """What is left is the text's own words in the text's own order."""
    rest = iter("".join(text.split()))
    assert all(char in rest for char in "".join(mask_genre_words(text).split()))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(CONTENT), min_size=1, max_size=20))
def test_a_text_without_genre_words_is_left_alone(words: list[str]) -> None:
    assert mask_genre_words(" ".join(words)) == " ".join(words)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["bees", "odd", "sheriff", "king"]), min_size=2, max_size=12), st.data())
def test_a_text_is_the_same_with_and_without_a_planted_genre_word(words: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(words)))
    name = data.draw(st.sampled_from(EVERY_NAME))
    assert mask_genre_words(" ".join([*words[:place], name, *words[place:]])) == " ".join(words)


def test_masking_twice_masks_no_more_whatever_the_spaces() -> None:
    for text in ("A science  fiction  tale", "sci horror fi", " a\tcrime\n drama "):
        masked = mask_genre_words(text)
        assert mask_genre_words(masked) == masked
    assert mask_genre_words("A science  fiction  tale") == "A tale"
