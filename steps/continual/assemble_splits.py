"""Assemble what a challenger learns from, and what it is judged by."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.continual.assembly import assemble_splits as assemble
from trending.continual.settings import AssemblySettings
from trending.models.split import select_trainable
from trending.releases import ReleaseStore
from trending.releases.splits import read_splits

_CODE = ("continual/assembly.py", "continual/settings.py", "models", "cleaning", "features", "releases", "catalogue", "embeddings", "insights", "evaluation")
_MORE = ("reviews", "monitoring", "answers.py", "datasets", "validation", "trends", "reports", "sources")


@step(cache_policy=depend_on(*_CODE, *_MORE))
def assemble_splits(
    titles: pd.DataFrame, champion: dict[str, str], rights: list[str], assembly: dict[str, Any], seed: int
) -> tuple[Annotated[pd.DataFrame, "splits"], Annotated[pd.DataFrame, "roles"]]:
    """Return `title_id` and `split` of what takes part, and `title_id` and `role`.

    Args:
        titles: Clean, validated titles.
        champion: `version` and `digest` of the release whose splits hold.
        rights: Patterns of the rights classes that may be learnt from.
        assembly: `AssemblySettings`.
        seed: Deals new titles.
    """
    chosen, left_out = select_trainable(titles, rights)
    known = read_splits(ReleaseStore.from_settings().open(champion["version"]))
    assembled = assemble(titles[chosen].reset_index(drop=True), known, AssemblySettings(**assembly), seed)
    log_metadata({**{str(name): int(count) for name, count in assembled["role"].value_counts().items()}, "left_out": left_out})
    return assembled[["title_id", "split"]], assembled[["title_id", "role"]]
