"""Completes what people type for prompts and resources: genres, vibes, titles and ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import anyio.to_thread
from mcp.types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference

from apps.mcp.answering import Lender
from apps.mcp.factory import Server
from trending.genres import GENRES

if TYPE_CHECKING:
    from trending.service.service import TitleService

_MOST = 20
_MOST_CHARS = 300
_LISTS = {"genre": GENRES, "type": ("movie", "tv")}
_TITLES = ("title", "first", "second")


def add_completion(server: Server, live: Lender) -> None:
    """Let a server complete arguments."""

    async def complete(ref: PromptReference | ResourceTemplateReference, argument: CompletionArgument, _: CompletionContext | None) -> Completion:
        typed = argument.value[:_MOST_CHARS]
        if isinstance(ref, PromptReference) and ref.name not in {prompt.name for prompt in await server.list_prompts()}:
            return Completion(values=[])
        if isinstance(ref, ResourceTemplateReference):
            return await _look_up(live, lambda service: [card.title_id for card in service.complete_title(typed, _MOST)])
        if argument.name in _LISTS:
            return _begin(_LISTS[argument.name], typed)
        if argument.name == "tag":
            return _begin(await _ask(live, lambda service: list(service.catalogue.tags())), typed)
        if argument.name in _TITLES:
            return await _look_up(
                live, lambda service: [f"{card.title} ({card.year})" if card.year else card.title for card in service.complete_title(typed, _MOST)]
            )
        return Completion(values=[])

    server.completion()(complete)  # type: ignore[no-untyped-call]


async def _ask(live: Lender, question: Callable[[TitleService], list[str]]) -> list[str]:
    def put() -> list[str]:
        with live.lease() as service:
            return question(service)

    return await anyio.to_thread.run_sync(put)


async def _look_up(live: Lender, question: Callable[[TitleService], list[str]]) -> Completion:
    return Completion(values=list(dict.fromkeys(await _ask(live, question))))


def _begin(words: Iterable[str], typed: str) -> Completion:
    """Return the words that begin so, and then those that have it further on."""
    start = typed.strip().casefold()
    found = [word for word in words if start in word.casefold()]
    found.sort(key=lambda word: not word.casefold().startswith(start))
    return Completion(values=found[:_MOST], total=len(found), has_more=len(found) > _MOST)
