"""Score what is trending, with every part of each score."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import pandas as pd
from zenml import log_metadata, step
from zenml.types import HTMLString

from steps.caching import depend_on
from steps.folders import discard
from trending.ingestion.trends import score_tables
from trending.reports.trends_report import render_trends


@step(cache_policy=depend_on("ingestion", "trends", "reports", "datasets", "reviews", "cleaning"))
def score_trends(tables: Path, market: str, as_of: str | None, today: str) -> tuple[Annotated[pd.DataFrame, "trends"], Annotated[HTMLString, "trending_now"]]:
    """Return every work with signals, ranked within films and within TV, and the page that shows the first of them.

    Args:
        tables: Of the new version.
        market: Whose signals are read: global or a country code.
        as_of: The day, as an ISO date; by default the end of the latest period that is over by `today`.
        today: An ISO date, given from outside so that a day later isn't served from the cache.
    """
    trends = score_tables(tables, market, dt.date.fromisoformat(as_of) if as_of else None, dt.date.fromisoformat(today))
    discard(tables)
    log_metadata({"works": len(trends), "as_of": str(trends["as_of"].max()) if len(trends) else "no signals"})
    return trends, HTMLString(render_trends(trends, market))
