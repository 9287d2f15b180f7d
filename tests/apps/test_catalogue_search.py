"""Search: what a query finds and in what order, whatever is typed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.catalogue_search import misspell
from tests.apps.catalogue_samples import TAGS, WORDS, make_content, make_random_records, make_reviews, open_catalogue
from trending.catalogue import Catalogue, Filters
from trending.catalogue.spelling import file_title, is_near, probe_title
from trending.catalogue.words import join_key, split_words
from trending.cleaning.clean import CleaningResult
from trending.errors import UsageError
from trending.genres import GENRES
from trending.releases import Release

Record = dict[str, Any]
LONG = "The Two of Them Who Went Away and Never Came Back to the Town Where It Began"
NOISE = ["beacon", "NEAR(", '"', "*", "-", "title:", "AND", "\0", "\ud800"]
MANY = 2_400  # of which a sixth have the word beacon: more than the head holds


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """Titles made at random."""
    return make_random_records(MANY, 1)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> Iterator[Catalogue]:
    """Those titles, each a work of its own."""
    content = make_content(records, works=None)
    content = make_content(records, works=content.titles["title_id"])
    opened = open_catalogue(tmp_path_factory.mktemp("many") / "catalogue.sqlite", content)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """Titles that resemble one another, best known first."""
    records: list[Record] = [
        {"title": "Star Wars", "year": 1977, "votes": 900, "plot": "A farm boy leaves a desert planet and joins a rebellion."},
        {"title": "Star Wars: The Clone Wars", "year": 2008, "votes": 800, "type": "tv", "plot": "Knights lead an army of clones."},
        {"title": "The Matrix", "year": 1999, "votes": 700, "plot": "A hacker learns that the world is a simulation. The plot thickens."},
        {"title": "Spider-Man", "year": 2002, "votes": 600, "plot": "A bitten student, no hacker, climbs walls."},
        {"title": "Dune", "year": 2021, "votes": 500, "plot": "A family takes over a desert planet and its spice."},
        {"title": "Dune", "year": 1984, "votes": 400, "plot": "Spice and worms."},
        {"title": "It", "year": 2017, "votes": 300, "plot": "A clown haunts a town."},
        {"title": "It Follows", "year": 2014, "votes": 310, "plot": "Something walks after a girl."},
        {"title": "Ocean's Eleven", "year": 2001, "votes": 250, "plot": "A casino is robbed."},
        {"title": "Fast & Furious", "year": 2009, "votes": 240, "plot": "Cars race through a city."},
        {"title": "Leon", "year": 1994, "votes": 230, "plot": "A hired killer shelters a girl."},
        {"title": "Łódź Story", "year": 2011, "votes": 20, "plot": "Weavers strike."},
        {"title": "Mulholland Drive", "year": 2001, "votes": 220, "plot": "An actress looks for a woman without memory."},
        {"title": "千と千尋の神隠し", "year": 2001, "votes": 210, "plot": "A girl works in a bath house of spirits."},
        {"title": LONG, "year": 1990, "votes": 3, "plot": "Two leave."},
    ]
    opened = open_catalogue(tmp_path_factory.mktemp("known") / "catalogue.sqlite", make_content(records))
    yield opened
    opened.close()


def _titles(catalogue: Catalogue, query: str, **options: Any) -> list[str]:
    return [f"{card.title} {card.year}" if card.title == "Dune" else card.title for card in catalogue.search(query, **options).cards]


def _words(record: Record) -> set[str]:
    return set(split_words(f"{record['title']} {record['plot'] or ''}"))


def _walk(catalogue: Catalogue, query: str, filters: Filters, limit: int) -> list[str]:
    """Return the ids of all pages."""
    ids, cursor = [], None
    for _ in range(10_000):
        page = catalogue.search(query, filters, limit, cursor)
        ids += [card.title_id for card in page.cards]
        assert len(page.cards) == limit or page.next_cursor is None
        if page.next_cursor is None:
            return ids
        cursor = page.next_cursor
    raise AssertionError("the pages never end")


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("star wars", "Star Wars"),
        ("Star Wars: the clone wars", "Star Wars: The Clone Wars"),
        ("wars clone star", "Star Wars: The Clone Wars"),
        ("MATRIX", "The Matrix"),
        ("the matrix", "The Matrix"),
        ("matr", "The Matrix"),
        ("spiderman", "Spider-Man"),
        ("spider man", "Spider-Man"),
        ("dune", "Dune 2021"),
        ("dune 1984", "Dune 1984"),
        ("it", "It"),
        ("it f", "It Follows"),
        ("wars clo", "Star Wars: The Clone Wars"),
        ("mulholland dri", "Mulholland Drive"),
        ("oceans eleven", "Ocean's Eleven"),
        ("ocean\u2019s eleven", "Ocean's Eleven"),
        ("fast and furious", "Fast & Furious"),
        ("fast furious", "Fast & Furious"),
        ("LÉON", "Leon"),
        ("lodz story", "Łódź Story"),
        ("千尋", "千と千尋の神隠し"),
        ("hacker simulation", "The Matrix"),
        ("robbed cas", "Ocean's Eleven"),
        (LONG.lower(), LONG),
    ],
)
def test_what_is_meant_comes_first(known: Catalogue, query: str, first: str) -> None:
    assert (_titles(known, query) or [None])[0] == first


@pytest.mark.parametrize(
    ("query", "corrected", "first"),
    [
        ("teh matrix", "the matrix", "The Matrix"),
        ("matirx", "the matrix", "The Matrix"),
        ("star warz", "star wars", "Star Wars"),
        ("ztar wars", "star wars", "Star Wars"),
        ("sar wars", "star wars", "Star Wars"),
        ("mulhollnd drvie", "mulholland drive", "Mulholland Drive"),
        ("nulholland drive", "mulholland drive", "Mulholland Drive"),
        ("hcaker simulation", "hacker simulation", "The Matrix"),
    ],
)
def test_misspelt_queries_are_corrected_and_say_so(known: Catalogue, query: str, corrected: str, first: str) -> None:
    """Swapped, wrong, missing letters, the first one included; in titles and in plots."""
    page = known.search(query)
    assert (page.corrected, page.cards[0].title) == (corrected, first)


def test_a_word_of_a_single_plot_corrects_nothing(known: Catalogue) -> None:
    """It may be misspelt itself."""
    assert known.search("weaverz strike").corrected is None


def test_what_is_spelt_right_is_not_corrected(known: Catalogue) -> None:
    for query in ("star wars", "matr", "dune", "girl", "desert planet", "simulation"):
        assert known.search(query).corrected is None
    # "plan" begins a word, so it may be one that isn't finished.
    assert known.search("desert plan").corrected is None


def test_known_words_are_corrected_only_if_nothing_is_found(known: Catalogue) -> None:
    """Both are words of the catalogue, but of no title together."""
    assert known.search("star wars spice").corrected is None
    assert known.search("dune clown").total > 0


def test_when_no_title_has_all_words_those_with_most_come(known: Catalogue) -> None:
    page = known.search("desert planet submarine")
    assert {card.title for card in page.cards} == {"Star Wars", "Dune"}
    assert not page.total_is_exact


@pytest.mark.parametrize("seed", [1, 2])
def test_misspelt_titles_are_found(release: Release, starter: CleaningResult, seed: int) -> None:
    """A letter swapped, dropped, doubled or wrong anywhere in a title of six letters or more: it is among the first ten, 97 of 100 times."""
    randomness = random.Random(seed)
    names = [name for name in starter.titles["title"] if len(join_key(split_words(name))) >= 6 and name.isascii()]
    chosen = randomness.sample(names, 300)
    missed = [name for name in chosen if name not in {card.title for card in release.catalogue.search(misspell(name, randomness)).cards}]
    assert len(missed) <= 0.03 * len(chosen), missed


def test_every_title_typed_as_it_is_comes_first(release: Release, starter: CleaningResult) -> None:
    """In full, in lower case without signs, and without accents; namesakes excepted, as nobody can tell them apart."""
    for name in starter.titles["title"].sample(300, random_state=2):
        for query in (name, " ".join(split_words(name)), name.upper()):
            assert split_words(release.catalogue.search(query).cards[0].title) == split_words(name)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text("abcdefg", min_size=1, max_size=6), min_size=1, max_size=3), st.data())
def test_a_title_near_what_was_typed_shares_a_probe_with_it(words: list[str], data: st.DataObject) -> None:
    """The index misses nothing: whatever is near by distance is met by at least one token."""
    text = " ".join(words)
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from(["", "a", "g"])) + text[at + data.draw(st.integers(0, 1)) :]
    asked = split_words(text)
    if asked and len(join_key(words)) >= 3 and is_near(asked, words):
        assert probe_title(asked) & file_title(words)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=60) | st.lists(st.sampled_from([*WORDS, *NOISE]), max_size=6).map(" ".join))
def test_whatever_is_typed_gets_an_answer(catalogue: Catalogue, query: str) -> None:
    page = catalogue.search(query, limit=5)
    assert len({card.title_id for card in page.cards}) == len(page.cards) <= min(5, page.total)
    assert page.next_cursor is None or len(page.cards) == 5
    assert not page.total_is_exact or page.total > 5 or page.next_cursor is None
    assert catalogue.search(query, limit=5) == page
    catalogue.complete_titles(query)


@pytest.mark.parametrize(
    ("query", "plain"),
    [
        ('"river" OR "comet"', "river or comet"),
        ("NEAR(river comet, 2)", "near river comet 2"),
        ("words:river", "words river"),
        ("river* ", "river "),
        ("^river NOT comet", "river not comet"),
        ('river" OR 1=1 --', "river or 1 1"),
        ("\u00a4tmovie", "tmovie"),
        ("\u00a7river", "river"),
        ("river\0comet", "river comet"),
        ("{river} + -comet", "river comet"),
    ],
)
def test_the_engines_syntax_means_nothing(catalogue: Catalogue, query: str, plain: str) -> None:
    """Operators, column names, prefixes, the index's own tokens: all of it is searched for as words."""
    page, expected = catalogue.search(query), catalogue.search(plain)
    assert (page.cards, page.total, page.corrected) == (expected.cards, expected.total, expected.corrected)


