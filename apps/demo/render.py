"""Templates to HTML. Everything that isn't a template's own text is cleaned and escaped: a catalogue is data from outside, whatever stands in it."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from apps.demo import drawing, words
from apps.demo.route import link_title

_TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
# C0 and C1 controls but for tab and line ends, and what turns the direction of text or hides in it.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_MAX_CHARS = 20_000


def clean_text(value: Any) -> Any:
    """Return a text without characters that can't be seen, cut at 20,000; other values as they are."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return clip_text(_UNSEEN.sub("", value), _MAX_CHARS)


def clip_text(value: str, most: int) -> str:
    """Return at most `most` characters, the last an ellipsis if some were cut."""
    return value if len(value) <= most else value[: most - 1].rstrip() + "…"


def check_url(url: str | None) -> str | None:
    """Return an address if it leads to a web page, else None: `javascript:` and the like are never linked."""
    if not url or len(url) > _MAX_CHARS or _UNSEEN.search(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


@lru_cache(maxsize=1)
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=clean_text
    )
    found.filters |= {
        "clip": clip_text,
        "web": check_url,
        "language": words.name_language,
        "kind": words.name_kind,
        "percent": words.say_percent,
        "source": words.name_source,
        "many": words.say_many,
    }
    found.globals |= {"link_title": link_title, "draw_sparkline": drawing.draw_sparkline, "draw_poster": drawing.draw_poster}
    return found


def render(template: str, **context: Any) -> Markup:
    """Return a template filled in."""
    return Markup(_environment().get_template(f"{template}.html").render(context))


def read_static(name: str) -> str:
    """Return the text of a file of `static/`."""
    return (STATIC / name).read_text(encoding="utf-8")
