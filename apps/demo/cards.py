"""Markdown of ours (cards, answers of the chat) as HTML: without markup of its own, without pictures, with links to titles as links of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from markupsafe import Markup

from apps.demo.route import link_title
from apps.demo.text import check_url

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


@lru_cache(maxsize=1)
def _make_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def _render(text: str, change: Callable[[Token], None]) -> Markup:
    parser = _make_parser()
    tokens = parser.parse(text)
    for token in _walk(tokens):
        change(token)
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def _walk(tokens: Iterable[Token]) -> Iterable[Token]:
    for token in tokens:
        yield token
        yield from _walk(token.children or [])


@lru_cache(maxsize=8)
def render_card(text: str) -> Markup:
    """Return a model's or data card whose headings go below the page's and whose wide tables can be scrolled by keyboard."""
    return _render(text, _fit_card)


def render_answer(text: str) -> Markup:
    """Return an answer of the chat; the target of a link that isn't a web address is a title's id."""
    return _render(text, _fit_answer)


def _fit_card(token: Token) -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    elif token.type == "table_open":
        token.attrSet("tabindex", "0")


def _fit_answer(token: Token) -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = "h4"
    elif token.type == "link_open":
        target = str(token.attrGet("href") or "")
        token.attrSet("href", check_url(target) or link_title(unquote(target)))
        if check_url(target):
            token.attrSet("rel", "noopener noreferrer external")
