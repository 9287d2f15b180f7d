"""The experiment of the moment around the API's routes: who asks is assigned a variant, and what became of the request is kept. Without one it does nothing."""

from __future__ import annotations

import re
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.http.clients import KeyRing
from apps.observing.logs import bind
from trending.experiments.assignment import ASSIGNED
from trending.service.live import LiveService

UNIT_HEADER = "X-Trending-Unit"
_UNIT = UNIT_HEADER.lower().encode()
_WELL_FORMED = re.compile(rb"[\x21-\x7e]{1,200}")


class AssignVariant:
    """ASGI middleware that assigns requests to variants while an experiment runs."""

    def __init__(self, app: ASGIApp, live: LiveService, keys: KeyRing, prefix: str) -> None:
        """Wrap `app`; only paths under `prefix` take part."""
        self.app = app
        self.live = live
        self.keys = keys
        self.prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Assign the request, let it be answered, and keep what became of it."""
        trial = self.live.trial
        if trial is None or not trial.about_releases or scope["type"] != "http" or not scope["path"].startswith(self.prefix):
            await self.app(scope, receive, send)
            return
        assignment = trial.assign(self._name_unit(scope))
        before = ASSIGNED.set(assignment)
        status, started = 0, time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.add_vary_header(UNIT_HEADER)
                # The next who asks the same may be given the other release: no cache between may answer for it.
                if (said := headers.get("cache-control")) is not None:
                    headers["cache-control"] = said.replace("public", "private")
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            status = 500
            raise
        finally:
            ASSIGNED.reset(before)
            if status:  # else nobody was there any more to be answered
                trial.record(assignment, status >= 500, time.perf_counter() - started)
            if assignment.release:
                bind(release=assignment.release, experiment=trial.experiment.name)

    def _name_unit(self, scope: Scope) -> str | None:
        """Return what the client is known by: what it calls the unit, with its key, which others can't use; or its key alone."""
        key = self.keys.find(scope) if self.keys else None
        given = next((value for name, value in scope["headers"] if name == _UNIT), b"")
        if _WELL_FORMED.fullmatch(given):
            return f"{key or ''}/{given.decode()}"
        return key
