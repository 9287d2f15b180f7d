"""Text from outside made fit to be shown: without what can't be seen, within bounds, linked only to the web. Escaping is the templates' business."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

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
