"""Build the examples models learn from."""

from typing import Annotated

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.features.examples import build_examples


@step(cache_policy=depend_on("features"))
def build_features(titles: pd.DataFrame, splits: pd.DataFrame, title_features: pd.DataFrame) -> Annotated[pd.DataFrame, "examples"]:
    """Join titles with their split and their features, and mask every word that names a genre.

    Args:
        titles: Clean titles, all of them.
        splits: Split per trainable title.
        title_features: Of the same titles, as the feature store knows them: `type` and `decade` are what models read beside the plot.
    """
    examples = build_examples(titles, splits, title_features)
    log_metadata({"examples": len(examples), "texts_masked": int((examples["text"] != examples["plot"]).sum())})
    return examples
