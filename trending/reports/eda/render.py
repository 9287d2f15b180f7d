"""The report as a page that carries everything within itself, and as Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from trending.reports.charts import describe_chart
from trending.reports.eda import label_sections, side_sections, title_sections
from trending.reports.eda.facts import EdaFacts
from trending.reports.eda.section import Section, Table, count_of, list_names, say_share
from trending.reports.markdown import render_rows
from trending.reports.page import render_cards, render_page, render_table
from trending.sources.starter import STARTER_NOTE, STARTER_SOURCE

_OPEN_ROWS = 12  # longer tables are folded away on the page
_STYLE = Markup(
    "<style>nav.toc{display:flex;flex-wrap:wrap;gap:6px 8px;margin:18px 0 4px}nav.toc a{color:var(--accent);text-decoration:none;"
    "border:1px solid var(--line);border-radius:999px;padding:2px 12px;font-size:13px}nav.toc a:hover{background:var(--tint)}"
    "section{border-top:1px solid var(--line);margin-top:30px;padding-top:2px}section h2{font-size:20px;margin-top:22px}"
    "p.take{font-size:16px;max-width:78ch;margin:0 0 10px}h3{font-size:13px;color:var(--soft);font-weight:600;margin:18px 0 4px}"
    "details{margin:10px 0}summary{cursor:pointer;color:var(--soft);font-size:13px;font-weight:600}"
    "figure{margin:14px 0 4px}figure svg{width:100%;min-width:620px}section table{width:auto;min-width:min(100%,440px)}"
    # Columns that hold words.
    "#sources :is(td,th):nth-child(2),#signals :is(td,th):nth-child(2),#quarantine :is(td,th):nth-child(-n+3){text-align:left}"
    "#trends :is(td,th):is(:nth-child(2),:nth-child(4)){text-align:left;white-space:normal}#trends td{vertical-align:top}</style>"
)
_ENVIRONMENT = Environment(autoescape=True, undefined=StrictUndefined)
_SECTION = _ENVIRONMENT.from_string(
    '<section id="{{ one.key }}"><h2>{{ one.heading }}</h2><p class="take">{{ one.take }}</p>'
    "{% for svg, alt in charts %}<figure>{{ svg }}<figcaption>{{ alt }}</figcaption></figure>{% endfor %}"
    "{% for caption, table, folded in tables %}{% if folded %}<details><summary>{{ caption }}</summary>{{ table }}</details>"
    "{% else %}<h3>{{ caption }}</h3>{{ table }}{% endif %}{% endfor %}</section>"
)
_TOC = _ENVIRONMENT.from_string(
    '<nav class="toc" aria-label="Sections">{% for one in sections %}<a href="#{{ one.key }}">{{ one.heading }}</a>{% endfor %}</nav>'
)


def build_sections(facts: EdaFacts) -> list[Section]:
    """Return the sections there is something to say in, in the order they are read."""
    titles = facts.titles
    found: list[Section | None] = []
    if titles.rows:
        found += [
            title_sections.describe_sources(titles),
            title_sections.describe_years(titles),
            title_sections.describe_missing(titles),
            label_sections.describe_genres(titles),
            label_sections.describe_genres_per_title(titles),
            label_sections.describe_pairs(titles),
            title_sections.describe_plots(titles),
            title_sections.describe_leaks(titles),
            label_sections.describe_ratings(titles),
            label_sections.describe_places(titles),
        ]
    found += [
        side_sections.describe_overlap(facts.overlap),
        side_sections.describe_reviews(facts.reviews),
        side_sections.describe_signals(facts.signals),
        side_sections.describe_trends(facts.trends),
        side_sections.describe_quarantine(facts.quarantine),
    ]
    return [section for section in found if section is not None]


def render_eda(facts: EdaFacts, name: str = "") -> str:
    """Return the report as one HTML page without anything to fetch.

    Args:
        facts: The facts of a data version.
        name: The version's name, for the heading.
    """
    sections = build_sections(facts)
    parts = [_STYLE, render_cards(_list_cards(facts)), Markup(_TOC.render(sections=sections)), *(_render_section(section) for section in sections)]
    heading = f"What the data look like: {name}" if name else "What the data look like"
    return render_page(heading, _say_lead(facts), parts, _list_notes(facts))


def render_eda_markdown(facts: EdaFacts, images: str = "images/eda-") -> str:
    """Return the report's sections as Markdown, to stand below a heading of the caller's.

    Args:
        facts: The facts of a data version.
        images: What the address of a chart begins with; `NAME.svg` follows (see `draw_charts`).
    """
    lines = [_say_lead(facts), "", *(f"> {note}\n" for note in _list_notes(facts))]
    for section in build_sections(facts):
        lines += [f"## {section.heading}", "", _plain(section.take), ""]
        for chart in section.charts:
            lines += [f"![{_plain(chart.alt)}]({images}{chart.name}.svg)", ""]
        for table in filter(lambda one: one.rows, section.tables):
            lines += [f"{_plain(table.caption)}:", "", *render_rows([_plain(cell) for cell in table.header], _plain_rows(table))]
    return "\n".join(lines)


def draw_charts(facts: EdaFacts) -> dict[str, str]:
    """Draw every chart of the report, as SVG by name."""
    return {chart.name: chart.draw() for section in build_sections(facts) for chart in section.charts}


def _render_section(section: Section) -> Markup:
    charts = [(Markup(describe_chart(chart.draw(), chart.alt)), chart.alt) for chart in section.charts]
    tables = [
        (table.caption, render_table(table.header, table.rows), bool(charts) and (table.repeats or len(table.rows) > _OPEN_ROWS))
        for table in section.tables
        if table.rows
    ]
    return Markup(_SECTION.render(one=section, charts=charts, tables=tables))


def _list_cards(facts: EdaFacts) -> list[tuple[Any, str]]:
    titles = facts.titles
    plots = sum(one.n for one in titles.plot_chars.values())
    return [
        (f"{titles.rows:,}", f"titles from {count_of(len(titles.missing), 'source')}"),
        (f"{titles.types.movie:,} / {titles.types.tv:,}", "films / TV shows"),
        (f"{facts.overlap.works or titles.groups:,}", "works: rows of one film or show together" if facts.overlap.works else "title groups"),
        (say_share(plots, titles.rows), "of titles have a plot"),
        (f"{facts.reviews.rows:,}", "reviews"),
        (f"{facts.signals.rows:,}", "popularity signals"),
        (f"{sum(one.rows for one in facts.quarantine):,}", "rows in quarantine"),
    ]


def _say_lead(facts: EdaFacts) -> str:
    return (
        f"{count_of(facts.titles.rows, 'title')}, {count_of(facts.reviews.rows, 'review')} and {count_of(facts.signals.rows, 'popularity signal')}. "
        "Each section begins with what to take from it; the figures are below the chart."
    )


def _list_notes(facts: EdaFacts) -> list[str]:
    notes = [STARTER_NOTE] if set(facts.titles.missing) == {STARTER_SOURCE} else []
    absent = side_sections.list_absent(facts)
    return notes + ([f"This version holds no {list_names(absent, len(absent))}."] if absent else [])


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is: data must not become markup."""
    return re.sub(r"([\\\[\]*`])", r"\\\1", html.escape(" ".join(text.split()), quote=False))


def _plain_rows(table: Table) -> Iterable[Sequence[Any]]:
    return ([_plain(cell) if isinstance(cell, str) else cell for cell in row] for row in table.rows)
