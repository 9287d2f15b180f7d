"""The chat's prompts, by name: several can be used at once, one a conversation."""

from __future__ import annotations

from functools import cache
from importlib import resources

from trending.errors import NotFoundError

USUAL = "chat-1"


def list_prompts() -> list[str]:
    """Return the names there are."""
    return sorted(file.name.removesuffix(".md") for file in _folder().iterdir() if file.name.endswith(".md"))


@cache
def load_prompt(name: str = USUAL) -> str:
    """Return a prompt, its blanks not yet filled in.

    Raises:
        NotFoundError: If there is none of this name.
    """
    if name not in list_prompts():
        raise NotFoundError(f"no prompt {name!r}", where="apps/chat/prompts", mend=f"there are {', '.join(list_prompts())}")
    return _folder().joinpath(f"{name}.md").read_text(encoding="utf-8")


def _folder() -> resources.abc.Traversable:
    return resources.files("apps.chat").joinpath("prompts")
