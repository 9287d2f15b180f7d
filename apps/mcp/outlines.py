"""Schemas as short as they can be and still be true: a client pays for every byte of tools/list in each conversation.

Inputs keep descriptions, limits and allowed values. Outputs keep the names and types of an answer's fields and of what lies in them; a part that several
tools answer with is described by the first one, and only called an object by the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEPTH = 2
_NULL = {"type": "null"}
_KEPT_OF_OUTPUT = ("type", "enum", "const")


def trim_input(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool's input schema without titles, and with optional arguments as arguments one may leave out rather than as null."""
    trimmed = _trim(schema)
    properties = {name: _drop_null(one) for name, one in trimmed.get("properties", {}).items()}
    return {**trimmed, "properties": properties, "additionalProperties": False}


class Outliner:
    """Makes short output schemas of tools, in the order they are listed."""

    def __init__(self) -> None:
        """Start with nothing described."""
        self._described: set[str] = set()

    def outline(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return a schema that every answer of the full one fulfils too."""
        self._described.add(schema.get("title", ""))
        return self._outline(schema, schema.get("$defs", {}), _DEPTH)

    def _outline(self, node: Mapping[str, Any], parts: Mapping[str, Any], depth: int) -> dict[str, Any]:
        if "$ref" in node:
            return self._outline_part(node["$ref"].rpartition("/")[2], parts, depth)
        if "anyOf" in node:
            # What is null by default is left out of answers.
            left_out = "default" in node and node["default"] is None
            branches = [self._outline(branch, parts, depth) for branch in node["anyOf"] if not (left_out and branch == _NULL)]
            return branches[0] if len(branches) == 1 else {"anyOf": branches}
        kept: dict[str, Any] = {key: node[key] for key in _KEPT_OF_OUTPUT if key in node}
        if depth and "properties" in node:
            kept["properties"] = {name: self._outline(one, parts, depth - 1) for name, one in node["properties"].items()}
            if depth == _DEPTH and node.get("required"):
                kept["required"] = node["required"]
        if depth and isinstance(node.get("items"), Mapping):
            kept["items"] = self._outline(node["items"], parts, depth)
        return kept

    def _outline_part(self, name: str, parts: Mapping[str, Any], depth: int) -> dict[str, Any]:
        if not depth or name in self._described:
            return {key: parts[name][key] for key in _KEPT_OF_OUTPUT if key in parts[name]}
        self._described.add(name)
        return self._outline(parts[name], parts, depth)


def _trim(node: Any) -> Any:
    """Drop titles that generators make; a property may still be called title."""
    if isinstance(node, list):
        return [_trim(one) for one in node]
    if not isinstance(node, Mapping):
        return node
    return {
        key: {name: _trim(one) for name, one in value.items()} if key in ("properties", "$defs") else _trim(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
    }


def _drop_null(property_schema: dict[str, Any]) -> dict[str, Any]:
    branches = property_schema.get("anyOf", [])
    if _NULL not in branches or len(branches) != 2:
        return property_schema
    kept = next(branch for branch in branches if branch != _NULL)
    rest = {key: value for key, value in property_schema.items() if key != "anyOf" and not (key == "default" and value is None)}
    return {**kept, **rest}
