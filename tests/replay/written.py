"""Answers written by hand from a service's documentation, where no recording exists. They are marked `X-Replay: written`.

TVmaze (https://www.tvmaze.com/api): `/updates/shows` is an object of show id to the Unix time of its last update; `/shows/{id}` is the
show as it stands in the index; both are made here from the recorded page of the index.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from aiohttp import web

from tests.replay.recorded import Recordings

WRITTEN = {"X-Replay": "written"}
_TVMAZE = "api.tvmaze.com"


class WrittenAnswers:
    """The hand-written answers."""

    def __init__(self, recordings: Recordings) -> None:
        """Take the recordings they are made to fit."""
        self._shows = cache(lambda: {show["id"]: show for show in recordings.find_json(_TVMAZE, "/shows", [("page", "0")]) or []})

    def find(self, host: str, path: str) -> web.Response | None:
        """Return the answer to a request."""
        if host != _TVMAZE:
            return None
        shows: dict[int, dict[str, Any]] = self._shows()
        if path == "/updates/shows" and shows:
            return _answer({str(number): show["updated"] for number, show in shows.items()})
        number = path.removeprefix("/shows/")
        if path.startswith("/shows/") and number.isdigit() and int(number) in shows:
            return _answer(shows[int(number)])
        return None


def _answer(body: Any) -> web.Response:
    return web.Response(body=json.dumps(body).encode(), content_type="application/json", headers=WRITTEN)
