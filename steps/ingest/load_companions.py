"""Read what a data version knows of its titles beside themselves."""

from typing import Annotated

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.ingestion.companions import read_companions


@step(cache_policy=depend_on("ingestion/companions.py", "ingestion/trends.py", "ingestion/database.py", "trends", "reviews", "datasets", "cleaning"))
def load_companions(
    version: str, fingerprint: str, rights: list[str], market: str
) -> tuple[Annotated[pd.DataFrame, "works"], Annotated[pd.DataFrame, "reviews"], Annotated[pd.DataFrame, "trend_history"]]:
    """Return works, reviews and the trends of 13 weeks; only what may be shown.

    Args:
        version: Name of the data version.
        fingerprint: Hash of its tables.
        rights: Patterns of the rights classes that may be shown.
        market: Whose signals the trending score reads: global or a country code.
    """
    found = read_companions(version, rights, market)
    days = found.trends["as_of"]
    log_metadata(
        {
            "version": version,
            "fingerprint": fingerprint,
            "works": int(found.works["work_id"].nunique()),
            "reviews": len(found.reviews),
            "trending": int((days == days.max()).sum()),
            "as_of": str(days.max()) if len(days) else "no signals",
            "weeks": int(days.nunique()),
        }
    )
    return found.works, found.reviews, found.trends
