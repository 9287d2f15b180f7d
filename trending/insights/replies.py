"""An answer of a model as it comes in: text, tool calls put together from their pieces, and the tokens it took."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_MOST_CALLS = 16


@dataclass
class CallParts:
    """A tool call whose arguments may still be coming in."""

    id: str
    name: str = ""
    written: str = ""

    def parse(self) -> tuple[dict[str, Any], str | None]:
        """Return the arguments, and what is wrong with them if they aren't a JSON object."""
        try:
            arguments = json.loads(self.written or "{}")
        except (ValueError, RecursionError):
            return {}, "the arguments are not JSON"
        return (arguments, None) if isinstance(arguments, dict) else ({}, "the arguments are not a JSON object")


class ReplyParts:
    """Collects the chunks of one streamed answer, and refuses to collect more than `most_chars`."""

    def __init__(self, most_chars: int) -> None:
        self.text = ""
        self.calls: dict[int, CallParts] = {}
        self.prompt_tokens: int | None = None
        self.answer_tokens: int | None = None
        self._left = most_chars

    def add(self, chunk: Any) -> str:
        """Take a chunk as LiteLLM yields it and return its text.

        Raises:
            OverflowError: If the answer has become longer than it may be.
        """
        usage = getattr(chunk, "usage", None)
        if usage is not None:
            self.prompt_tokens, self.answer_tokens = usage.prompt_tokens, usage.completion_tokens
        if not chunk.choices:
            return ""
        delta = chunk.choices[0].delta
        text = delta.content or ""
        for piece in delta.tool_calls or ():
            self._add_call(piece)
        self.text += text
        self._count(len(text))
        return text

    def _add_call(self, piece: Any) -> None:
        call = self.calls.setdefault(piece.index, CallParts(piece.id or f"call_{piece.index}"))
        call.name += piece.function.name or ""
        call.written += piece.function.arguments or ""
        self._count(len(piece.function.arguments or "") + 1)
        if len(self.calls) > _MOST_CALLS:
            raise OverflowError

    def _count(self, chars: int) -> None:
        self._left -= chars
        if self._left < 0:
            raise OverflowError

    def to_message(self) -> dict[str, Any]:
        """Return the assistant's turn as the next call wants it."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text or None}
        if self.calls:
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": json.dumps(call.parse()[0])}} for call in self.calls.values()
            ]
        return message
