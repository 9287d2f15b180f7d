"""A TVmaze of our own making: any number of shows, made of the project's starter catalogue, the same whenever it is made.

Index pages hold the ids 250 N to 250 N + 249, as the real one's do, with a gap where a show was "deleted".
"""

from __future__ import annotations

import json
import time
from importlib.resources import files
from typing import Any

from aiohttp import web

PAGE_IDS = 250
FIRST_UPDATE = 1_700_000_000  # November 2023; each show's last update is a minute after that of the one before
_DELETED_EVERY = 40
_PERIODS = {"day": 86_400, "week": 7 * 86_400, "month": 30 * 86_400}
_KINDS = ("Scripted", "Animation", "Documentary", "Reality", "Talk Show")


class SyntheticTvmaze:
    """The shows and what is asked of them."""

    def __init__(self, shows: int) -> None:
        """Make so many ids, nearly all with a show."""
        starter = files("trending.sources").joinpath("starter.jsonl").read_text(encoding="utf-8")
        titles = [json.loads(line) for line in starter.splitlines()]
        self.shows = {number: make_show(number, titles[number % len(titles)]) for number in range(1, shows + 1) if number % _DELETED_EVERY}
        # What the index serves: like the real one, it may be older than the shows themselves.
        self._index = dict(self.shows)

    def update(self, number: int, when: int, *, in_index: bool) -> None:
        """Change a show, or add one; with `in_index` false the index goes on serving what it has."""
        old = self.shows.get(number) or make_show(number, {"title": f"New {number}", "genres": ["Drama"], "plot": "A new show begins.", "year": 2026})
        self.shows[number] = {**old, "updated": when, "summary": f"<p>Updated at {when}.</p>"}
        if in_index:
            self._index[number] = self.shows[number]

    def blank(self, every: int) -> None:
        """Let the index serve every so many shows without a summary, as a broken source would; 0 mends it."""
        self._index = {number: {**show, "summary": None} if every and number % every == 0 else show for number, show in self.shows.items()}

    def answer(self, path: str, query: dict[str, str]) -> web.Response | None:
        """Answer a request for a path below the service's address; None is 404."""
        if path == "/updates/shows":
            oldest = time.time() - _PERIODS[query["since"]] if "since" in query else 0
            return _json({str(number): show["updated"] for number, show in self.shows.items() if show["updated"] >= oldest})
        if path == "/shows":
            return self._page(int(query.get("page", "0")))
        if path == "/schedule":
            episodes = [{"id": number, "name": "Pilot", "show": self.shows[number]} for number in sorted(self.shows)[:3]]
            return _json([*episodes, episodes[0]])
        number = path.removeprefix("/shows/")
        found = self.shows.get(int(number)) if number.isdigit() else None
        return None if found is None else _json(found)

    def _page(self, page: int) -> web.Response | None:
        if page * PAGE_IDS > max(self._index):
            return None
        return _json([self._index[number] for number in range(page * PAGE_IDS, (page + 1) * PAGE_IDS) if number in self._index])


def make_show(number: int, title: dict[str, Any]) -> dict[str, Any]:
    """Return a show as the API describes it, made of a title of the starter catalogue."""
    year = int(title["year"])
    return {
        "id": number,
        "url": f"https://www.tvmaze.com/shows/{number}/show-{number}",
        "name": f"{title['title']} {number}",
        "type": _KINDS[number % len(_KINDS)],
        "language": "English",
        "genres": title["genres"],
        "status": "Ended",
        "premiered": f"{year}-{number % 12 + 1:02}-{number % 28 + 1:02}" if number % 10 else None,
        "rating": {"average": round(5 + number % 50 / 10, 1) if number % 3 else None},
        "weight": number % 101,
        "network": {"id": 1, "name": "Net", "country": {"name": "United States", "code": "US"}} if number % 2 else None,
        "webChannel": None if number % 2 else {"id": 2, "name": "Web", "country": None},
        "externals": {"tvrage": None, "thetvdb": 70_000 + number, "imdb": f"tt{9_000_000 + number}"},
        "summary": f"<p><b>{title['title']} {number}</b>: {title['plot']}</p>",
        "updated": FIRST_UPDATE + 60 * number,
    }


def _json(body: Any) -> web.Response:
    return web.Response(body=json.dumps(body).encode(), content_type="application/json")
