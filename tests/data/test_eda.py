"""The exploratory report: its figures are those of a plain count, its page stands alone, the docs' tables are whole."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from trending.cleaning import CleaningResult
from trending.datasets.tables import table_files, write_table
from trending.features.masking import names_a_genre
from trending.genres import GENRES
from trending.reports.eda import EdaFacts, describe_tables, render_eda, render_eda_markdown
from trending.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]


def write(folder: Path, **tables: pd.DataFrame) -> dict[str, list[Path]]:
    """Write frames as tables of a version; return the files of every table."""
    for name, frame in tables.items():
        schema = TABLES[name]
        rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
        write_table(pa.Table.from_pylist([{key: row.get(key) for key in schema.names} for row in rows], schema=schema).to_batches(), name, folder)
    return {name: table_files(folder, name) for name in TABLES}


@pytest.fixture(scope="module")
def facts(starter: CleaningResult, tmp_path_factory: pytest.TempPathFactory) -> EdaFacts:
    return describe_tables(write(tmp_path_factory.mktemp("starter"), titles=starter.titles))


def test_figures_are_those_of_a_plain_count(facts: EdaFacts, starter: CleaningResult) -> None:
    titles, found = starter.titles, facts.titles
    assert found.rows == len(titles)
    assert found.groups == titles["group_id"].nunique()
    assert (found.types.movie, found.types.tv) == tuple((titles["type"] == kind).sum() for kind in ("movie", "tv"))
    assert {name: count.all for name, count in found.genres.items()} == {genre: sum(genre in row for row in titles["genres"]) for genre in GENRES}
    assert found.genres_per_title == Counter(map(len, titles["genres"]))
    for left, right in ((0, 4), (3, 6), (7, 7)):
        assert found.genre_pairs[left][right] == sum({GENRES[left], GENRES[right]} <= set(row) for row in titles["genres"])
    lengths = titles["plot"].dropna().str.len()
    spread = found.plot_chars["starter"]
    assert (spread.n, spread.median, spread.low, spread.high) == (len(lengths), lengths.median(), lengths.min(), lengths.max())
    assert spread.mean == pytest.approx(lengths.mean())
    assert sum(found.plot_histogram.counts) == len(lengths)
    assert sum(one.naming for one in found.leaks) == titles["plot"].dropna().map(names_a_genre).sum()
    assert {decade: count.all for decade, count in found.decades.items()} == (titles["year"].dropna() // 10 * 10).astype(int).value_counts().to_dict()
    assert found.missing["starter"]["rating"] == titles["rating"].isna().sum()


def test_facts_are_plain_values_that_come_back(facts: EdaFacts) -> None:
    assert EdaFacts.model_validate(json.loads(facts.model_dump_json())) == facts


def test_the_page_needs_nothing_from_elsewhere(facts: EdaFacts) -> None:
    page = render_eda(facts)
    assert not re.search(r"(?:src|href)=\"(?!#|data:)[^\"]+\"|url\((?!#)|@import", page)
    assert "<svg" in page
    assert len(page) < 1_500_000


def test_no_tables_at_all_still_make_a_page(tmp_path: Path) -> None:
    facts = describe_tables({name: [] for name in TABLES})
    assert facts.titles.rows == 0
    assert "<main>" in render_eda(facts)
    assert render_eda_markdown(facts)


def test_what_a_source_wrote_is_escaped(tmp_path: Path, starter: CleaningResult) -> None:
    titles = starter.titles.head(3).assign(source="<script>alert(1)</script>", country="<b>")
    page = render_eda(describe_tables(write(tmp_path, titles=titles)))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_works_reviews_and_signals_are_counted(tmp_path: Path, starter: CleaningResult) -> None:
    titles = starter.titles.head(4).assign(source=["a", "b", "a", "b"])
    matches = pd.DataFrame({"title_id": titles["title_id"], "work_id": ["w1", "w1", "w2", "w3"], "how": "id:imdb", "score": 1.0})
    day = pd.Timestamp("2026-01-05").date()
    ids = titles["title_id"].tolist()
    reviews = pd.DataFrame({"review_id": ["a:1", "a:2"], "title_id": ids[0], "source": "a", "author_hash": ["x", "y"], "rating": [2.0, 8.0], "text": "text"})
    signals = pd.DataFrame(
        {"title_id": ids[1], "source": "b", "kind": "views", "market": ["global", "US"], "value": [1.0, 3.0], "period_start": day, "days": 7}
    )
    facts = describe_tables(write(tmp_path, titles=titles, matches=matches, reviews=reviews, signals=signals))
    assert (facts.overlap.works, facts.overlap.in_several) == (3, 1)
    assert (facts.reviews.rows, facts.reviews.authors, facts.reviews.ratings["a"].mean) == (2, 2, 5)
    (series,) = facts.signals.series
    assert (series.rows, series.markets, series.median, series.first) == (2, 2, 2, day)


@pytest.mark.parametrize("page", ["eda.md", "sources.md", "ARCHITECTURE.md"])
def test_tables_of_the_docs_are_whole_and_their_pictures_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        rows = [re.sub(r"`[^`]*`|\\\|", "", row).count("|") for row in block.splitlines()]
        assert len(set(rows)) == 1, block
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith(("http", "#"))]
    assert all((ROOT / "docs" / link).is_file() for link in links), links
