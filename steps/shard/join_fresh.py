"""Join the clean rows of all shards."""

from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import discard, new_folder
from trending.ingestion.clean import CleaningAccount
from trending.ingestion.shards import join_fresh as join


@step(cache_policy=depend_on("ingestion", "cleaning", "reviews", "trends", "datasets", "sources"))
def join_fresh(parts: list[Path], accounts: list[dict[str, Any]]) -> tuple[Annotated[Path, "fresh_rows"], Annotated[dict[str, Any], "cleaning_account"]]:
    """Return one folder of clean rows and one account, as if one step had cleaned them.

    Args:
        parts: Clean rows of each shard, in order.
        accounts: What became of each shard's records.
    """
    folder = new_folder("fresh")
    rows = join(parts, folder)
    discard(*parts)
    account = CleaningAccount.total([CleaningAccount.from_dict(one) for one in accounts])
    log_metadata({"shards": len(parts), **rows})
    return folder, account.as_dict()
