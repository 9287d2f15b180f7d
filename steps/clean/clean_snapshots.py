"""Clean every record of the run's snapshots, and put aside with a reason what can't be kept."""

from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import discard, new_folder
from trending.ingestion.clean import CleaningAccount, clean_records
from trending.ingestion.snapshots import iter_all, read_all
from trending.reviews.privacy import load_salt
from trending.settings import load_settings


@step(cache_policy=depend_on("ingestion", "cleaning", "reviews", "trends", "datasets", "sources"))
def clean_snapshots(
    snapshots: list[Path],
) -> tuple[Annotated[Path, "fresh_rows"], Annotated[dict[str, Any], "cleaning_account"], Annotated[list[dict[str, Any]], "snapshot_facts"]]:
    """Return a folder of clean rows per table; the account: parsed, refused and why, mended; and what each snapshot says of itself.

    Args:
        snapshots: One folder a source.
    """
    folder = new_folder("fresh")
    found = [snapshot.model_dump() for snapshot in read_all(snapshots)]
    account = CleaningAccount.total([clean_records(iter_all(snapshots), folder, load_salt(load_settings().home))])
    discard(*snapshots)
    log_metadata(
        {"parsed": account.parsed.total(), "quarantined": account.quarantined.total(), **{f"refused_{reason}": n for reason, n in account.reasons.items()}}
    )
    return folder, account.as_dict(), found