@pytest.mark.parametrize("query", ["?", "...", "\U0001f600", "\0"])
def test_signs_alone_find_nothing(catalogue: Catalogue, query: str) -> None:
    assert catalogue.search(query).total == 0
    assert catalogue.search(" \n").total == MANY


@pytest.mark.parametrize("words", [["beacon"], ["river"], ["river", "comet"], ["beacon", "lantern", "harbour"]])
def test_all_titles_with_the_words_are_found_and_no_other(catalogue: Catalogue, records: list[Record], words: list[str]) -> None:
    """Against a search by hand: all pages together, each title once, and the total right."""
    expected = {f"test:{number}" for number, record in enumerate(records) if set(words) <= _words(record)}
    query = " ".join(words) + " "  # the last word is finished
    ids = _walk(catalogue, query, Filters(), 50)
    assert len(ids) == len(set(ids))
    assert set(ids) == expected
    page = catalogue.search(query)
    assert page.total == len(expected) if page.total_is_exact else page.total <= len(expected)


def test_a_word_that_most_texts_have_is_not_asked_of_every_text(tmp_path: Path) -> None:
    """Words of more than a fifth of all texts tell nothing apart: "the lighthouse of glass" needs no "of"."""
    records = [{"title": f"Title {number}", "plot": "The tale of a town."} for number in range(20)]
    catalogue = open_catalogue(tmp_path / "catalogue.sqlite", make_content([*records, {"title": "Other", "plot": "Some glass lighthouse."}]))
    assert _titles(catalogue, "the lighthouse of glass") == ["Other"]


