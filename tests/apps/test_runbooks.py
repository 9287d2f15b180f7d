"""docs/runbooks.md, followed as it stands under a running service: a bad release, a language model that is away, a leaked key. Pipelines: tests/pipelines."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.apps.conftest import ROOT, Server
from tests.llm.server import serve_script
from tests.runbooks import TEXT, follow, list_blocks, serve
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail
from trending.releases.bundle import CATALOGUE_FILE, seal_bundle
from trending.releases.manifest import read_manifest
from trending.reviews.privacy import load_salt
from trending.service.live import POLL_SECONDS

BLOCKS = list_blocks()
PATIENCE = 20.0
ALERTS = yaml.safe_load((ROOT / "infra" / "monitoring" / "prometheus" / "alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
PIPELINES = {"A poisoned source", "Of personal data"}  # followed in tests/pipelines


@pytest.fixture
def environment(store: ReleaseStore, tmp_path: Path) -> dict[str, str]:
    """What commands run with: a home with one release."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRENDING_")}
    return {**kept, "TRENDING_HOME": str(Path(store.root).parent), "TRENDING_ENCODER": "none", "ZENML_CONFIG_PATH": str(tmp_path / "zenml")}


@pytest.fixture
def served(start_server: Callable[..., Server], store: ReleaseStore) -> Iterator[Server]:
    """A service over it."""
    server = start_server(Path(store.root).parent, settings={"TRENDING_RATE_LIMIT": ""})
    yield server
    server.stop()


def count(url: str, pattern: str) -> float:
    """Return the sum of the samples whose line begins as the pattern says."""
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if re.match(pattern, line))


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(POLL_SECONDS / 10)


def break_trends(bundle: Path) -> Path:
    """Take from a bundle the table that `/v1/trending` reads, and seal it: whole by its hashes, and bad."""
    with sqlite3.connect(bundle / CATALOGUE_FILE) as catalogue:
        catalogue.execute("DROP TABLE rankings")
    catalogue.close()
    seal_bundle(bundle, read_manifest(bundle))
    return bundle


def test_a_bad_release_is_seen_rolled_back_and_gone(store: ReleaseStore, served: Server, environment: dict[str, str], make_bundle: Callable[..., Path]) -> None:
    notice, stop, mend, check = BLOCKS["A bad release"]
    environment["URL"] = served.url
    good, bad = store.versions()[0], store.publish(break_trends(make_bundle(1)))
    wait_for(lambda: httpx.get(f"{served.url}/ready").json()["release"] == bad)
    assert httpx.get(f"{served.url}/v1/trending").status_code == 500
    seen = follow(notice, environment)
    assert f'trending_release_info{{model_kind="tfidf_logreg",version="{bad}"}} 1.0' in seen
    assert re.search(r'^trending_http_requests_total\{.*route="/v1/trending",status="500"\} 1.0$', seen, flags=re.MULTILINE), "what FailingRequests counts"
    assert f"* {bad}" in seen
    assert good in follow(stop, environment)
    wait_for(lambda: httpx.get(f"{served.url}/ready").json()["release"] == good)
    assert good in follow(mend, environment)
    assert "audit trail: 3 entries, whole" in follow(check, environment)
    *_, last = AuditTrail.from_store(store).entries()
    assert (last.action, last.release, last.previous, last.reason) == ("rolled_back", good, bad, "answers fail since this release")


