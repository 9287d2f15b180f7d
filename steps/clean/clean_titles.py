"""Clean raw titles, and put aside with a reason what can't be kept."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step
from zenml.types import HTMLString

from steps.caching import depend_on
from trending.cleaning.clean import clean_titles as clean
from trending.errors import QualityError
from trending.reports.data_report import render_data_summary
from trending.sources.raw import raw_records


@step(cache_policy=depend_on("cleaning", "sources/raw.py", "sources/starter.py", "reports", "validation/data_card.py", "features/masking.py"))
def clean_titles(
    raw_titles: pd.DataFrame,
) -> tuple[
    Annotated[pd.DataFrame, "titles"],
    Annotated[pd.DataFrame, "quarantine"],
    Annotated[dict[str, Any], "cleaning_report"],
    Annotated[HTMLString, "data_summary"],
]:
    """Repair, normalise, merge, group; rows in = kept + merged + quarantined is asserted."""
    result = clean(raw_records(raw_titles))
    report = result.report
    if report.rows_in != len(raw_titles):
        raise QualityError(f"{len(raw_titles)} rows were loaded but {report.rows_in} were seen", where="cleaning")
    log_metadata({"rows_in": report.rows_in, "kept": report.kept, "merged": report.merged, "quarantined": report.quarantined, "groups": report.groups})
    return result.titles, result.quarantine, report.as_dict(), HTMLString(render_data_summary(result.titles, report))