@pytest.mark.parametrize("query", ["beacon ", "river", "", "lantern harb"])
@pytest.mark.parametrize("limit", [1, 7, 50])
def test_pages_are_one_list_whatever_their_size(catalogue: Catalogue, query: str, limit: int) -> None:
    assert _walk(catalogue, query, Filters(), limit) == _walk(catalogue, query, Filters(), 1_000)


def test_a_cursor_is_good_for_its_own_question_only(catalogue: Catalogue, known: Catalogue) -> None:
    cursor = catalogue.search("beacon", limit=3).next_cursor
    assert catalogue.search("beacon", limit=5, cursor=cursor).cards[0] == catalogue.search("beacon", limit=4).cards[3]  # another size is no other question
    for other in (
        lambda: catalogue.search("river", cursor=cursor),
        lambda: catalogue.search("beacon", Filters(type="tv"), cursor=cursor),
        lambda: catalogue.trending("week", cursor=cursor),
        lambda: catalogue.reviews("test:0", cursor=cursor),
        lambda: known.search("beacon", cursor=cursor),
    ):
        with pytest.raises(UsageError, match="start again without it"):
            other()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cursor=st.text(max_size=50) | st.binary(max_size=40).map(lambda raw: raw.hex()) | st.just("A" * 100_000))
