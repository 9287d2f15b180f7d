"""A hostile catalogue can't make the chat's answers into markup, links or terminal codes, and what a reader sees is still its words."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from mcp import Client
from mcp.server.mcpserver import MCPServer

from apps.chat import Answer, ChatAgent, Done
from apps.chat.markdown import LINK, clean_line, encode_id, escape, link_title, strip_controls, to_plain
from apps.mcp.server import create_server
from tests.apps.chat_release import HOSTILE_TITLE, Lender

QUESTIONS = (
    "what's trending in horror?",
    "what is made:t11 about?",
    "tell me about made:t11",
    "is made:t11 any good?",
    "something like made:t11",
    "films about fog",
    "compare made:t11 and made:t12",
    "is [x](https://evil.example) <b>y</b> any good?",
    "films about ](https://evil.example) <script>alert(1)</script>",
    "something like made:t11 but about [x](https://evil.example) <b>y</b>",
    "horror films without www.evil.example",
    "Evil](https://evil.example) Ticket <b>Night</b>",
)
TARGETS = ("made:", "starter:", "https://made.example/")
READER = MarkdownIt("commonmark", {"html": True})
# Some readers make links of bare addresses.
BARE_ADDRESS = re.compile(r"(?i)\w://|\bwww\.|\w@\w|\bmailto:")


@pytest.fixture(scope="module")
def server(chat_home: Path) -> MCPServer[Any]:
    """The real MCP server over the chat's release, which has a hostile title."""
    return create_server(Lender(chat_home))


def ask(server: MCPServer[Any], question: str) -> Answer:
    """Return the rules' answer."""

    async def listen() -> Answer:
        async with Client(server) as client:
            events = [event async for event in ChatAgent(client).answer(question)]
            assert isinstance(events[-1], Done)
            return events[-1].answer

    return asyncio.run(listen())


def find_markup(text: str) -> tuple[list[str], list[str]]:
    """Return the targets of links and the pieces of HTML and pictures that a reader would make of a text."""
    tokens = [one for block in READER.parse(text) for one in [block, *(block.children or [])]]
    text_only = LINK.sub("", text)
    assert not BARE_ADDRESS.search(text_only), text_only
    links = [str(one.attrs["href"]) for one in tokens if one.type == "link_open"]
    return links, [one.content or one.type for one in tokens if one.type in ("html_inline", "html_block", "image", "code_inline", "fence", "code_block")]


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_about_hostile_titles_hold_our_links_only(server: MCPServer[Any], question: str) -> None:
    """Links lead to titles and sources; there is no HTML, picture, code or control character, though the words are shown."""
    answer = ask(server, question)
    links, markup = find_markup(answer.text)
    assert all(link.startswith(TARGETS) for link in links), answer.text
    assert not markup, answer.text
    assert strip_controls(answer.text) == answer.text
    assert "\u202e" not in answer.text
    if "made:t11" in answer.cited:
        assert "<img src=x onerror=alert(1)>" in to_plain(answer.text)


@given(st.text(max_size=80) | st.text(alphabet="[]()*_`<>!&\\:/@.#~$|^ \nahtpsw", max_size=60))
@settings(max_examples=300, deadline=None)
def test_escaped_text_is_read_as_its_own_words(text: str) -> None:
    """Whatever the text, a Markdown reader makes plain words of it, the same words."""
    escaped = escape(text)
    inline = READER.parseInline(f"x {escaped} x")[0].children or []
    assert not BARE_ADDRESS.search(escaped), escaped
    assert {one.type for one in inline} <= {"text", "text_special"}, escaped
    assert " ".join("".join(one.content for one in inline).split()) == " ".join(f"x {clean_line(text)} x".split())


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_id_is_a_target_no_browser_acts_on(title_id: str) -> None:
    """An id becomes one link whose target has no scheme a browser knows."""
    links, markup = find_markup(f"- {link_title('Name', title_id)}")
    assert links in ([encode_id(title_id)], [""]), title_id
    assert not markup
    scheme = encode_id(title_id).partition(":")
    assert not scheme[1] or scheme[0] not in ("javascript", "data", "http", "https", "vbscript", "file", "mailto")


@pytest.mark.parametrize(
    "title_id", ["javascript:alert(1)", "data:text/html,x", "JavaScript:alert(1)", "https://evil.example", "made:a) [x](https://evil.example", "made:\x1b[31m"]
)
def test_hostile_ids_are_encoded(title_id: str) -> None:
    """A source called javascript stays a name."""
    links, _ = find_markup(link_title("Name", title_id))
    assert len(links) == 1
    assert not links[0].lower().startswith(("javascript:", "data:", "https:"))
    assert "\x1b" not in links[0]


def test_long_fields_are_cut() -> None:
    """A field of a megabyte becomes a line."""
    assert len(escape("word " * 200_000)) <= 400
    assert len(clean_line(HOSTILE_TITLE * 10_000, 120)) <= 120
