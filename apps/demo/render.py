"""Templates to HTML. Everything that isn't a template's own text is cleaned and escaped: a catalogue is data from outside, whatever stands in it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from apps.demo import drawing, posters, words
from apps.demo.route import link_title
from apps.demo.text import check_url, clean_text, clip_text

_TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


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
    found.globals |= {"link_title": link_title, "draw_sparkline": drawing.draw_sparkline, "draw_poster": posters.draw_poster}
    return found


def render(template: str, **context: Any) -> Markup:
    """Return a template filled in."""
    return Markup(_environment().get_template(f"{template}.html").render(context))


def read_static(name: str) -> str:
    """Return the text of a file of `static/`."""
    return (STATIC / name).read_text(encoding="utf-8")
