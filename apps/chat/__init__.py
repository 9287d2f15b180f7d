"""The chat: questions in words, answered with the MCP server's own tools, by a model if one is configured, else by a grammar of the common questions."""

from apps.chat.agent import ChatAgent, open_chat
from apps.chat.answers import Answer, ChatEvent, Done, Mention, TextDelta, TextWithdrawn, ToolFinished, ToolStarted, ToolUse, Turn

__all__ = [
    "Answer",
    "ChatAgent",
    "ChatEvent",
    "Done",
    "Mention",
    "TextDelta",
    "TextWithdrawn",
    "ToolFinished",
    "ToolStarted",
    "ToolUse",
    "Turn",
    "open_chat",
]
