"""Choose what may be learnt from and divide it by title group."""

from typing import Annotated

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.models.split import select_trainable
from trending.models.split import split_titles as split


@step(cache_policy=depend_on("models/split.py", "cleaning/rights.py", "features/labels.py"))
def split_titles(titles: pd.DataFrame, rights: list[str], seed: int) -> Annotated[pd.DataFrame, "splits"]:
    """Return `title_id` and `split` (train, validation, test) of every title that may be learnt from.

    Args:
        titles: Clean, validated titles.
        rights: Patterns of the rights classes that may be learnt from.
        seed: The same seed gives the same split.
    """
    chosen, left_out = select_trainable(titles, rights)
    trainable = titles[chosen]
    splits = pd.DataFrame({"title_id": trainable["title_id"], "split": split(trainable, seed)}).reset_index(drop=True)
    log_metadata({**{str(name): int(count) for name, count in splits["split"].value_counts().items()}, "left_out": left_out})
    return splits
