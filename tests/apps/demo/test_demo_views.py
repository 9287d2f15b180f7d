"""What the views say, as text: no browser, no server. Escaping, wording and figures are checked here, their looks elsewhere."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from apps.demo import words
from apps.demo.cards import render_answer, render_card
from apps.demo.drawing import draw_sparkline
from apps.demo.posters import draw_poster
from apps.demo.route import Route
from apps.demo.text import check_url, clean_text
from apps.demo.views import Shown, choose_pick, show, try_plot
from tests.apps.demo.samples import ATTACK, HOSTILE_IDS
from trending.answers import TrendPoint
from trending.errors import UsageError
from trending.genres import GENRES
from trending.predictions import GenrePrediction, Prediction
from trending.service.live import LiveService
from trending.service.service import TitleService

DAY = dt.date(2026, 11, 24)


class _Reader(HTMLParser):
    """Collects what a browser would make of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    return reader


def _check_harmless(html: str) -> None:
    found = _read(html)
    assert not found.tags & {"script", "img", "iframe", "object", "embed", "style", "template"}
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert not [value for name, value in found.attributes if name in ("href", "src", "action") and not value.startswith(("?", "http://", "https://", "#"))]
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)


@pytest.mark.parametrize("title_id", HOSTILE_IDS)
def test_a_hostile_title_is_shown_as_text(lives: dict[str, LiveService], title_id: str) -> None:
    """Markup, controls, formulas, a megabyte and an odd id reach the reader as harmless text of bounded size, on a title's own page."""
    shown = show(lives["sample"], Route(view="title").link(title=title_id), DAY)
    assert shown.view == "title"
    assert 'class="title-page"' in shown.html
    assert len(shown.html) < 100_000
    _check_harmless(shown.html)


@pytest.mark.parametrize(
    "query", ["", "?q=haunted", "?view=search", "?q=" + "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "?genre=%22%3E%3Cscript%3E", "?title=%3Cimg%20src%3Dx%3E"]
)
def test_lists_and_addresses_that_mean_harm_stay_text(lives: dict[str, LiveService], query: str) -> None:
    """The same where titles stand in lists, and for whatever somebody writes into an address."""
    _check_harmless(show(lives["sample"], query, DAY).html)


def test_a_pasted_attack_stays_text(lives: dict[str, LiveService]) -> None:
    """A plot is echoed with marks in it, and as a hidden field of the form that flags it: nothing else of it becomes markup."""
    html = try_plot(lives["sample"], f"A vampire haunts a castle. {ATTACK}\x1b[31m")
    _check_harmless(html)
    assert "&lt;script&gt;" in html


def test_cards_and_answers_show_markup_as_text() -> None:
    """Markdown's own HTML, pictures and script links don't pass."""
    text = f"# Card\n\n{ATTACK}\n\n![x](https://evil.example/x.png) [y](javascript:alert(1)) [z](data:text/html,x)\n\n| a |\n| - |\n| <b onclick=x>b</b> |"
    for html in (render_card(text), render_answer(text)):
        _check_harmless(html)
        assert "evil.example/x.png" not in [value for _, value in _read(html).attributes if _ == "src"]


def test_links_of_answers_lead_to_titles() -> None:
    """`[title](id)` becomes a link of the page, a web address stays one."""
    html = render_answer("[Psycho](starter:12) and [odd](x:%27a%26b) of [TVmaze](https://www.tvmaze.com/)")
    assert '<a href="?title=starter%3A12">Psycho</a>' in html
    assert "?title=x%3A%27a%26b" in html
    assert 'href="https://www.tvmaze.com/" rel="noopener noreferrer external"' in html


@pytest.mark.parametrize(
    ("query", "view"),
    [
        ("", "trending"),
        ("?genre=Drama", "trending"),
        ("?q=", "search"),
        ("?q=x", "search"),
        ("?title=a%3Ab&q=x", "title"),
        ("?view=chat", "chat"),
        ("?view=nonsense", "trending"),
        ("?view=title", "trending"),
        ("?__theme=dark", "trending"),
    ],
)
def test_an_address_names_its_view(query: str, view: str) -> None:
    """Every address leads somewhere sensible."""
    assert Route.parse(query).view == view


def test_links_keep_what_they_do_not_change() -> None:
    """A link made from an address is read back the same; changing a filter forgets the page."""
    route = Route.parse("?view=search&q=a%26b&genre=Science+Fiction&from_year=1960&cursor=abc")
    assert Route.parse(route.link(cursor="abc")) == route
    assert Route.parse(route.link(genre="Drama")) == Route(view="search", q="a&b", genre="Drama", from_year="1960")


def test_an_absurd_address_is_refused() -> None:
    """A value no link of ours has is an error, not work."""
    with pytest.raises(UsageError):
        Route.parse("?q=" + "x" * 3_000)


@pytest.mark.parametrize(
    "query", ["?view=search&from_year=soon", "?view=search&min_score=900", "?window=decade", "?q=x&cursor=forged", "?language=klingon", "?title=" + "x" * 1_900]
)
def test_wrong_values_are_explained(lives: dict[str, LiveService], query: str) -> None:
    """Whatever can be mistyped gives a view that says what is wrong."""
    shown = show(lives["sample"], query, DAY)
    assert 'role="alert"' in shown.html
    assert "Traceback" not in shown.html


def test_the_pick_is_the_same_all_day_and_changes(service: TitleService) -> None:
    """Everybody sees one pick a day; over a month there are many."""
    titles = service.search("", None, 50).titles
    days = [DAY + dt.timedelta(days=one) for one in range(30)]
    picks = [choose_pick(titles, day) for day in days]
    assert picks == [choose_pick(titles, day) for day in days]
    assert len({one.title_id for one in picks if one}) > 10
    assert choose_pick([], DAY) is None


def _predict(scores: dict[str, float], threshold: float = 0.3) -> tuple[Prediction, dict[str, float]]:
    full = dict.fromkeys(GENRES, 0.01) | scores
    found = [GenrePrediction(genre=name, probability=score, threshold=threshold, evidence=[]) for name, score in scores.items() if score >= threshold]
    doubtful = [name for name, score in full.items() if 0.25 <= score <= 0.35]
    return Prediction(genres=found, scores=full, uncertain=doubtful), dict.fromkeys(GENRES, threshold)


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ({"Horror": 0.91}, "Horror is very likely."),
        (
            {"Horror": 0.91, "Crime": 0.85, "Drama": 0.6, "War": 0.31, "Music": 0.28},
            "Horror and Crime are very likely; Drama is likely; War is borderline. Music came close.",
        ),
        ({"Horror": 0.2}, "The model isn't sure enough of any genre. Its best guess, Horror, reaches 20%, below its threshold of 30%."),
    ],
)  # fmt: skip
def test_doubt_is_said_in_words(scores: dict[str, float], said: str) -> None:
    """Likely, borderline, close and unsure each have their words."""
    assert words.say_uncertainty(*_predict(scores)) == said