def test_while_the_model_is_away_rules_answer_and_afterwards_it_does(
    environment: dict[str, str], store: ReleaseStore, start_server: Callable[..., Server], tmp_path: Path
) -> None:
    notice, without, check = BLOCKS["The language model is away"]
    with serve_script() as model:
        good = model.behaviours["good"]
        model.behaviours["good"] = lambda _: (503, "away")
        settings = {"TRENDING_LLM_MODEL": "openai/good", "TRENDING_LLM_API_BASE": model.url, "TRENDING_RATE_LIMIT": ""}
        environment |= settings
        server = start_server(Path(store.root).parent, settings=settings)
        try:
            environment["URL"] = server.url
            follow(notice, environment)
            seen = follow(notice, environment)
            assert re.search(r'^trending_llm_calls_total\{model="openai/good",outcome="(failed|timed_out)"\} [1-9]', seen, flags=re.MULTILINE), (
                "what FailingModel counts"
            )
            assert re.search(r'^trending_llm_fallbacks_total\{task="insights"\} [1-9]', seen, flags=re.MULTILINE)
            assert read_maker(seen)["fallback"], "the answer says that rules gave it, and why"
            assert fail_share(server.url) > limit_of("FailingModel")
            with serve(without, environment, tmp_path / "without.log") as url:
                calls = sum(model.calls.values())
                answered = follow(notice.splitlines()[1], environment | {"URL": url})
                assert read_maker(answered)["fallback"] is None
                assert sum(model.calls.values()) == calls, "nobody asks the model"
            model.behaviours["good"] = good
            wait_for(lambda: read_maker(follow(check.splitlines()[0], environment))["maker"] == "openai/good")
            assert 'outcome="answered"' in follow(check, environment)
        finally:
            server.stop()


def fail_share(url: str) -> float:
    """Return what the alert FailingModel computes, over all time."""
    made = r'trending_llm_calls_total\{.*outcome="(?!not_asked)'
    return count(url, r'trending_llm_calls_total\{.*outcome="(failed|timed_out)"') / count(url, made)


def limit_of(alert: str) -> float:
    """Return the number an alert's figure is compared with."""
    (rule,) = [rule for rule in ALERTS if rule["alert"] == alert]
    return float(rule["expr"].rpartition(">")[2])


def read_maker(printed: str) -> dict[str, Any]:
    """Return who made the insights in an answer that was printed among other things; curl ends it without a new line."""
    answer, _ = json.JSONDecoder().raw_decode(printed[printed.index('{"release"') :])
    found: dict[str, Any] = answer["insights"]["provenance"]
    return found


def test_a_leaked_key_is_refused_and_nowhere_in_what_was_written(
    environment: dict[str, str], start_server: Callable[..., Server], store: ReleaseStore, tmp_path: Path
) -> None:
    make, start, check, new_salt = BLOCKS["Of a secret"]
    leaked = "0123456789abcdef" * 3
    home = Path(store.root).parent
    before = start_server(home, settings={"TRENDING_API_KEYS": leaked, "TRENDING_RATE_LIMIT": ""})
    assert httpx.get(f"{before.url}/v1/genres", headers={"X-API-Key": leaked}).status_code == 200
    before.stop()
    new = follow(f'{make}echo "$NEW"', environment).strip()
    assert re.fullmatch("[0-9a-f]{48}", new)
    environment |= {"NEW": new, "LEAKED": leaked}
    with serve(start, environment, home / "server.log") as url:
        follow(check, environment | {"URL": url})
        (home / "careless.log").write_text(f"key {leaked}", encoding="utf-8")
        with pytest.raises(AssertionError, match=r"careless\.log"):
            follow(check, environment | {"URL": url})
    salt = load_salt(home)
    follow(new_salt, environment)
    assert load_salt(home) != salt


def test_no_command_is_left_untried_and_what_it_links_to_exists() -> None:
    tried = {"A bad release": 4, "The language model is away": 3, "Of a secret": 4}
    assert {title: len(blocks) for title, blocks in BLOCKS.items() if title not in PIPELINES} == tried
    assert TEXT.count("```bash") == 1 + sum(map(len, BLOCKS.values()))
    for link in re.findall(r"\]\(([^)#]+)", TEXT):
        assert (ROOT / "docs" / link).is_file(), link


def test_the_alerts_it_names_exist() -> None:
    known = {rule["alert"] for rule in ALERTS}
    named = set(re.findall(r"\b(?:Failing|Slow|No|Costly|Stale|Service)[A-Z]\w+\b", TEXT))
    assert named
    assert named <= known
