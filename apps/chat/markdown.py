"""Markdown and terminal text that catalogue, reviews and models can't break: what they wrote becomes words, never markup, links or control codes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import quote

from trending.answers import Attribution

# What begins something in the middle of a line; a reply never begins a line with foreign text.
_SPECIAL = re.compile(r"([\\`*_\[\]<>&~$|^#])")
_ADDRESS = re.compile(r"(?i)\b(\w+):(?=//|\w+\.)|\b(www)\.|(?<=\w)(@)(?=\w)")
_ID = re.compile(r"[a-z][a-z0-9_]*:[^\s<>()\[\]]+")
# A catalogue could name its source so; a browser would act on it.
_SCHEMES = ("about", "blob", "data", "file", "ftp", "http", "https", "javascript", "mailto", "sms", "tel", "vbscript", "view-source", "ws", "wss")
_WEB = re.compile(r"https?://[\w.-]+(?::\d+)?(?:/[\w./~%+=&?,;:@-]*)?")
LINK = re.compile(r"\[((?:\\.|[^\[\]\\])*)\]\(([^()\s]*)\)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def clean_line(text: str, most: int = 400) -> str:
    """Return text on one line without controls and hidden or directional marks, cut at a word."""
    visible = "".join(" " if char in "\t\n\r\v\f\u2028\u2029\x85" else char for char in text[: 4 * most] if _is_visible(char))
    line = " ".join(visible.split())
    return line if len(line) <= most else f"{line[: most - 1].rsplit(' ', 1)[0] or line[: most - 1]}…"


def strip_controls(text: str) -> str:
    """Return text whose only control is the newline."""
    return "".join(char for char in text if char == "\n" or (_is_visible(char) and char not in "\t\r\v\f\x85\u2028\u2029"))


def escape(text: str, most: int = 400) -> str:
    """Return foreign text as Markdown that shows just its words."""
    line = _SPECIAL.sub(r"\\\1", clean_line(text, most))
    return _ADDRESS.sub(lambda found: f"{found[1]}\\:" if found[1] else f"{found[2]}\\." if found[2] else "\\@", line)


def link_title(title: str, title_id: str) -> str:
    """Return `[title](id)`."""
    return f"[{escape(title, 120)}]({encode_id(title_id)})"


def encode_id(title_id: str) -> str:
    """Return an id as the target of a link; one that a browser would take for an address loses its colon."""
    scheme, colon, rest = title_id.partition(":")
    safe = colon and re.fullmatch(r"[a-z][a-z0-9_]*", scheme) and scheme not in _SCHEMES
    return f"{scheme}:{quote(rest, safe='~')}" if safe else quote(title_id, safe="~")


def replace_links(text: str, make: Callable[[str, str], str]) -> str:
    """Return Markdown with every link made anew from its text and target."""
    return LINK.sub(lambda found: make(found[1], found[2]), text)


def cite_source(attribution: Attribution) -> str:
    """Return where a row is from, and under what licence."""
    name = escape(attribution.source, 60)
    shown = f"[{name}]({attribution.url})" if attribution.url and _WEB.fullmatch(attribution.url) and len(attribution.url) < 300 else name
    return f"{shown} ({escape(attribution.licence, 60)})" if attribution.licence else shown


def to_plain(text: str) -> str:
    """Return Markdown of ours as plain text for a terminal: a link to a title shows its id after it, emphasis goes."""
    plain = replace_links(text, lambda shown, target: f"{shown} [{target}]" if _ID.fullmatch(target) else shown)
    plain = re.sub(r"(?<!\\)(\*\*|(?<!\w)_(?=\S)|(?<=\S)_(?!\w))", "", plain)
    return strip_controls(_ESCAPED.sub(r"\1", plain))


def _is_visible(char: str) -> bool:
    return char in "\t\n\r\v\f\x85\u2028\u2029" or unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cs", "Cn")
