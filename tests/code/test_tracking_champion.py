"""W&B's alias follows the release that is current. The SDK's `Api` is a stand-in: there is no server here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trending.releases import ReleaseStore
from trending.tracking.champion import ChampionAlias
from trending.tracking.wandb_run import TARGET

wandb = pytest.importorskip("wandb", reason="wandb is not installed")


class Artifact(SimpleNamespace):
    """A model artifact that a run logged."""

    def save(self) -> None:
        """Keep the aliases."""
        self.saved = sorted(self.aliases)

    def link(self, target: str, aliases: list[str]) -> None:
        """Link it."""
        self.linked = (target, aliases)


@pytest.fixture(autouse=True)
def _no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Let no login be found, nor outlive a test: wandb keeps it for the process."""
    for name in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "wandb-config"))
    yield
    wandb.teardown()


def serve(monkeypatch: pytest.MonkeyPatch, *artifacts: Artifact) -> list[Any]:
    """Let somebody be logged in, and `wandb.Api` find artifacts; returns what is asked of it."""
    asked: list[Any] = []

    def find(kind: str, path: str) -> list[Artifact]:
        asked.append((kind, path))
        return list(artifacts)

    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setattr(wandb, "Api", lambda: SimpleNamespace(artifacts=find))
    return asked


def test_the_artifact_of_the_release_gets_the_alias_in_project_and_registry(monkeypatch: pytest.MonkeyPatch, store: ReleaseStore) -> None:
    manifest = store.manifest(str(store.current_version()))
    monkeypatch.setenv("WANDB_ENTITY", "me")
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    other = Artifact(name="trending-now-genres:v1", metadata={"release": "other"}, aliases=["champion"])
    wanted = Artifact(name="trending-now-genres:v0", metadata={"release": manifest.version}, aliases=["candidate"])
    asked = serve(monkeypatch, other, wanted)
    assert ChampionAlias().follow(manifest) == "trending-now-genres:v0 is the champion"
    assert asked == [("model", "me/trending-now/trending-now-genres")]
    assert (wanted.saved, wanted.linked) == (["candidate", "champion"], (TARGET, ["champion"]))
    assert not hasattr(other, "saved")


def test_offline_nothing_is_asked_and_it_says_how_to_move_it_later(monkeypatch: pytest.MonkeyPatch, store: ReleaseStore) -> None:
    manifest = store.manifest(str(store.current_version()))
    asked = serve(monkeypatch)
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert f"release promote {manifest.version}" in ChampionAlias().follow(manifest)
    assert asked == []


def test_without_a_login_nothing_is_asked_either(store: ReleaseStore) -> None:
    """Such as after runs that were all offline: nothing is left pending that `release verify` could never end."""
    manifest = store.manifest(str(store.current_version()))
    assert ChampionAlias().follow(manifest) == f"not logged in: to move the alias later, run: python run.py release promote {manifest.version}"


def test_a_release_no_run_logged_moves_nothing(monkeypatch: pytest.MonkeyPatch, store: ReleaseStore) -> None:
    serve(monkeypatch)
    assert ChampionAlias().follow(store.manifest(str(store.current_version()))).startswith("nothing to do: no run")


def test_it_follows_only_where_wandb_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pipelines.promotion import list_followers
    from trending.settings import load_settings

    monkeypatch.setenv("ZENML_CONFIG_PATH", str(tmp_path / "none"))
    monkeypatch.delenv("ZENML_STORE_URL", raising=False)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    assert list_followers() == []
    (load_settings().home / "wandb").mkdir(parents=True)
    assert [one.name for one in list_followers()] == ["W&B"]
