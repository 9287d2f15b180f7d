"""Who is told when the command line promotes a release or rolls back: ZenML where it is set up, Weights & Biases where it is used.

Both are opened only after `CURRENT` has moved: importing ZenML takes longer than everything before it.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from steps.followers import ZenmlStage
from trending.releases.manifest import Manifest
from trending.releases.promotion import Follower
from trending.settings import load_settings
from trending.tracking.champion import ChampionAlias


def list_followers() -> list[Follower]:
    """Return who follows releases on this machine."""
    found: list[Follower] = []
    if has_zenml():
        found.append(_QuietZenmlStage())
    if find_spec("wandb") and (os.environ.get("WANDB_API_KEY") or (load_settings().home / "wandb").is_dir()):
        found.append(ChampionAlias())
    return found


def has_zenml() -> bool:
    """Say whether ZenML is installed and has ever been used here: opening it would else make it a database, which takes half a minute."""
    if find_spec("zenml") is None:
        return False
    import click

    folder = Path(os.environ.get("ZENML_CONFIG_PATH") or click.get_app_dir("zenml"))
    return "ZENML_STORE_URL" in os.environ or (folder / "config.yaml").is_file()


class _QuietZenmlStage(ZenmlStage):
    """The stage, from a process in which ZenML isn't open yet."""

    def follow(self, manifest: Manifest) -> str:
        if manifest.zenml.model_name:
            from pipelines.runner import connect_zenml, quieten_zenml

            quieten_zenml()
            connect_zenml()
        return super().follow(manifest)
