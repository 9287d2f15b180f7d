"""The API with no release, a damaged one, or limits of its own: in this process, by TestClient."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from apps.server import Doors
from trending.releases import ReleaseStore
from trending.releases.promotion import promote
from trending.service.live import LiveService
from trending.settings import load_settings

CheckProblem = Callable[[httpx.Response, int], dict[str, Any]]
MakeBundle = Callable[..., Path]


def make_app(store: ReleaseStore | None = None) -> Doors:
    """Return the API alone, as `serve api` has it, which looks for a new release every 20 ms."""
    return Doors(LiveService(store or ReleaseStore.from_settings(), poll_seconds=0.02), ["api"])


def wait_for_release(client: TestClient, version: str) -> None:
    deadline = time.monotonic() + 20
    while (answer := client.get("/ready").json()).get("release") != version:
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)


def test_without_a_release_the_process_is_healthy_but_not_ready(check_problem: CheckProblem) -> None:
    with TestClient(make_app()) as client:
        assert client.get("/health").json() == {"status": "ok"}
        assert client.get("/metrics").status_code == 200
        for path in ("/ready", "/version", "/v1/genres", "/v1/titles/x", "/v1/titles/x/insights", "/v1/search", "/v1/trending"):
            problem = check_problem(client.get(path), 503)
            assert "no release is published" in problem["detail"]
            assert problem["instance"] == path
        check_problem(client.post("/v1/predict", json={"texts": ["a"]}), 503)
        check_problem(client.post("/v1/predict", json={"texts": []}), 422)


def test_with_a_damaged_release_only_it_is_not_ready_and_says_why(store: ReleaseStore, check_problem: CheckProblem) -> None:
    version = store.versions()[0]
    (store.directory(version) / "model_card.md").unlink()
    with TestClient(make_app(store)) as client:
        assert client.get("/health").status_code == 200
        assert version in check_problem(client.get("/ready"), 503)["detail"]


def test_with_a_garbled_current_it_is_healthy_but_not_ready(store: ReleaseStore, check_problem: CheckProblem) -> None:
    (Path(store.root) / "CURRENT").write_bytes(b"\xff\xfe")
    with TestClient(make_app(store)) as client:
        assert client.get("/health").status_code == 200
        check_problem(client.get("/ready"), 503)


def test_it_serves_the_older_release_when_the_current_one_is_damaged(store: ReleaseStore, make_bundle: MakeBundle) -> None:
    good = store.versions()[0]
    (store.directory(store.publish(make_bundle(1))) / "catalogue.sqlite").write_bytes(b"")
    with TestClient(make_app(store)) as client:
        assert client.get("/ready").json()["release"] == good
        assert client.post("/v1/predict", json={"texts": ["A sheriff rides."]}).json()["release"] == good


def test_a_release_published_while_it_runs_takes_over(store: ReleaseStore, make_bundle: MakeBundle) -> None:
    with TestClient(make_app(store)) as client:
        before = client.get("/v1/genres")
        version = store.publish(make_bundle(1))
        wait_for_release(client, version)
        after = client.get("/v1/genres", headers={"If-None-Match": before.headers["etag"]})
        assert (after.status_code, after.json()["release"]) == (200, version)
        infos = [line for line in client.get("/metrics").text.splitlines() if line.startswith("trending_release_info{")]
        assert len(infos) == 1
        assert version in infos[0]


def test_the_first_release_published_while_it_runs_makes_it_ready(bundle: Path, check_problem: CheckProblem) -> None:
    found = ReleaseStore.from_settings()
    with TestClient(make_app(found)) as client:
        check_problem(client.get("/ready"), 503)
        wait_for_release(client, found.publish(bundle))


def test_a_damaged_release_published_while_it_runs_changes_nothing(store: ReleaseStore, make_bundle: MakeBundle) -> None:
    good = store.versions()[0]
    with TestClient(make_app(store)) as client:
        damaged = store.publish(make_bundle(1))
        wait_for_release(client, damaged)
        promote(store, good)
        wait_for_release(client, good)
        (store.directory(damaged) / "catalogue.sqlite").write_bytes(b"")
        (Path(store.root) / "CURRENT").write_text(damaged)
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            assert client.get("/v1/search", params={"q": "detective"}).json()["release"] == good


def test_two_apps_in_one_process_count_for_themselves(store: ReleaseStore) -> None:
    with TestClient(make_app(store)) as first, TestClient(make_app(store)) as second:
        first.post("/v1/predict", json={"texts": ["one", "two"]})
        assert "trending_texts_scored_total 2.0" in first.get("/metrics").text
        assert "trending_texts_scored_total 0.0" in second.get("/metrics").text


def test_the_body_limit_is_the_setting(store: ReleaseStore, check_problem: CheckProblem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRENDING_MAX_BODY_BYTES", "1000")
    load_settings.cache_clear()
    with TestClient(make_app(store)) as client:
        assert client.post("/v1/predict", json={"texts": ["a" * 900]}).status_code == 200
        assert "1,000" in check_problem(client.post("/v1/predict", json={"texts": ["a" * 1_000]}), 413)["detail"]
        assert "1,000" in check_problem(client.post("/v1/predict", content=iter([b"a" * 600] * 2)), 413)["detail"]


def test_an_unexpected_error_is_a_problem_that_gives_nothing_away(store: ReleaseStore, check_problem: CheckProblem) -> None:
    app = make_app(store)
    with TestClient(app, raise_server_exceptions=False) as client:
        with app.live.lease() as service:
            service.catalogue.close()
        problem = check_problem(client.get("/v1/titles/x"), 500)
    assert "sqlite" not in problem["detail"].lower()
    assert "closed" not in problem["detail"]
