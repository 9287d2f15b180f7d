"""Join the features that training reads."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import discard
from trending.features.store.snapshot import join_snapshot, read_moment


@step(cache_policy=depend_on("features", "embeddings", "insights/scorer.py", "insights/scorer.npz", "cleaning", "processes.py"))
def join_features(feature_tables: Path, splits: pd.DataFrame, as_of: str) -> Annotated[pd.DataFrame, "title_features"]:
    """Return what was known of the titles to learn from by `as_of`: title_id, type, decade, language, and the figures of reviews and trends.

    Args:
        feature_tables: As `materialize_features` returns them.
        splits: Split per trainable title.
        as_of: ISO date: what became known later isn't seen.
    """
    features = join_snapshot(feature_tables, splits["title_id"].tolist(), read_moment(as_of))
    discard(feature_tables)
    known = {f"with_{name}": int(features[name].notna().sum()) for name in ("decade", "language", "review_rating", "trend_score")}
    log_metadata({"titles": len(features), "as_of": as_of, **known})
    return features
