"""The cards of a version say what is in it, whose it is, what may be done with it, and where every record went."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.data.eda_samples import make_version, write_tables
from trending.datasets.manifest import Account, DataAccount, SourceState
from trending.ingestion.assemble import AssemblyReport
from trending.ingestion.cards import VERSION_CARD, render_cards
from trending.ingestion.clean import CleaningAccount
from trending.reports.eda import describe_tables

STATES = {
    "here": SourceState(
        snapshot_id="s-1",
        watermark="2026-01-05",
        licence="CC BY-SA 4.0",
        attribution="Somebody",
        rights_class="open_cc_by_sa",
        rows={"titles": 3, "reviews": 3},
        fetched=12,
        parsed=10,
        failed=2,
    ),
    "there": SourceState(licence="", attribution="Elsewhere", rights_class="tmdb_restricted", rows={"titles": 1}),
}
ACCOUNT = DataAccount.of(
    {"title": Account(fetched=12, parsed=10, failed=2, kept=4, merged=3, quarantined=3), "response": Account(fetched=1, failed=1)},
)


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The cards of a small version with a parent."""
    facts = describe_tables(write_tables(tmp_path_factory.mktemp("tables"), make_version()))
    cleaning = CleaningAccount(reasons=Counter(title_missing=3), repairs=Counter(plot_tags=2), unknown_genres=Counter({"Noir|Musical": 1}))
    return render_cards(facts, STATES, ACCOUNT, cleaning, AssemblyReport(reasons={"title_unknown": 2}, plots_shared=5), "20260101T000000Z-parent")


def test_there_is_one_card_for_the_version_and_one_for_each_source(cards: dict[str, str]) -> None:
    assert set(cards) == {VERSION_CARD, "cards/sources/here.md", "cards/sources/there.md"}
    assert all(Path(name).suffix == ".md" and card.startswith("# ") and card.endswith("\n") for name, card in cards.items())


def test_the_version_card_accounts_for_every_record(cards: dict[str, str]) -> None:
    card = cards[VERSION_CARD]
    assert "| title | 12 | 10 | 2 | 4 | 3 | 3 |" in card
    assert "| response | 1 | 0 | 1 | 0 | 0 | 0 |" in card
    assert "| title_missing | 3 |" in card
    assert "| title_unknown | 2 |" in card
    assert "20260101T000000Z-parent" in card


def test_the_version_card_says_what_it_is_made_of(cards: dict[str, str]) -> None:
    card = cards[VERSION_CARD]
    assert "4 rows of titles (3 films, 1 TV shows) in 3 works" in card
    assert "| here | Somebody | CC BY-SA 4.0 | open_cc_by_sa | 3 |" in card
    assert "not stated | tmdb_restricted | 1 |" in card
    assert "| id:imdb | 2 |" in card


def test_a_source_card_says_whose_it_is_and_what_may_be_done(cards: dict[str, str]) -> None:
    here, there = cards["cards/sources/here.md"], cards["cards/sources/there.md"]
    assert "Credit: Somebody. Licence: CC BY-SA 4.0. Rights class: `open_cc_by_sa`, which may be learnt from and shown." in here
    assert "`tmdb_restricted`, which by default is neither learnt from nor shipped." in there


def test_a_source_card_says_how_it_was_collected_and_what_it_lacks(cards: dict[str, str]) -> None:
    here, there = cards["cards/sources/here.md"], cards["cards/sources/there.md"]
    assert "Snapshot s-1: 12 things fetched, 10 parsed, 2 failed" in here
    assert "2026-01-05" in here
    assert "3 of its records are in quarantine" in here
    assert "| year | 1 | 33% |" in here
    assert "67% of the plots name a genre" in here
    assert "no watermark" in there


def test_only_sources_with_reviews_speak_of_reviewers(cards: dict[str, str]) -> None:
    assert "keyed hashes" in cards["cards/sources/here.md"]
    assert "no texts by users" in cards["cards/sources/there.md"]


def test_tables_are_whole_whatever_stands_in_them(cards: dict[str, str]) -> None:
    for card in cards.values():
        width = 0
        for line in card.splitlines():
            width = 0 if not line.startswith("|") else width or line.count("|")
            assert line.count("|") == width, line
