"""Releases replaced back and forth under load: no request fails, no answer mixes two releases, nothing is left open."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pandas as pd
import pytest

from trending.cleaning.clean import CleaningResult
from trending.releases import ReleaseStore
from trending.releases.promotion import promote

NO_RATE_LIMIT = {"TRENDING_RATE_LIMIT": ""}
MakeBundle = Callable[..., Path]


def _name_titles(starter: CleaningResult, mark: str) -> pd.DataFrame:
    """Return the first titles of the starter catalogue, each marked in its name."""
    titles = starter.titles.head(120).reset_index(drop=True)
    return titles.assign(title=titles["title"] + f" {mark}")


def _find_names(answer: Any) -> set[str]:
    """Return the names of all titles in an answer, wherever they stand."""
    if isinstance(answer, list):
        return set().union(*map(_find_names, answer))
    if isinstance(answer, dict):
        own = {answer["title"]} if isinstance(answer.get("title"), str) else set()
        return own.union(*map(_find_names, answer.values()))
    return set()


class _Load:
    """Clients that ask until the time is up, and note what was wrong."""

    def __init__(self, url: str, ids: list[str], marks: dict[str, str]) -> None:
        self.url, self.ids, self.marks = url, ids, marks
        self.faults: list[str] = []
        self.seen: Counter[str] = Counter()

    async def ask(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        one, other = (quote(title_id, safe="") for title_id in chance.sample(self.ids, 2))
        both = f"ids={one}&ids={other}"
        paths = [f"titles/{one}", f"titles?{both}", f"titles/{one}/similar", f"titles/{one}/insights", f"compare?{both}", "search?q=detective", "predict"]
        path = chance.choice(paths)
        asked = session.post(f"{self.url}/v1/predict", json={"texts": ["A sheriff rides."]}) if path == "predict" else session.get(f"{self.url}/v1/{path}")
        async with asked as response:
            answer = await response.json(content_type=None)
            if response.status != 200:
                self.faults.append(f"{path}: {response.status} {answer}")
                return
        self.seen[answer["release"]] += 1
        mark = self.marks[answer["release"]]
        self.faults += [f"{path}: {name!r} in {answer['release']}" for name in _find_names(answer) if not name.endswith(mark)]

    async def run(self, clients: int, seconds: float) -> None:
        until = time.monotonic() + seconds

        async def client(number: int) -> None:
            chance = random.Random(number)
            while time.monotonic() < until and len(self.faults) < 10:
                try:
                    await self.ask(session, chance)
                except aiohttp.ClientError as error:
                    self.faults.append(repr(error))

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(60)) as session:
            await asyncio.gather(*map(client, range(clients)))


async def _swap(store: ReleaseStore, versions: list[str], seconds: float) -> int:
    """Promote the versions in turn, a little slower than the server looks; return how often."""
    swaps, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        for version in versions:
            await asyncio.to_thread(promote, store, version)
            await asyncio.sleep(1.1)
            swaps += 1
    return swaps


def _list_open(pid: int, folder: Path) -> set[str]:
    """Return the files under a folder that a process has open or mapped."""
    mapped = {line.split(maxsplit=5)[-1] for line in Path(f"/proc/{pid}/maps").read_text().splitlines()}
    opened = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            opened.add(str(link.readlink()))
    return {name for name in mapped | opened if name.startswith(f"{folder}/")}


@pytest.mark.parametrize(("clients", "seconds"), [(50, 8.0), pytest.param(200, 60.0, marks=pytest.mark.slow)])
def test_releases_are_swapped_under_load(
    start_server: Callable[..., Any], make_bundle_of: MakeBundle, starter: CleaningResult, tmp_path: Path, clients: int, seconds: float
) -> None:
    home = tmp_path / "served"
    store = ReleaseStore(str(home / "releases"), home / "cache")
    marks = {store.publish(make_bundle_of(day, _name_titles(starter, mark))): mark for day, mark in ((1, "of the first"), (2, "of the second"))}
    server = start_server(home, settings=NO_RATE_LIMIT)
    load = _Load(server.url, starter.titles["title_id"].head(120).tolist(), marks)

    async def run() -> int:
        swaps = asyncio.create_task(_swap(store, list(marks), seconds))
        await load.run(clients, seconds + 1)
        return await swaps

    try:
        assert asyncio.run(run()) > 3
        current = store.current_version()
        deadline = time.monotonic() + 20
        while left := {name for version in marks if version != current for name in _list_open(server.process.pid, Path(store.root) / version)}:
            assert time.monotonic() < deadline, left
            time.sleep(0.1)
        assert _list_open(server.process.pid, Path(store.root) / str(current))
    finally:
        code = server.stop()
    assert load.faults == []
    assert all(load.seen[version] > clients for version in marks), load.seen
    assert code in (0, 143, -15)
    assert "Traceback" not in server.log.read_text()
