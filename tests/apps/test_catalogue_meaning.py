"""Search by meaning: what is near in meaning is found beside what has the words, and only if it is near."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.apps.catalogue_samples import make_content, make_random_records, open_catalogue
from trending.catalogue import Catalogue, Filters
from trending.catalogue.content import rank_titles
from trending.catalogue.words import split_words
from trending.embeddings import VectorIndex
from trending.errors import UsageError
from trending.releases import Release

Record = dict[str, Any]


@pytest.fixture(scope="module")
def meaningful(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalogue, list[Record], np.ndarray]:
    """Titles at random with vectors at random: each is near to none but itself."""
    folder, records = tmp_path_factory.mktemp("meaning"), make_random_records(120, 3)
    content = make_content(records)
    vectors = np.random.default_rng(3).normal(size=(120, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    VectorIndex.build(vectors[rank_titles(content)], folder / "vectors.usearch")
    return open_catalogue(folder / "catalogue.sqlite", content, VectorIndex.open(folder / "vectors.usearch")), records, vectors


def test_meaning_finds_what_words_dont_and_leaves_plain_title_matches_on_top(meaningful: tuple[Catalogue, list[Record], np.ndarray]) -> None:
    """A title without any word of the query, but with its very vector, is found; after the titles that have the word, before most plots that do."""
    catalogue, records, vectors = meaningful
    wanted = next(number for number, record in enumerate(records) if "violin" not in split_words(f"{record['title']} {record['plot'] or ''}"))
    by_words = [card.title_id for card in catalogue.search("violin ", limit=120).cards]
    page = catalogue.search("violin ", limit=120, vector=vectors[wanted])
    ids = [card.title_id for card in page.cards]
    assert f"test:{wanted}" not in by_words
    assert set(ids) == {*by_words, f"test:{wanted}"}
    assert (page.total, page.total_is_exact) == (len(ids), False)
    plain = ["violin" in split_words(card.title) for card in page.cards]
    assert plain == sorted(plain, reverse=True)
    assert ids.index(f"test:{wanted}") in {sum(plain), sum(plain) + 1}


def test_filters_hold_for_what_is_near_in_meaning(meaningful: tuple[Catalogue, list[Record], np.ndarray]) -> None:
    catalogue, records, vectors = meaningful
    for number, record in enumerate(records[:20]):
        for kind in ("movie", "tv"):
            ids = [card.title_id for card in catalogue.search("qqq ", Filters(type=kind), vector=vectors[number]).cards]
            assert ids == ([f"test:{number}"] if record["type"] == kind else [])


def test_what_means_nothing_finds_nothing(meaningful: tuple[Catalogue, list[Record], np.ndarray]) -> None:
    """Every vector has neighbours; far ones are no answer. Without words there is no meaning either: browsing stays browsing."""
    catalogue, _, vectors = meaningful
    stray = np.random.default_rng(9).normal(size=384).astype(np.float32)
    assert catalogue.search("qqq ", vector=stray / np.linalg.norm(stray)).total == 0
    assert catalogue.search("", vector=vectors[0]).cards == catalogue.search("").cards


def test_cursors_with_and_without_meaning_are_different_questions(meaningful: tuple[Catalogue, list[Record], np.ndarray]) -> None:
    catalogue, _, vectors = meaningful
    page = catalogue.search("river", limit=2, vector=vectors[5])
    whole = catalogue.search("river", limit=50, vector=vectors[5]).cards
    assert page.cards + catalogue.search("river", limit=48, cursor=page.next_cursor, vector=vectors[5]).cards == whole
    with pytest.raises(UsageError, match="another question"):
        catalogue.search("river", cursor=page.next_cursor)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("dinosaurs on an island", "Jurassic Park"),
        ("robot falls in love with a human", "WALL-E"),
        ("sushi chef documentary", "Jiro Dreams of Sushi"),
        ("a film about grief and losing a child", "The Babadook"),
        ("bank robbers wear masks and print money", "Money Heist"),
    ],
)
def test_described_titles_are_found_by_their_meaning(release: Release, query: str, title: str) -> None:
    """With the release's own encoder, though hardly a word of the query stands in their plots."""
    if release.encoder is None:
        pytest.skip("the encoder's weights aren't installed")
    page = release.catalogue.search(query, limit=10, vector=release.encoder.encode([query])[0])
    assert title in {card.title for card in page.cards}
    assert page.corrected is None
