"""Look at the new version's quality with deepchecks: its integrity, the split that training would make, its texts."""

from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step
from zenml.types import HTMLString

from steps.caching import depend_on
from steps.folders import discard
from trending.ingestion.quality import check_version
from trending.validation.settings import CheckSettings


@step(cache_policy=depend_on("validation", "ingestion", "datasets", "models/split.py", "cleaning", "features", "reports", "reviews", "sources/crawl"))
def check_quality(
    tables: Path, checks: dict[str, Any]
) -> tuple[
    Annotated[dict[str, Any], "quality_verdict"],
    Annotated[HTMLString, "integrity_report"],
    Annotated[HTMLString, "split_report"],
    Annotated[HTMLString, "text_report"],
    Annotated[HTMLString, "review_report"],
]:
    """Return which named conditions hold, and a page per suite; a condition listed in `checks.blocking` ends the run if it doesn't.

    Args:
        tables: Of the new version.
        checks: `CheckSettings`.
    """
    verdict, pages = check_version(tables, CheckSettings(**checks))
    discard(tables)
    log_metadata(dict(verdict))
    return verdict, HTMLString(pages["integrity"]), HTMLString(pages["split"]), HTMLString(pages["texts"]), HTMLString(pages["reviews"])