def test_what_is_no_cursor_is_refused(catalogue: Catalogue, cursor: str) -> None:
    with pytest.raises(UsageError, match="start again without it"):
        catalogue.search("beacon", cursor=cursor)


def test_a_release_with_other_content_refuses_the_cursor(tmp_path: Path) -> None:
    """One word of one plot makes it another list; the same content, written again, is the same list."""
    records = make_random_records(60, 2)
    changed = [*records[:-1], {**records[-1], "plot": "Something else."}]
    first, again, other = (
        open_catalogue(tmp_path / f"{name}.sqlite", make_content(rows)) for name, rows in (("first", records), ("again", records), ("other", changed))
    )
    cursor = first.search("", limit=5).next_cursor
    assert again.search("", limit=5, cursor=cursor) == first.search("", limit=5, cursor=cursor)
    with pytest.raises(UsageError, match="another release"):
        other.search("", limit=5, cursor=cursor)
    reviewed = [make_reviews([{"title_id": "test:0", "text": text}, {"title_id": "test:0", "text": "Second."}]) for text in ("First.", "Firstly.")]
    one, two = (open_catalogue(tmp_path / f"reviews-{n}.sqlite", make_content(records, reviews=rows)) for n, rows in enumerate(reviewed))
    with pytest.raises(UsageError, match="another release"):
        two.reviews("test:0", 1, one.reviews("test:0", 1).next_cursor)


def test_completions_begin_so_and_the_best_known_come_first(known: Catalogue, catalogue: Catalogue) -> None:
    assert [card.title for card in known.complete_titles("star w")] == ["Star Wars", "Star Wars: The Clone Wars"]
    assert [card.title for card in known.complete_titles("the mat")] == ["The Matrix"]
    assert [card.title for card in known.complete_titles("d", 1)] == ["Dune"]
    assert [card.title for card in known.complete_titles("clone w")] == ["Star Wars: The Clone Wars"]
    assert known.complete_titles("zzz") == known.complete_titles("") == known.complete_titles("?!") == []
    browsed = [card.title for card in catalogue.search("", limit=MANY).cards if join_key(split_words(card.title)).startswith("lan")]
    assert [card.title for card in catalogue.complete_titles("lan", 10)] == browsed[:10]


FILTERS = st.builds(
    Filters,
    genre=st.lists(st.sampled_from(GENRES), max_size=2),
    type=st.sampled_from([None, None, "movie", "tv", "TV"]),
    year_from=st.sampled_from([None, None, 1800, 1950, 1987, 1990, 2005, 2024, 2090]),
    year_to=st.sampled_from([None, None, 1800, 1960, 1989, 2003, 2025, 9999]),
    min_score=st.sampled_from([None, None, 0, 7, 50, 80, 97, 100]),
    language=st.sampled_from([None, None, "en", "French", "ja"]),
    tag=st.sampled_from([None, None, "dark", "slow-burning", "FUNNY"]),
)


