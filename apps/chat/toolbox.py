"""The tools of the MCP server as the chat calls them: each call is announced, summed up and remembered, with the titles and sources it brought."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from apps.chat.answers import ChatEvent, Mention, ToolFinished, ToolStarted, ToolUse
from apps.chat.markdown import clean_line
from trending.answers import Attribution
from trending.errors import TrendingError

if TYPE_CHECKING:
    from mcp import Client

AnswerModel = TypeVar("AnswerModel", bound=BaseModel)


class ToolFailed(TrendingError):  # noqa: N818
    """A tool refused; its line says how to ask instead."""


class Toolbox:
    """Calls tools for one answer."""

    def __init__(self, client: Client, emit: Callable[[ChatEvent], None]) -> None:
        """Take a connected client, and what is told of every call."""
        self._client = client
        self._emit = emit
        self.calls: list[ToolUse] = []
        self.titles: dict[str, Mention] = {}
        self.sources: dict[str, Attribution] = {}
        self.results: list[str] = []

    async def call(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call a tool and return its structured content.

        Raises:
            ToolFailed: If it answers with an error.
        """
        from mcp import MCPError

        given = dict(arguments)
        self._emit(ToolStarted(name=name, arguments=given))
        try:
            result = await self._client.call_tool(name, given)
        except MCPError as error:
            raise self._fail(name, given, str(error)) from error
        text = "".join(part.text for part in result.content if part.type == "text")
        if result.is_error:
            raise self._fail(name, given, text)
        content: dict[str, Any] = result.structured_content if result.structured_content is not None else json.loads(text)
        self._remember(content)
        self._note(ToolUse(name=name, arguments=given, summary=sum_up(content)))
        return content

    async def ask(self, model: type[AnswerModel], name: str, **arguments: Any) -> AnswerModel:
        """Call a tool and return its answer as the service's own type; arguments that are None are left out."""
        content = await self.call(name, {key: value for key, value in arguments.items() if value is not None})
        return model.model_validate(content)

    async def read(self, uri: str) -> dict[str, Any]:
        """Read one of the server's resources, which is JSON."""
        self._emit(ToolStarted(name="read_resource", arguments={"uri": uri}))
        result = await self._client.read_resource(uri)
        content: dict[str, Any] = json.loads("".join(getattr(part, "text", "") for part in result.contents))
        self._note(ToolUse(name="read_resource", arguments={"uri": uri}, summary=sum_up(content)))
        return content

    def _fail(self, name: str, arguments: dict[str, Any], reason: str) -> ToolFailed:
        line = clean_line(reason)
        self._note(ToolUse(name=name, arguments=arguments, summary=line, failed=True))
        return ToolFailed(line)

    def _note(self, use: ToolUse) -> None:
        self.calls.append(use)
        self._emit(ToolFinished(name=use.name, summary=use.summary, failed=use.failed))

    def _remember(self, content: Mapping[str, Any]) -> None:
        self.results.append(json.dumps(content, ensure_ascii=False))
        for card in _walk_cards(content):
            self.titles[card["title_id"]] = Mention(title_id=card["title_id"], title=card["title"], year=card.get("year"), type=card["type"])
            if "attribution" in card:
                self.sources[card["title_id"]] = Attribution.model_validate(card["attribution"])


def _walk_cards(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        if isinstance(node.get("title"), str) and isinstance(node.get("title_id"), str) and "type" in node:
            yield node
        for one in node.values():
            yield from _walk_cards(one)
    elif isinstance(node, list):
        for one in node:
            yield from _walk_cards(one)


def sum_up(content: Mapping[str, Any]) -> str:
    """Return in a few words what a tool brought."""
    for key, noun in (("titles", "title"), ("entries", "title"), ("reviews", "review"), ("predictions", "prediction"), ("genres", "genre")):
        if isinstance(content.get(key), list) and content[key]:
            count, total = len(content[key]), content.get("total")
            more = total if isinstance(total, int) and total > count else None
            return f"{count}{f' of {more:,}' if more else ''} {noun}{'' if (more or count) == 1 else 's'}"
    if isinstance(content.get("card"), Mapping):
        return clean_line(_name_card(content["card"]), 100)
    if isinstance(content.get("insights"), Mapping):
        score = content["insights"].get("score")
        return "insights" if score is None else f"insights, score {score}"
    return clean_line(str(content.get("hint") or "nothing"), 160)


def _name_card(card: Mapping[str, Any]) -> str:
    return f"{card.get('title')} ({card['year']})" if card.get("year") else str(card.get("title"))
