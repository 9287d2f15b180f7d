"""Experiments in the real server: no request fails while one starts, runs and stops; units stay with their variant; harm, damage and promotion end it."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pandas as pd
import pytest

from tests.load import Load
from tests.s3 import forget_connections
from trending.cleaning.clean import CleaningResult
from trending.experiments.store import ExperimentStore
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail
from trending.releases.bundle import CATALOGUE_FILE, seal_bundle
from trending.releases.manifest import read_manifest
from trending.releases.promotion import promote

NO_RATE_LIMIT = {"TRENDING_RATE_LIMIT": ""}
MakeBundle = Callable[..., Path]
RunMain = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "served"


@pytest.fixture
def store(home: Path) -> ReleaseStore:
    return ReleaseStore(str(home / "releases"), home / "cache" / "releases")


def name_titles(starter: CleaningResult, mark: str) -> pd.DataFrame:
    titles = starter.titles.head(80).reset_index(drop=True)
    return titles.assign(title=titles["title"] + f" {mark}")


def publish_two(store: ReleaseStore, control: Path, treatment: Path) -> tuple[str, str]:
    """Publish both; the first is current."""
    versions = store.publish(control), store.publish(treatment)
    promote(store, versions[0])
    return versions


def wait_for(holds: Callable[[], Any], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def ask(url: str, unit: str | None = None) -> httpx.Response:
    return httpx.get(f"{url}/v1/genres", headers={"X-Trending-Unit": unit} if unit else {})


def releases_of(url: str, units: int = 40) -> set[str]:
    return {ask(url, f"u{number}").json()["release"] for number in range(units)}


def read_log(home: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for file in (home / "experiments" / name).glob("*.jsonl") for line in file.read_text().splitlines()]


def start(run_main: RunMain, home: Path, name: str, treatment: str, *options: str) -> None:
    done = run_main("experiment", "start", name, "--treatment", treatment, *options, home=home)
    assert done.returncode == 0, done.stderr


class Visitors(Load):
    """Half of them name a unit, and all follow ids they were given."""

    def __init__(self, url: str, clients: int, marks: dict[str, str]) -> None:
        """Take how each release marks its titles, and begin."""
        self.marks = marks
        self.faults: list[str] = []
        self.seen: dict[str, list[str]] = defaultdict(list)
        self.tags: dict[str, dict[str, str]] = defaultdict(dict)
        self.chances = [random.Random(number) for number in range(clients)]
        super().__init__(url, clients)

    def get(self, client: httpx.Client, unit: str | None, path: str) -> Any:
        """Return an answer; None if there is none."""
        response = self.send(client, "GET", f"/v1/{path}", headers={"X-Trending-Unit": unit} if unit else {})
        answer = response.json()
        if response.status_code != 200:
            self.faults.append(f"{path}: {response.status_code} {answer}")
            return None
        self.tags[path][answer["release"]] = response.headers["etag"]
        self.seen[unit or ""].append(answer["release"])
        return answer

    def ask(self, client: httpx.Client, index: int) -> None:
        """Search, open something that was found, and have a plot judged."""
        unit, chance = (f"unit-{index}" if index % 2 else None), self.chances[index]
        try:
            page = self.get(client, unit, f"search?limit={chance.randint(2, 9)}")
            if page and page["titles"]:
                self.faults += [f"{one['title']!r} of {page['release']}" for one in page["titles"] if not one["title"].endswith(self.marks[page["release"]])]
                one = chance.choice(page["titles"])["title_id"]
                self.get(client, unit, f"titles/{quote(one, safe='')}/similar?limit=2")
            predicted = self.send(client, "POST", "/v1/predict", {"texts": ["A sheriff rides."]})
            self.faults += [] if predicted.status_code == 200 else [f"predict: {predicted.status_code}"]
        except httpx.HTTPError as error:
            self.faults.append(repr(error))


def test_no_request_fails_while_an_experiment_starts_runs_and_stops(
    start_server: Callable[..., Any],
    make_bundle_of: MakeBundle,
    starter: CleaningResult,
    store: ReleaseStore,
    home: Path,
    run_main: RunMain,
    run_cli: RunMain,
) -> None:
    control, treatment = publish_two(store, make_bundle_of(1, name_titles(starter, "one")), make_bundle_of(2, name_titles(starter, "two")))
    server = start_server(home, settings=NO_RATE_LIMIT)
    load = Visitors(server.url, 20, {control: "one", treatment: "two"})
    try:
        time.sleep(1)
        start(run_cli, home, "two-names", treatment, "--harm", "error_ratio=none")
        wait_for(lambda: treatment in releases_of(server.url))
        time.sleep(4)
        assert run_cli("experiment", "stop", "--reason", "seen enough", home=home).returncode == 0
        wait_for(lambda: releases_of(server.url) == {control})
        time.sleep(1)
    finally:
        load.end()
        server.stop()
    assert load.faults == []
    assert len(load.answers) > 200
    assert {control, treatment} == set(load.seen[""])
    named = [releases for unit, releases in load.seen.items() if unit]
    # Each stays with control, or goes to the treatment once and comes back once.
    assert all(sum(one != other for one, other in pairwise(releases)) in (0, 2) for releases in named)
    assert 0 < sum(treatment in releases for releases in named) < len(named)
    both = [tags for tags in load.tags.values() if len(tags) == 2]
    assert both
    assert all(tags[control] != tags[treatment] for tags in both)
    lines = read_log(home, "two-names")
    assert {line["variant"] for line in lines} == {"control", "treatment"}
    units = [line["unit"] for line in lines if line["unit"]]
    assert len(units) == len(set(units))
    assert not any(word in json.dumps(lines) for word in ("unit-", "127.0.0.1"))
    logged = server.log.read_text()
    assert "Traceback" not in logged
    assert f'"release":"{treatment}"' in logged.replace(": ", ":")
    shown = run_main("--json", "experiment", "show", home=home)
    report = json.loads(shown.stdout)
    assert report["experiment"]["reason"] == "seen enough"
    assert report["control"]["units"] > 20
    assert report["effect"]["p_value"] == 1  # nothing failed
    assert report["ratio_p_value"] > 0.001


def test_who_holds_a_cursor_or_an_id_of_the_other_release_is_answered_by_it(
    start_server: Callable[..., Any], make_bundle_of: MakeBundle, starter: CleaningResult, store: ReleaseStore, home: Path, run_main: RunMain
) -> None:
    fewer = name_titles(starter, "two").assign(title_id=lambda titles: "other:" + titles["title_id"].str.replace(":", "-"))
    _, treatment = publish_two(store, make_bundle_of(1, name_titles(starter, "one")), make_bundle_of(2, fewer))
    server = start_server(home, settings=NO_RATE_LIMIT)
    try:
        start(run_main, home, "cursors", treatment)
        wait_for(lambda: treatment in releases_of(server.url))
        with httpx.Client(base_url=server.url) as api:
            for _ in range(30):  # nobody is known: each request is drawn for anew
                page = api.get("/v1/search?limit=3").json()
                following = api.get("/v1/search", params={"limit": 3, "cursor": page["next_cursor"]})
                assert (following.status_code, following.json()["release"]) == (200, page["release"])
                found = api.get(f"/v1/titles/{page['titles'][0]['title_id']}")
                assert (found.status_code, found.json()["release"]) == (200, page["release"])
            assert api.get("/v1/titles/nobody:knows").status_code == 404
            answer = api.get("/v1/search")
            assert answer.headers["cache-control"] == "private, no-cache"
            assert "X-Trending-Unit" in answer.headers["vary"]
    finally:
        server.stop()


def break_reviews(bundle: Path) -> Path:
    """Make a whole release that fails at every question for reviews."""
    with sqlite3.connect(bundle / CATALOGUE_FILE) as connection:
        connection.execute("DROP TABLE reviews")
    connection.close()
    seal_bundle(bundle, read_manifest(bundle))
    return bundle


def test_a_treatment_that_fails_is_stopped_by_the_service_itself(
    start_server: Callable[..., Any], make_bundle: MakeBundle, store: ReleaseStore, home: Path, run_main: RunMain, starter: CleaningResult
) -> None:
    control, treatment = publish_two(store, make_bundle(1), break_reviews(make_bundle(2)))
    server = start_server(home, settings=NO_RATE_LIMIT)
    one = quote(starter.titles["title_id"].iloc[0], safe="")
    try:
        start(run_main, home, "broken", treatment, "--kind", "canary", "--share", "0.3")
        wait_for(lambda: treatment in releases_of(server.url))
        # On a connection of its own each: that of an unexpected error is closed.
        statuses = [httpx.get(f"{server.url}/v1/titles/{one}/reviews").status_code for _ in range(60)]
        assert 500 in statuses
        wait_for(lambda: not ExperimentStore(store).read().running)  # type: ignore[union-attr]
        wait_for(lambda: releases_of(server.url) == {control})
        assert {httpx.get(f"{server.url}/v1/titles/{one}/reviews").status_code for _ in range(40)} == {200}
    finally:
        server.stop()
    experiment = ExperimentStore(store).read()
    assert experiment is not None
    assert str(experiment.reason).startswith("harm: ")
    assert "errors in" in str(experiment.reason)
    assert [entry.reason for entry in AuditTrail(store).entries() if entry.action == "experiment_stopped"] == [experiment.reason]
    assert "experiment broken is stopped: harm" in server.log.read_text()
    assert "harm: " in run_main("experiment", "show", home=home).stdout


def test_a_slow_treatment_is_stopped(start_server: Callable[..., Any], make_bundle: MakeBundle, store: ReleaseStore, home: Path, run_main: RunMain) -> None:
    control, treatment = publish_two(store, make_bundle(1), make_bundle(2))
    server = start_server(home, settings=NO_RATE_LIMIT)
    try:
        start(run_main, home, "slow", treatment, "--harm", "p95_ms=0.01")
        wait_for(lambda: [ask(server.url) for _ in range(10)] and not ExperimentStore(store).read().running)  # type: ignore[union-attr]
        assert releases_of(server.url) == {control}
    finally:
        server.stop()
    assert "longer than 0.01 ms" in str(ExperimentStore(store).read())


def test_complaints_count_for_the_release_they_name(
    start_server: Callable[..., Any], make_bundle: MakeBundle, store: ReleaseStore, home: Path, run_main: RunMain
) -> None:
    control, treatment = publish_two(store, make_bundle(1), make_bundle(2))
    server = start_server(home, settings=NO_RATE_LIMIT)
    try:
        start(run_main, home, "complaints", treatment, "--metric", "complaint_rate", "--harm", "complaint_ratio=none")
        wait_for(lambda: treatment in releases_of(server.url))
        for release in [treatment] * 5 + [control, "2020-other"]:
            said = httpx.post(f"{server.url}/v1/feedback", json={"about": "genres", "comment": "no", "release": release})
            assert said.status_code == 201
        httpx.post(f"{server.url}/v1/feedback", json={"about": "genres"})  # of whose answer, nobody knows
    finally:
        server.stop()
    lines = read_log(home, "complaints")
    counted = {variant: sum(line.get("complaints", 0) for line in lines if line["variant"] == variant) for variant in ("control", "treatment")}
    assert counted == {"control": 1, "treatment": 5}


def test_in_the_shadow_everybody_is_answered_by_control_and_the_answers_are_compared(
    start_server: Callable[..., Any], make_bundle: MakeBundle, store: ReleaseStore, home: Path, run_main: RunMain
) -> None:
    control, treatment = publish_two(store, make_bundle(1), make_bundle(2))
    server = start_server(home, settings=NO_RATE_LIMIT)
    try:
        start(run_main, home, "behind", treatment, "--kind", "shadow", "--share", "1")
        wait_for(lambda: "experiment behind" in server.log.read_text())
        with httpx.Client(base_url=server.url) as api:
            for number in range(30):
                answer = api.post("/v1/predict", json={"texts": [f"A sheriff rides after {number} robbers.", "A wedding goes wrong."]})
                assert answer.json()["release"] == control
        wait_for(lambda: sum(line.get("compared", 0) for line in read_log(home, "behind")) == 30)
    finally:
        server.stop()
    totals = {line["variant"]: line for line in read_log(home, "behind")}
    assert totals["control"]["requests"] == totals["treatment"]["requests"] == 30
    assert totals["treatment"]["agreement"] == 30  # the same model in both
    assert "errors" not in totals["treatment"]
    assert "agree to 100.00%" in run_main("experiment", "show", home=home).stdout


def test_a_damaged_treatment_leaves_everybody_with_control_and_one_line_in_the_log(
    start_server: Callable[..., Any], make_bundle: MakeBundle, store: ReleaseStore, home: Path, run_main: RunMain
) -> None:
    control, treatment = publish_two(store, make_bundle(1), make_bundle(2))
    start(run_main, home, "damaged", treatment)
    (Path(store.root) / treatment / CATALOGUE_FILE).write_bytes(b"damaged afterwards")
    server = start_server(home, settings=NO_RATE_LIMIT)
    try:
        time.sleep(3)
        assert releases_of(server.url) == {control}
    finally:
        server.stop()
    logged = [line for line in server.log.read_text().splitlines() if "control serves everyone" in line]
    assert len(logged) == 1
    assert CATALOGUE_FILE in logged[0]


def test_a_damaged_file_never_keeps_the_service_from_serving_and_stop_removes_it(
    start_server: Callable[..., Any], make_bundle: MakeBundle, store: ReleaseStore, home: Path, run_main: RunMain
) -> None:
    control, treatment = publish_two(store, make_bundle(1), make_bundle(2))
    file = Path(store.root) / "experiment.json"
    file.write_text('{"name": 3')
    server = start_server(home, settings=NO_RATE_LIMIT)
    try:
        assert releases_of(server.url, 5) == {control}
        shown = run_main("experiment", "show", home=home)
        assert (shown.returncode, shown.stderr.count("\n")) == (2, 1)
        assert run_main("experiment", "stop", home=home).returncode == 0
        start(run_main, home, "after", treatment)
        wait_for(lambda: treatment in releases_of(server.url))
    finally:
        server.stop()


def test_who_promotes_another_release_suspends_the_experiment(
    start_server: Callable[..., Any], make_bundle: MakeBundle, store: ReleaseStore, home: Path, run_main: RunMain
) -> None:
    _, treatment = publish_two(store, make_bundle(1), make_bundle(2))
    server = start_server(home, settings=NO_RATE_LIMIT)
    try:
        start(run_main, home, "overtaken", treatment)
        wait_for(lambda: treatment in releases_of(server.url))
        newest = store.publish(make_bundle(3))
        wait_for(lambda: releases_of(server.url) == {newest})
    finally:
        server.stop()
    assert "experiment overtaken is suspended" in server.log.read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("start", "x"), "--treatment"),
        (("start", "x", "--treatment", "2020-none"), "no release"),
        (("start", "X Y", "--treatment", "{treatment}"), "name"),
        (("start", "x", "--treatment", "{control}"), "must differ"),
        (("start", "x", "--treatment", "{treatment}", "--share", "7"), "share"),
        (("start", "x", "--treatment", "{treatment}", "--share", "0"), "share"),
        (("start", "x", "--treatment", "{treatment}", "--harm", "colour=red"), "colour"),
        (("start", "x", "--treatment", "{treatment}", "--harm", "p95_ms"), "RULE=VALUE"),
        (("start", "x", "--treatment", "{treatment}", "--kind", "shadow", "--metric", "error_rate"), "agreement"),
        (("start", "x", "--treatment-prompt", "chat-none"), "there are chat-1"),
        (("start", "x", "--treatment-prompt", "chat-1"), "chat-1 is the usual prompt"),
        (("show",), "no experiment"),
        (("show", "../x"), "no experiment"),
        (("stop",), "no experiment"),
        (("show", "--share", "0.5"), "--share goes with start"),
        (("show", "--reason", "why"), "--reason goes with stop"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    arguments: tuple[str, ...], said: str, make_bundle: MakeBundle, store: ReleaseStore, home: Path, run_main: RunMain
) -> None:
    control, treatment = publish_two(store, make_bundle(1), make_bundle(2))
    done = run_main("experiment", *(one.format(control=control, treatment=treatment) for one in arguments), home=home)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert ExperimentStore(store).read() is None


def test_where_the_store_cannot_be_reached_or_written_each_command_says_so_in_one_line(
    make_bundle: MakeBundle, store: ReleaseStore, home: Path, run_main: RunMain, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    _, treatment = publish_two(store, make_bundle(1), make_bundle(2))
    start(run_main, home, "first", treatment)
    (Path(store.root) / ".experiment.lock").unlink()
    (Path(store.root) / ".experiment.lock").mkdir()  # tests may run as root, whom no permission stops
    stopped = run_main("experiment", "stop", home=home)
    assert (stopped.returncode, stopped.stdout, stopped.stderr.count("\n")) == (1, "", 1)
    assert "can't be written" in stopped.stderr
    pytest.importorskip("s3fs", reason="the project is installed without [aws]")
    request.addfinalizer(forget_connections)
    for name, value in {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    for setting in ("TRENDING_EXPERIMENTS", "TRENDING_RELEASES"):
        monkeypatch.setenv(setting, "s3://nobody/there")
        shown = run_main("experiment", "show", home=home)
        assert (shown.returncode, shown.stdout, shown.stderr.count("\n")) == (1, "", 1)
        assert f"check {setting}" in shown.stderr


def test_a_name_is_used_once_and_old_experiments_can_be_shown(make_bundle: MakeBundle, store: ReleaseStore, home: Path, run_main: RunMain) -> None:
    _, treatment = publish_two(store, make_bundle(1), make_bundle(2))
    start(run_main, home, "first", treatment)
    assert "first is running" in run_main("experiment", "start", "second", "--treatment", treatment, home=home).stderr
    assert run_main("experiment", "stop", home=home).returncode == 0
    assert "choose another name" in run_main("experiment", "start", "first", "--treatment", treatment, home=home).stderr
    start(run_main, home, "second", treatment)
    assert "first: ab" in run_main("experiment", "show", "first", home=home).stdout
    assert "second: ab" in run_main("experiment", "show", home=home).stdout
    assert run_main("experiment", "stop", "second", "--reason", "seen enough", home=home).returncode == 0
    told = [(entry.action, entry.details["name"], entry.reason) for entry in AuditTrail(store).entries() if entry.action.startswith("experiment")]
    assert told == [
        ("experiment_started", "first", ""),
        ("experiment_stopped", "first", "stopped by hand"),
        ("experiment_started", "second", ""),
        ("experiment_stopped", "second", "seen enough"),
    ], "the audit trail accounts for each, and not for the one that was refused"
    assert "choose another name" in run_main("experiment", "start", "first", "--treatment", treatment, home=home).stderr