def _fulfils(record: Record, filters: Filters) -> bool:
    languages = {"English": "en", "Japanese": "ja"}
    year, score = record["year"], record["score"]
    return (
        set(filters.genre) <= set(record["genres"] or record["predicted"])
        and (filters.type is None or record["type"] == filters.type.lower())
        and (filters.year_from is None or (year is not None and year >= filters.year_from))
        and (filters.year_to is None or (year is not None and year <= filters.year_to))
        and (filters.min_score is None or (score is not None and score >= filters.min_score))
        and (filters.language is None or languages.get(record["language"], record["language"]) == {"French": "fr"}.get(filters.language, filters.language))
        and (filters.tag is None or filters.tag.lower() in record["tags"])
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=FILTERS, query=st.sampled_from(["", "beacon ", "river ", "obelisk "]))
def test_filters_let_through_what_they_say_and_all_of_it(catalogue: Catalogue, records: list[Record], filters: Filters, query: str) -> None:
    """Against filtering by hand, browsing and with a word, over all pages."""
    words = set(split_words(query))
    expected = {f"test:{number}" for number, record in enumerate(records) if _fulfils(record, filters) and words <= _words(record)}
    ids = _walk(catalogue, query, filters, 40)
    assert len(ids) == len(set(ids))
    if expected or not query:  # else fewer words, or others, are looked for
        assert set(ids) == expected
    page = catalogue.search(query, filters)
    if expected:
        assert page.total == len(expected) if page.total_is_exact else page.total <= len(expected)


SINGLE = [
    *(Filters(genre=[genre]) for genre in GENRES),
    *(Filters(type=kind) for kind in ("movie", "tv")),
    *(Filters(language=code) for code in ("en", "fr", "ja")),
    *(Filters(tag=tag) for tag in TAGS),
    *(Filters(year_from=year) for year in (1950, 1980, 2000)),
    *(Filters(year_to=year) for year in (1980, 2025)),
    *(Filters(min_score=score) for score in (0, 50, 90)),
]


@pytest.mark.parametrize("word", ["beacon", "obelisk"])
def test_every_filter_works_alone_whether_its_list_is_merged_or_looked_up(catalogue: Catalogue, records: list[Record], word: str) -> None:
    """For a rare word facts are looked up per row, for a common one the engine merges lists: both say the same as filtering by hand."""
    for filters in SINGLE:
        expected = {f"test:{number}" for number, record in enumerate(records) if _fulfils(record, filters) and word in _words(record)}
        found = {card.title_id for card in catalogue.search(f"{word} ", filters, limit=MANY).cards}
        assert found == expected, filters


@pytest.mark.parametrize(
    ("filters", "listed"),
    [
        (Filters(genre=["Horor"]), "Horror"),
        (Filters(type="film"), "movie, tv"),
        (Filters(language="Klingon"), r"en \(English\)"),
        (Filters(language="uk"), r"en \(English\)"),
        (Filters(tag="spooky"), "slow-burning"),
    ],
)
def test_a_filter_no_title_can_pass_is_refused_with_what_there_is(catalogue: Catalogue, filters: Filters, listed: str) -> None:
    for ask in (lambda: catalogue.search("x", filters), lambda: catalogue.trending("week", filters), lambda: catalogue.similar("test:1", 5, filters)):
        with pytest.raises(UsageError, match=listed):
            ask()


def test_an_article_that_was_typed_is_meant(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path / "catalogue.sqlite", make_content([{"title": name} for name in ("Bonnie", "Batman", "The Birds", "A Bridge")]))
    assert catalogue.complete_titles("the b")[0].title == "The Birds"
    assert catalogue.complete_titles("a b")[0].title == "A Bridge"
    assert {card.title for card in catalogue.complete_titles("b")} == {"Bonnie", "Batman", "The Birds", "A Bridge"}
