"""Continual learning on a real local stack: it does nothing without a reason, promotes what is better beyond doubt, and lets nothing else near CURRENT."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.load import Load
from tests.pipelines.running import QUICK, Runner
from tests.pipelines.serving import serve_api
from trending.cleaning.clean import CleaningResult
from trending.monitoring import recordings
from trending.monitoring.descriptors import COLUMNS, describe_text
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail

OLD = 700
ALWAYS = ("--set", "triggers.always=true")  # also after the same was rolled back
WriteTitles = Callable[..., Path]


@pytest.fixture(scope="module")
def write_titles(starter: CleaningResult, tmp_path_factory: pytest.TempPathFactory) -> WriteTitles:
    """Return a function that writes a file of the 700 old titles and, if asked for, the 568 others.

    The longer words of the others' plots are written backwards: a drift of the words. `shuffled`: the share of them that carry another's genres.
    """
    folder = tmp_path_factory.mktemp("titles")
    titles = starter.titles.iloc[np.random.default_rng(3).permutation(len(starter.titles))].reset_index(drop=True)

    def write(name: str, *, others: bool = True, shuffled: float = 0.0) -> Path:
        new = titles[OLD:].copy()
        new["plot"] = [re.sub(r"[a-z]{4,}", lambda word: word[0][::-1], plot) for plot in new["plot"]]
        rows = np.random.default_rng(1).permutation(len(new))[: int(shuffled * len(new))]
        genres = new["genres"].to_numpy(copy=True)
        genres[rows] = genres[np.roll(rows, 1)]
        new["genres"] = genres
        file = folder / f"{name}.parquet"
        pd.concat([titles[:OLD], new] if others else [titles[:OLD]]).to_parquet(file)
        return file

    return write


@pytest.fixture(scope="module")
def champion(runner: Runner, write_titles: WriteTitles) -> Runner:
    """A home whose release was learnt from the old titles, by continual learning itself: the first release needs no other reason."""
    home = runner.with_home("continual")
    result = learn(home, write_titles("old", others=False))
    assert (result["outcome"], result["decision"]["reason"]) == ("published", "learning: no release is published yet")
    return home


@pytest.fixture
def home(champion: Runner, request: pytest.FixtureRequest) -> Runner:
    """A copy of it for each test."""
    copy = champion.with_home(f"continual-{request.node.name[:40]}")
    shutil.copytree(champion.home, copy.home)
    return copy


def learn(runner: Runner, file: Path, *arguments: str) -> dict[str, Any]:
    outcome = runner.run("--pipeline", "continual_learning", "--json", "--set", "source=files", "--set", f"path={file}", *QUICK, *arguments)
    assert outcome.returncode == 0, outcome.stderr
    result: dict[str, Any] = json.loads(outcome.stdout)
    return result


def open_store(runner: Runner) -> ReleaseStore:
    return ReleaseStore(str(runner.home / "releases"), runner.home / "cache" / "releases")


def test_with_nothing_new_it_says_so_and_does_nothing(home: Runner, write_titles: WriteTitles) -> None:
    before = home.current()
    result = learn(home, write_titles("old", others=False))
    assert (result["outcome"], result["decision"]["reason"]) == ("nothing to do", "nothing to do: no trigger fired (0 new titles)")
    assert home.current() == before
    assert len(open_store(home).versions()) == 1


@pytest.mark.slow
def test_with_nothing_new_it_says_so_within_20_seconds(home: Runner, write_titles: WriteTitles) -> None:
    """Apart from the others, as it says nothing where other tests run beside it."""
    started = time.perf_counter()
    assert learn(home, write_titles("old", others=False))["outcome"] == "nothing to do"
    seconds = time.perf_counter() - started
    print(f"said so in {seconds:.1f} s")
    assert seconds < 20


@pytest.mark.slow
def test_drift_of_what_services_are_asked_is_told_of_though_there_is_nothing_to_learn_from(home: Runner, write_titles: WriteTitles) -> None:
    version = open_store(home).current_version()
    asked = recordings.Group("texts", str(version), dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0))
    strange = describe_text("qzx " * 400)
    asked.add(np.array([[*strange, *[np.nan] * (len(COLUMNS) - len(strange))]] * 150), np.linspace(0, 1, 150).tolist())
    asked.write(recordings.open_store(str(home.home / "monitoring")))
    outcome = home.run("--pipeline", "continual_learning", "--json", "--set", "source=files", "--set", f"path={write_titles('old', others=False)}", *QUICK)
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout)["decision"]["go"] is False
    assert "What services are asked drifts" in outcome.stderr
    assert "characters" in outcome.stderr


def test_drift_and_new_titles_end_in_a_better_release_that_a_running_server_takes_up(home: Runner, write_titles: WriteTitles) -> None:
    before = str(home.current())
    with serve_api(home) as url:
        load = Load(url, clients=2)
        try:
            load.wait_for(before)
            result = learn(home, write_titles("drifted"))
            load.wait_for(str(result["release"]))
        finally:
            load.end()
    assert result["outcome"] == "promoted"
    assert result["release"] == home.current() != before
    fired = [finding["trigger"] for finding in result["decision"]["findings"] if finding["fired"]]
    assert {"new titles", "drift"} <= set(fired), result["decision"]
    assert all(rule["held"] for rule in result["verdict"]["rules"])
    assert result["verdict"]["differences"]["fresh"]["low"] > 0
    assert {status for _, status, _ in load.answers} == {200}
    assert {release for *_, release in load.answers} == {before, result["release"]}
    *_, last = AuditTrail.from_store(open_store(home)).entries()
    assert (last.action, last.release, last.previous, last.run.pipeline) == ("published", result["release"], before, "continual_learning")
    assert last.reason == result["verdict"]["reason"]
    again = learn(home, write_titles("drifted"))
    assert again["outcome"] == "nothing to do", "what was promoted knows these titles"
    assert home.run("release", "rollback", "--reason", "people complain").returncode == 0
    undone = learn(home, write_titles("drifted"))
    assert undone["outcome"] == "nothing to do"
    assert "a challenger from these very data was declined (it was published and rolled back: people complain)" in undone["decision"]["reason"]
    assert home.current() == before, "what somebody took back doesn't come again by itself"


@pytest.mark.slow
def test_shuffled_labels_do_not_reach_current_and_the_verdict_says_what_stopped_them(home: Runner, write_titles: WriteTitles) -> None:
    before = home.current()
    result = learn(home, write_titles("poisoned", shuffled=0.2))
    assert result["outcome"] == "declined"
    assert "labels" in [rule["name"] for rule in result["verdict"]["rules"] if not rule["held"]]
    assert "labels: share of wrong labels 0." in result["verdict"]["reason"]
    assert home.current() == before
    *_, last = AuditTrail.from_store(open_store(home)).entries()
    assert (last.action, last.reason) == ("declined", result["verdict"]["reason"])
    again = learn(home, write_titles("poisoned", shuffled=0.2))
    assert again["outcome"] == "nothing to do"
    assert "a challenger from these very data was declined" in again["decision"]["reason"]


def test_a_damaged_champion_is_replaced_by_nothing_unjudged(home: Runner, write_titles: WriteTitles) -> None:
    (home.home / "releases" / str(home.current()) / "catalogue.sqlite").write_bytes(b"")
    outcome = home.run("--pipeline", "continual_learning", "--set", "source=files", "--set", f"path={write_titles('drifted')}", *QUICK)
    assert outcome.returncode == 1
    assert "catalogue.sqlite is damaged" in outcome.stderr.strip().splitlines()[-1]
    assert len(open_store(home).versions()) == 1


@pytest.mark.slow
def test_500_planted_reviews_do_not_reach_current(runner: Runner, tmp_path: Path) -> None:
    home = replace(runner.with_home("planted"), encoder="none")
    site = tmp_path / "site"
    site.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(site)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as server:
        assert server.stdout is not None
        found = re.search(r"port (\d+)", server.stdout.readline())
        assert found is not None
        url = f"http://127.0.0.1:{found[1]}"
        try:
            for number in range(30):
                write_page(site / f"{number}.html", number, reviews=3)
            first = crawl(home, url, 30)
            assert first["rows"]["reviews"] == 90
            catalogue = ["--pipeline", "continual_learning", "--json", "--set", "source=catalogue", "--set", "triggers.always=true", *QUICK]
            assert home.run(*catalogue).returncode == 0
            before = home.current()
            write_page(site / "7.html", 7, reviews=503)
            assert crawl(home, url, 30)["rows"]["reviews"] == 590
        finally:
            server.terminate()
    outcome = home.run(*catalogue)
    assert outcome.returncode == 0, outcome.stderr
    result = json.loads(outcome.stdout)
    assert result["outcome"] == "declined"
    (reason,) = [rule["measured"] for rule in result["verdict"]["rules"] if rule["name"] == "reviews"]
    assert re.match(r"500 new reviews of schema_org:\S+ by 500 authors \(it had 3, ", reason), reason
    assert home.current() == before


def write_page(file: Path, number: int, reviews: int) -> None:
    listed = [
        {
            "@type": "Review",
            "author": {"@type": "Person", "name": f"Reader {number}-{one}"},
            "datePublished": "2026-01-05",
            "reviewBody": f"Reader {one} of page {number} says that it was worth {one + 1} evenings, and tells why in {one + 7} words.",
            "reviewRating": {"@type": "Rating", "ratingValue": 10, "bestRating": 10, "worstRating": 1},
        }
        for one in range(reviews)
    ]
    told = {
        "@context": "https://schema.org",
        "@type": "Movie",
        "name": f"The Page Turned {number}",
        "description": f"In town number {number} a clerk finds a page that nobody wrote, and reads it to the {number + 2} people who will listen.",
        "genre": ["Drama"],
        "datePublished": "2001-05-17",
        "review": listed,
    }
    file.write_text(f'<html><head><script type="application/ld+json">{json.dumps(told)}</script></head><body></body></html>', encoding="utf-8")


def crawl(home: Runner, url: str, pages: int) -> dict[str, Any]:
    options = json.dumps({"urls": [f"{url}/{number}.html" for number in range(pages)], "rights_class": "open_site"})
    fast = ["--set", "delay=0", "--set", "concurrency=8", "--set", "checks.sample=300"]
    return home.ingest("--set", "source=[schema_org, starter]", "--set", f"options.schema_org={options}", *fast)


def kill_at(home: Runner, file: Path, seconds: float) -> None:
    """Run continual learning, every step anew, and kill it and all its children after so long."""
    command = [
        sys.executable,
        str(home.root / "run.py"),
        "--pipeline",
        "continual_learning",
        "--no-cache",
        *ALWAYS,
        "--set",
        "source=files",
        "--set",
        f"path={file}",
        *QUICK,
    ]
    with subprocess.Popen(
        command, env=home.environment, cwd=home.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def check_kills(home: Runner, file: Path, moments: list[float]) -> None:
    """Kill it at each of the moments, shares of what a run takes, while a server is asked; see that what is served is one valid release all the time."""
    old = str(home.current())
    started = time.perf_counter()
    promoted = learn(home, file, "--no-cache", *ALWAYS)
    took = time.perf_counter() - started
    assert promoted["outcome"] == "promoted"
    assert home.run("release", "rollback").returncode == 0
    with serve_api(home) as url:
        load = Load(url, clients=1)
        try:
            for moment in moments:
                kill_at(home, file, moment * took)
                verified = home.run("release", "verify", "--json")
                assert verified.returncode == 0, (moment, verified.stdout)
                assert AuditTrail.from_store(open_store(home)).verify() is None, moment
                assert open_store(home).verify(str(home.current())), moment
                if home.current() != old:  # it had got as far
                    assert home.run("release", "rollback", old).returncode == 0
        finally:
            load.end()
    assert len(load.answers) > 10 * len(moments)
    assert {status for _, status, _ in load.answers} == {200}
    assert learn(home, file, "--no-cache", *ALWAYS)["outcome"] == "promoted", "the next run completes"
    assert home.run("release", "verify").returncode == 0


@pytest.mark.slow
def test_killed_twice_it_leaves_one_valid_current_and_the_next_run_completes(home: Runner, write_titles: WriteTitles) -> None:
    check_kills(home, write_titles("drifted"), [0.55, 0.93])


@pytest.mark.slow
def test_killed_at_20_random_moments_it_leaves_one_valid_current_and_the_next_run_completes(home: Runner, write_titles: WriteTitles) -> None:
    seed = random.randrange(10**6)
    print(f"moments drawn with seed {seed}")
    chance = random.Random(seed)
    check_kills(home, write_titles("drifted"), [chance.uniform(0.05, 1.0) for _ in range(20)])
