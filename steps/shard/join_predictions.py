"""Join the predictions of all shards."""

from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import FolderMaterializer, discard, new_folder
from trending.scoring.predictions import ScoringReport
from trending.scoring.shards import join_predictions as join
from trending.scoring.shards import join_reports


@step(
    cache_policy=depend_on("scoring/__init__.py", "scoring/predictions.py", "scoring/shards.py"),
    output_materializers={"predictions": FolderMaterializer},
)
def join_predictions(parts: list[Path], reports: list[dict[str, Any]]) -> tuple[Annotated[Path, "predictions"], Annotated[dict[str, Any], "scoring_report"]]:
    """Return one folder with the predictions of all shards, as if one step had scored them, and what scoring took.

    Args:
        parts: Predictions of each shard, in order.
        reports: What scoring each of them took.
    """
    folder = new_folder("joined") / "predictions"
    join(parts, folder)
    discard(*parts)
    report = join_reports([ScoringReport(**one) for one in reports]).as_dict()
    log_metadata({"shards": len(parts), **report})
    return folder, report
