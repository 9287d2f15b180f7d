"""Read raw titles from the configured source."""

from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.sources import SourceConfig, open_source
from trending.sources.raw import raw_titles_frame


@step(cache_policy=depend_on("sources", "cleaning", "datasets", "ingestion/database.py"))
def load_titles(source: dict[str, Any], fingerprint: str) -> Annotated[pd.DataFrame, "raw_titles"]:
    """Read every record of the source, as it is.

    Args:
        source: A `SourceConfig`.
        fingerprint: Hash of the source's content: a changed file is read again, an unchanged one comes from the cache.
    """
    opened = open_source(SourceConfig(**source))
    titles = raw_titles_frame(opened.records())
    log_metadata({"source": opened.name, "rows": len(titles), "fingerprint": fingerprint})
    return titles
