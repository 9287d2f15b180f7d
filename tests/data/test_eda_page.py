"""The report as a page and as Markdown: whole, self-contained, readable by everyone, and deaf to markup in the data."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.data.eda_samples import make_version, title, write_tables, write_titles
from trending.cleaning.clean import CleaningResult
from trending.reports.eda import EdaFacts, describe_tables, render_eda, render_eda_markdown
from trending.reports.eda.render import build_sections, draw_charts
from trending.reports.eda.section import say_share

HOSTILE = "<script>alert(1)</script>|[x](http://evil.example)`$a$ \u5343\u3068\u5343\u5c0b"
LARGEST = 1_500_000
ATTRIBUTES_THAT_FETCH = {"src", "href", "xlink:href", "data", "poster", "srcset", "action"}


class Page(HTMLParser):
    """Elements, addresses, names of graphics and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.graphics: list[dict[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element is, names and points to."""
        self.elements.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ATTRIBUTES_THAT_FETCH]
        if tag == "section":
            self.ids.append(dict(attrs)["id"] or "")
        if tag == "svg":
            self.graphics.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.text += data


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> EdaFacts:
    """Facts of a version with something in every table, whose names nobody would choose in good faith."""
    tables = make_version(source=HOSTILE, name=HOSTILE, reason=HOSTILE)
    tables["titles"] += [title(10 + n, HOSTILE, genres=["Crime", "Thriller"], plot="x" * n) for n in range(25)]
    return describe_tables(write_tables(tmp_path_factory.mktemp("tables"), tables))


@pytest.fixture(scope="module")
def page(facts: EdaFacts) -> str:
    """The page of those facts."""
    return render_eda(facts, HOSTILE)


def assert_whole_tables(markdown: str) -> None:
    """Assert that every row of every table has as many cells as its header, and that a rule follows the header."""
    block: list[str] = []
    for line in [*markdown.splitlines(), ""]:
        if line.startswith("|"):
            block.append(line)
            continue
        if block:
            assert set(block[1]) <= set("|- "), block[1]
            assert len(block) > 2
            assert {row.count("|") for row in block} == {block[0].count("|")}, block
        block = []


def test_every_section_is_there_and_the_contents_lead_to_each(facts: EdaFacts, page: str) -> None:
    read = Page(page)
    keys = [section.key for section in build_sections(facts)]
    assert len(keys) == 15
    assert read.ids == keys
    assert [address for address in read.addresses if f"#{address[1:]}" == address and address[1:] in keys] == [f"#{key}" for key in keys]


def test_the_page_fetches_nothing_runs_nothing_and_is_small(page: str) -> None:
    read = Page(page)
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in read.addresses), "only what is within the page"
    assert not {"script", "img", "iframe", "object", "embed", "link", "base"} & set(read.elements)
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)", page)
    assert len(page.encode()) < LARGEST


def test_names_from_the_data_are_shown_as_text(page: str) -> None:
    read = Page(page)
    assert page.count("<script") == 0
    assert read.text.count(HOSTILE) >= 10


def test_every_chart_has_a_name_for_those_who_do_not_see_it(page: str, facts: EdaFacts) -> None:
    read = Page(page)
    assert len(read.graphics) == sum(len(section.charts) for section in build_sections(facts))
    assert all(one["role"] == "img" and len(one["aria-label"] or "") > 20 for one in read.graphics)


def test_every_section_says_what_to_take_from_it_in_a_sentence(facts: EdaFacts) -> None:
    for section in build_sections(facts):
        assert section.take.endswith("."), section.take
        assert section.charts or section.tables


def test_the_same_facts_give_the_same_page(facts: EdaFacts, page: str) -> None:
    """Steps are cached by content, and a version's files are hashed."""
    assert render_eda(facts, HOSTILE) == page


def test_figures_of_the_starter_stand_on_its_page_with_a_note_on_what_it_is(starter: CleaningResult, tmp_path: Path) -> None:
    """One source, and no other table."""
    facts = describe_tables(write_titles(tmp_path, starter.titles))
    text = Page(render_eda(facts)).text
    assert f"{len(starter.titles):,}titles from 1 source" in text
    assert "Starter data" in text
    assert "This version holds no matches, reviews, signals, trends and quarantined rows." in text
    assert f"{int((starter.titles['genres'].map(len) == 2).sum()):,}" in text


def test_a_version_without_a_row_has_a_page_and_markdown_too() -> None:
    facts = describe_tables({})
    read = Page(render_eda(facts))
    assert "This version holds no titles" in read.text
    assert read.graphics == []
    assert "0 titles" in render_eda_markdown(facts)


def test_titles_that_lack_all_but_a_name_are_described(tmp_path: Path) -> None:
    facts = describe_tables(write_tables(tmp_path, {"titles": [title(1)]}))
    keys = [section.key for section in build_sections(facts)]
    assert keys == ["sources", "missing", "genres", "genres-per-title"]
    assert Page(render_eda(facts)).ids == keys


def test_markdown_has_whole_tables_and_shows_names_as_text(facts: EdaFacts) -> None:
    markdown = render_eda_markdown(facts)
    assert_whole_tables(markdown)
    assert "<script" not in markdown
    assert not re.search(r"(?<!\\)\[x(?<!\\)\]", markdown)
    assert [line for line in markdown.splitlines() if line.startswith("## ")] == [f"## {section.heading}" for section in build_sections(facts)]


def test_markdown_names_the_charts_that_are_drawn(facts: EdaFacts) -> None:
    named = re.findall(r"^!\[.+\]\(charts/(.+)\.svg\)$", render_eda_markdown(facts, "charts/"), re.MULTILINE)
    charts = draw_charts(facts)
    assert named == list(charts)
    assert all(svg.startswith("<svg") for svg in charts.values())


@pytest.mark.parametrize(("part", "whole", "said"), [(0, 0, "0%"), (0, 9, "0%"), (1, 900, "<1%"), (1, 2, "50%"), (899, 900, ">99%"), (9, 9, "100%")])
def test_a_share_is_not_rounded_to_nothing_or_all(part: int, whole: int, said: str) -> None:
    assert say_share(part, whole) == said
