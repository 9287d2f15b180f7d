"""What the address says: which view, of what, filtered how. Every state worth a link lives here, so links, reload and the browser's back just work."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args
from urllib.parse import parse_qs, urlencode

from trending.answers import Window
from trending.errors import UsageError

View = Literal["trending", "search", "title", "try", "chat", "about"]
VIEWS: tuple[View, ...] = get_args(View)
WINDOWS: tuple[Window, ...] = get_args(Window)
_MAX_CHARS = 2_000  # longer values can't have come from this page's own links


@dataclass(frozen=True)
class Route:
    """One address of the page; blank fields stand for "any"."""

    view: str = ""
    title: str = ""
    q: str = ""
    window: str = ""
    genre: str = ""
    type: str = ""
    language: str = ""
    tag: str = ""
    from_year: str = ""
    to_year: str = ""
    min_score: str = ""
    cursor: str = ""

    @classmethod
    def parse(cls, query: str) -> Route:
        """Read the part of an address behind `?`; unknown names are ignored, as are a theme's or a tracker's.

        Raises:
            UsageError: If a value is absurdly long.
        """
        given = parse_qs(query.removeprefix("?"), keep_blank_values=True)
        names = {field.name for field in fields(cls)}
        values = {name: found[-1].strip() for name, found in given.items() if name in names}
        if any(len(value) > _MAX_CHARS for value in values.values()):
            raise UsageError("a value is too long", where="address", mend="start from the page's own links")
        route = cls(**values)
        return replace(route, view=route._choose_view("q" in given))

    def _choose_view(self, asked: bool) -> str:
        if self.title:
            return "title"
        if self.view in VIEWS and self.view != "title":
            return self.view
        return "search" if asked else "trending"

    def link(self, **changes: Any) -> str:
        """Return the address of this route with changes; a change of filter begins at the first page again."""
        changed = replace(self, **{"cursor": "", **changes})
        values = {field.name: getattr(changed, field.name) for field in fields(changed)}
        if changed.view in ("trending", "title"):
            values["view"] = ""
        return "?" + urlencode({name: value for name, value in values.items() if value})

    @property
    def filtered(self) -> bool:
        """Whether any filter is set."""
        return any((self.genre, self.type, self.language, self.tag, self.from_year, self.to_year, self.min_score))


def link_title(title_id: str) -> str:
    """Return the address of a title."""
    return Route(view="title").link(title=title_id)