def test_evidence_is_marked_in_the_text() -> None:
    """Case and punctuation don't matter, parts of words don't count, longer phrases win, the rest is escaped."""
    marked = words.mark_evidence("The Haunted, house & a house<b> housed", ["haunted house", "house", ""])
    assert marked == "The <mark>Haunted, house</mark> &amp; a <mark>house</mark>&lt;b&gt; housed"


def test_texts_and_links_are_cleaned() -> None:
    """What can't be seen goes, what is huge is cut, and only web addresses are links."""
    assert clean_text("a\x00b\u202ec\nd") == "abc\nd"
    assert len(clean_text("x" * 1_000_000)) == 20_000
    assert check_url("https://example.org/a?b=c") == "https://example.org/a?b=c"
    assert [check_url(one) for one in ("javascript:alert(1)", "data:text/html,x", "//evil.example", "https:evil", "ftp://x", "http://[bad", None, "")] == [
        None
    ] * 8


def test_pictures_are_stable_and_described(service: TitleService) -> None:
    """A title always has the same picture, titles differ, and a trend's line says in words where it goes."""
    cards = service.search("", None, 50).titles
    assert [draw_poster(one) for one in cards] == [draw_poster(one) for one in cards]
    assert len({draw_poster(one) for one in cards}) > 40
    history = [TrendPoint(as_of=DAY, score=score) for score in (0.5, 0.2, 1.25)]
    assert "Trending score over 3 weeks: up, from 0.50 to 1.25" in draw_sparkline(history)
    assert draw_sparkline(history[:1]) == ""
    assert "level" in draw_sparkline([history[0], history[0]])


def test_every_title_carries_its_source(lives: dict[str, LiveService]) -> None:
    """As many attributions as cards, in every list."""
    for query in ("", "?q=haunted", "?title=starter:38a184f211f9"):
        html = show(lives["sample"], query, DAY).html
        assert html.count('class="source"') >= html.count('class="card-title"') > 0


def test_importing_the_page_costs_nothing_before_it_is_made() -> None:
    """`apps.demo` is imported by the server at start: Gradio must not be."""
    code = "import sys, apps.demo; sys.exit(any(name in sys.modules for name in ('gradio', 'litellm', 'mcp')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_broken_view_is_a_page_too(lives: dict[str, LiveService], monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours shows a sentence and goes to the log, never into the page."""

    def fail(*_: object) -> Shown:
        raise RuntimeError("secret detail")

    monkeypatch.setitem(show.__globals__["_VIEWS"], "about", fail)
    shown = show(lives["sample"], "?view=about", DAY)
    assert "Something broke" in shown.html
    assert "secret" not in shown.html


def test_a_chat_that_is_left_stops_its_work(lives: dict[str, LiveService]) -> None:
    """Closing the stream of an answer cancels what was asked, and the transcript so far is escaped."""
    from apps.demo.chat import converse
    from apps.mcp.server import create_server

    async def leave() -> tuple[str, int]:
        stream = converse(create_server(lives["sample"]), f"What's trending? {ATTACK}", [])
        first = await anext(stream)
        await stream.aclose()
        await asyncio.sleep(0)
        return first, len(asyncio.all_tasks())

    first, tasks = asyncio.run(leave())
    _check_harmless(first)
    assert tasks == 1
