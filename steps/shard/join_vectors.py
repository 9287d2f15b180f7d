"""Join the vectors of all shards."""

from typing import Annotated

import numpy as np
from zenml import log_metadata, step

from steps.caching import depend_on


@step(cache_policy=depend_on())
def join_vectors(parts: list[np.ndarray]) -> Annotated[np.ndarray, "title_vectors"]:
    """Return the vectors of all titles that may be shown, in their order.

    Args:
        parts: Those of each shard, in order.
    """
    vectors = np.vstack(parts)
    log_metadata({"shards": len(parts), "titles": len(vectors), "dims": vectors.shape[1]})
    return vectors
