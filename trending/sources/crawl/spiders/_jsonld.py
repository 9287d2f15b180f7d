"""JSON-LD as pages really carry it: several scripts, graphs, lists, references by `@id`, and now and then what is no JSON at all.

Nothing here knows what a film is. Nothing here raises on what a page holds: what can't be read is handed back as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

Node = dict[str, Any]

_TYPE = "application/ld+json"
_DEEP = 200  # brackets; a text with fewer can't be nested deeper than what orjson writes (254 levels)


@dataclass(frozen=True)
class BadBlock:
    """A script that can't be read, and why."""

    reason: str
    text: str


def read_blocks(tree: Any) -> Iterator[Any | BadBlock]:
    """Yield what each JSON-LD script of a parsed page holds: strict JSON at once, anything else after the repairs that extruct knows.

    Args:
        tree: lxml's tree of the page, which is shared with whoever else reads the page.
    """
    for script in tree.iter("script"):
        text = script.text or ""
        if "ld+json" not in script.get("type", "") or not text.strip():
            continue
        if '"schema:' in text:  # names written with a prefix
            text = script.text = text.replace('"schema:', '"')
        try:
            data = _read_text(text, script)
            if text.count("{") + text.count("[") > _DEEP:
                orjson.dumps(data)
        except (ValueError, TypeError, RecursionError) as error:
            yield BadBlock(f"JSON-LD can't be read: {error or type(error).__name__}", text)
        else:
            yield data


def _read_text(text: str, script: Any) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # Comments, trailing commas, control characters. Imported here, for extruct brings much along that is seldom needed.
        from extruct.jsonld import JsonLdExtractor

        script.set("type", _TYPE)  # the only spelling it looks for
        script.text = text + "\n"  # it takes a comment for ended by the end of its line
        items = JsonLdExtractor().extract_items(script)
        orjson.dumps(items)  # numbers and characters that no snapshot can hold
        return items


class Graph:
    """All objects of a page that say what they are, and those that others refer to."""

    def __init__(self, blocks: Iterable[Any]) -> None:
        """Collect them, however deep they lie."""
        self.nodes: list[Node] = []
        self.owned_reviews: set[int] = set()  # id() of reviews that stand in what they are about
        named: dict[str, list[Node]] = {}
        waiting = list(blocks)
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict):
                if "@type" in one:
                    self.nodes.append(one)
                if isinstance(one.get("@id"), str) and len(one) > 1:
                    named.setdefault(one["@id"], []).append(one)
                self.owned_reviews.update(id(review) for key in ("review", "reviews") for review in as_list(one.get(key)))
                waiting.extend(value for value in one.values() if isinstance(value, dict | list))
            elif isinstance(one, list):
                waiting.extend(value for value in one if isinstance(value, dict | list))
        self._named = {name: nodes[0] if len(nodes) == 1 else merge(nodes) for name, nodes in named.items()}

    def whole(self, node: Any) -> Node | None:
        """Return all that the page says of an object, be it given in place or by reference; None for what is no object."""
        if not isinstance(node, dict):
            return self._named.get(node) if isinstance(node, str) else None
        name = node.get("@id")
        return self._named.get(name, node) if isinstance(name, str) else node


def merge(nodes: Iterable[Node]) -> Node:
    """Return one object of several descriptions of it; where they differ, the longest value stands, whatever the order they come in."""
    merged: Node = {}
    for node in nodes:
        for key, value in node.items():
            if key not in merged or _weight(value) > _weight(merged[key]):
                merged[key] = value
    return merged


def _weight(value: Any) -> tuple[int, bytes]:
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return len(text), text


def types_of(node: Node) -> set[str]:
    """Return the local names of an object's types: "http://schema.org/Movie" is Movie."""
    only = node.get("@type")
    if isinstance(only, str) and only.isalpha():
        return {only}
    return {name.rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1] for name in as_list(only) if isinstance(name, str)}


def as_list(value: Any) -> list[Any]:
    """Return a property's values, of which JSON-LD gives one as itself and none as nothing."""
    return value if isinstance(value, list) else [] if value is None else [value]


def texts_of(value: Any) -> list[str]:
    """Return a property's texts: plain, numbers, `@value`s, and the names of objects."""
    found = []
    for one in as_list(value):
        inner = (one.get("@value") or one.get("name")) if isinstance(one, dict) else one
        inner = next(iter(texts_of(inner)), None) if isinstance(inner, list | dict) else inner
        if isinstance(inner, str | int | float) and not isinstance(inner, bool) and str(inner).strip():
            found.append(str(inner).strip())
    return found


def text_of(value: Any) -> str | None:
    """Return a property's first text, or None."""
    if value is None or isinstance(value, str):  # by far the most
        return (value or "").strip() or None
    return next(iter(texts_of(value)), None)
