"""The page in docs/ says what the command makes of the shared data, and carries none of it."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.eda_page import describe_folder, write_docs

DOCS = Path(__file__).resolve().parents[2] / "docs"
LARGEST = 150_000
SHORTEST = 40  # characters of a plot or review that could not be there by chance


def test_every_chart_the_page_shows_is_there_small_and_used() -> None:
    page = (DOCS / "eda.md").read_text(encoding="utf-8")
    shown = re.findall(r"\((images/eda-[\w-]+\.svg)\)", page)
    assert len(shown) == len(set(shown)) > 10
    assert {DOCS / name for name in shown} == set((DOCS / "images").glob("eda-*"))
    assert all((DOCS / name).stat().st_size < LARGEST for name in shown)


def test_the_page_holds_no_text_of_the_shared_data(shared_data: Path) -> None:
    page = " ".join((DOCS / "eda.md").read_text(encoding="utf-8").split())
    plots = pd.read_parquet(shared_data / "titles.parquet", columns=["plot"])["plot"].dropna()
    reviews = pd.read_parquet(shared_data / "reviews.parquet", columns=["text"])["text"]
    assert not [text for text in (*plots, *reviews) if len(text) >= SHORTEST and text[:SHORTEST] in page]


@pytest.mark.slow
def test_the_page_is_what_the_command_makes_of_the_shared_data(shared_data: Path, tmp_path: Path) -> None:
    write_docs(describe_folder(shared_data), tmp_path)
    assert (tmp_path / "eda.md").read_text(encoding="utf-8") == (DOCS / "eda.md").read_text(encoding="utf-8")
    assert {path.name for path in (tmp_path / "images").iterdir()} == {path.name for path in (DOCS / "images").glob("eda-*")}


@pytest.mark.parametrize("page", ["eda.md", "sources.md", "ARCHITECTURE.md"])
def test_tables_of_the_docs_are_whole_and_their_pictures_there(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        rows = [re.sub(r"`[^`]*`|\\\|", "", row).count("|") for row in block.splitlines()]
        assert len(set(rows)) == 1, block
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith(("http", "#"))]
    assert all((DOCS / link).is_file() for link in links), links
