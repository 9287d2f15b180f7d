"""Build the examples models learn from."""

from typing import Annotated

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.features.examples import build_examples


@step(cache_policy=depend_on("features"))
def build_features(titles: pd.DataFrame, splits: pd.DataFrame) -> Annotated[pd.DataFrame, "examples"]:
    """Join titles with their split and mask every word that names a genre."""
    examples = build_examples(titles, splits)
    log_metadata({"examples": len(examples), "texts_masked": int((examples["text"] != examples["plot"]).sum())})
    return examples
