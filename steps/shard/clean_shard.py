"""Clean one shard of a run's records."""

from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step
from zenml.enums import StepRuntime

from steps.caching import depend_on
from steps.folders import FolderMaterializer, discard, new_folder
from trending.ingestion.shards import clean_apart

_CODE = ("ingestion", "cleaning", "reviews", "trends", "datasets", "sources")


# Isolated: a pod or a job of its own where the orchestrator has such. The local one runs it as a thread, and the cleaning in a process.
@step(cache_policy=depend_on(*_CODE), output_materializers={"fresh_shard": FolderMaterializer}, runtime=StepRuntime.ISOLATED)
def clean_shard(records: Path) -> tuple[Annotated[Path, "fresh_shard"], Annotated[dict[str, Any], "shard_account"]]:
    """Return a folder of clean rows per table, and what became of each record.

    Args:
        records: A shard.
    """
    folder = new_folder("fresh")
    account = clean_apart(records, folder)
    discard(records)
    log_metadata({"parsed": account.parsed.total(), "quarantined": account.quarantined.total()})
    return folder, account.as_dict()
