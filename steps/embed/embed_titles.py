"""Embed the titles that the release will show."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import discard
from trending.cleaning.rights import select_allowed
from trending.embeddings.titles import embed_titles as embed
from trending.settings import load_settings


@step(cache_policy=depend_on("embeddings", "cleaning"))
def embed_titles(titles: pd.DataFrame, encoder: Path, rights: list[str]) -> Annotated[np.ndarray, "title_vectors"]:
    """Return a vector per title that may be shown; what the cache folder holds a vector of isn't embedded again.

    Args:
        titles: Clean titles, all of them.
        encoder: The encoder's folder.
        rights: Patterns of the rights classes that may be shown.
    """
    embedded = embed(select_allowed(titles, rights), encoder, load_settings().cache_dir / "vectors")
    discard(encoder)
    log_metadata({"titles": len(embedded.vectors), "computed": embedded.computed, "dims": embedded.vectors.shape[1]})
    return embedded.vectors
