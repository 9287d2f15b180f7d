"""Cut the records of a run's snapshots into shards."""

from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import ShardsMaterializer, discard, new_folder
from trending.ingestion.shards import cut_records
from trending.ingestion.snapshots import read_all


@step(cache_policy=depend_on("ingestion", "cleaning", "reviews", "trends", "datasets", "sources"), output_materializers={"record_shards": ShardsMaterializer})
def cut_snapshots(snapshots: list[Path], shards: int) -> tuple[Annotated[Path, "record_shards"], Annotated[list[dict[str, Any]], "snapshot_facts"]]:
    """Return a folder of shards, over which cleaning is mapped, and what each snapshot says of itself.

    Args:
        snapshots: One folder a source.
        shards: How many are wanted.
    """
    folder = new_folder("cut") / "shards"
    found = [snapshot.model_dump() for snapshot in read_all(snapshots)]
    sizes = cut_records(snapshots, folder, shards)
    discard(*snapshots)
    log_metadata({"shards": len(sizes), "records": sum(sizes), "largest": max(sizes)})
    return folder, found
