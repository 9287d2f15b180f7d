"""Linking of a release in the W&B registry after the fact: `python -m trending.tracking.registry ENTITY/PROJECT/RUN`.

A run that was offline can't link, so it keeps in its configuration what should be. Once `wandb sync` has sent it, this makes the link.
"""

from __future__ import annotations

import sys

from trending.errors import NotFoundError, TrendingError, UsageError


def link_synced(path: str) -> str:
    """Link the model that a run logged, under the aliases it logged with it.

    Args:
        path: `ENTITY/PROJECT/RUN`, as W&B's page of the run shows it.

    Returns:
        Name and version of what was linked.

    Raises:
        NotFoundError: If the run logged no release.
    """
    import wandb

    run = wandb.Api().run(path)
    models = [artifact for artifact in run.logged_artifacts() if artifact.type == "model"]
    if "registry" not in run.config or not models:
        raise NotFoundError("it logged no release", where=path, mend="give a run of the training pipeline that `wandb sync` has sent")
    models[0].link(run.config["registry"]["target"], aliases=run.config["registry"]["aliases"])
    run.summary.update({"registry": "linked"})  # type: ignore[no-untyped-call]
    return str(models[0].name)


if __name__ == "__main__":
    try:
        if len(sys.argv) != 2:
            raise UsageError("give one run", where="trending.tracking.registry", mend="as ENTITY/PROJECT/RUN")
        print(link_synced(sys.argv[1]))
    except TrendingError as error:
        sys.exit(f"{error}")
