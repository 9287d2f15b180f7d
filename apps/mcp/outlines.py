"""Schemas as short as they can be and still be true: a client pays for every byte of tools/list in each conversation.

Inputs keep descriptions, limits and allowed values. Outputs keep the names and types of an answer's fields, and the names of what lies
in them; anything deeper, and the types there, they leave open.
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


def outline_output(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return an output schema that every answer of the full one fulfils too."""
    return _outline(schema, schema.get("$defs", {}), _DEPTH)


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


def _outline(node: Mapping[str, Any], definitions: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if "$ref" in node:
        return _outline(definitions[node["$ref"].rpartition("/")[2]], definitions, depth)
    if "anyOf" in node:
        # What is null by default is left out of answers.
        left_out = "default" in node and node["default"] is None
        return _outline_choice([_outline(branch, definitions, depth) for branch in node["anyOf"] if not (left_out and branch == _NULL)])
    if not depth:
        return {}
    kept: dict[str, Any] = {key: node[key] for key in _KEPT_OF_OUTPUT if key in node}
    if "properties" in node:
        kept["properties"] = {name: _outline(one, definitions, depth - 1) for name, one in node["properties"].items()}
        if depth == _DEPTH and node.get("required"):
            kept["required"] = node["required"]
    if isinstance(node.get("items"), Mapping):
        kept["items"] = _outline(node["items"], definitions, depth)
    return kept


def _outline_choice(branches: list[dict[str, Any]]) -> dict[str, Any]:
    """Return alternatives as one schema where that says the same."""
    others = [branch for branch in branches if branch != _NULL]
    if len(branches) == 1 or not all(branches):
        return branches[0] if len(branches) == 1 else {}
    return {**others[0], "type": [others[0]["type"], "null"]} if len(others) == 1 and "enum" not in others[0] else {"anyOf": branches}
