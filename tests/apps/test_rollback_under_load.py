"""Rolling back while a real server is asked all the time: no request fails, no answer is mixed, and the older release serves within a poll."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.load import Load
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail
from trending.releases.promotion import promote
from trending.service.live import POLL_SECONDS

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]


def test_rollback_under_load_fails_no_request_and_serves_the_older_release_in_seconds(
    store: ReleaseStore, make_bundle: Callable[..., Path], start_server: Callable[..., Any], run_cli: RunCli, record_property: Callable[[str, object], None]
) -> None:
    old, new = store.versions()[0], store.publish(make_bundle(1))
    home = Path(store.root).parent
    server = start_server(home, settings={"TRENDING_RATE_LIMIT": ""})
    load = Load(server.url, clients=3)
    try:
        load.wait_for(new)
        asked = time.perf_counter()
        done = run_cli("release", "rollback", home=home)
        answered = time.perf_counter()
        served = load.wait_for(old)
        time.sleep(2 * POLL_SECONDS)
    finally:
        load.end()
        server.stop()
    assert done.returncode == 0, done.stderr
    assert {status for _, status, _ in load.answers} == {200}
    assert {release for *_, release in load.answers} == {old, new}
    later = [release for moment, _, release in load.answers if moment > served + POLL_SECONDS]
    assert set(later) == {old}, "once the older one serves, nothing goes back"
    figures = {"command": answered - asked, "served": served - asked, "requests": len(load.answers)}
    for name, value in figures.items():
        record_property(name, round(value, 2))
    print(f"rollback: the command took {figures['command']:.1f} s, the older release served after {figures['served']:.1f} s, {len(load.answers)} requests")
    assert AuditTrail.from_store(store).verify() is None


def test_a_half_done_promotion_is_served_as_current_says(store: ReleaseStore, make_bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Serving waits for no trail and no follower."""
    old, _ = store.versions()[0], store.publish(make_bundle(1))
    monkeypatch.setattr(AuditTrail, "add", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        promote(store, old)
    assert store.open().manifest.version == old
