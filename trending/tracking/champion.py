"""The alias `champion` in Weights & Biases, which follows the release that is current; training's own run gives it to what it publishes."""

from __future__ import annotations

import os

from trending.releases.manifest import Manifest
from trending.tracking.record import CHAMPION
from trending.tracking.wandb_run import COLLECTION, TARGET

_WITHOUT_SERVER = ("offline", "dryrun", "disabled")


class ChampionAlias:
    """The alias of the model artifact that a release was logged as, in the project and in the registry."""

    name = "W&B"

    def follow(self, manifest: Manifest) -> str:
        """Give the alias to the release's artifact; W&B takes it from whichever had it.

        Without a server, or a login to it, nothing can be moved, nor kept for later: promoting the release again, once there is one, does it.
        """
        later = f"to move the alias later, run: python run.py release promote {manifest.version}"
        if os.environ.get("WANDB_MODE") in _WITHOUT_SERVER:
            return f"offline: {later}"
        import wandb

        if not wandb.login(prompt=False, verify=False):
            return f"not logged in: {later}"
        project = os.environ.get("WANDB_PROJECT", "trending-now")
        entity = os.environ.get("WANDB_ENTITY")
        path = "/".join(part for part in (entity, project, COLLECTION) if part)
        for artifact in wandb.Api().artifacts("model", path):
            if artifact.metadata.get("release") == manifest.version:
                artifact.aliases = [*{*artifact.aliases, CHAMPION}]
                artifact.save()
                artifact.link(TARGET, aliases=[CHAMPION])
                return f"{artifact.name} is the {CHAMPION}"
        return f"nothing to do: no run in {path} logged it"
