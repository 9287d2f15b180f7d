"""Register what the released model reads of the feature store."""

from typing import Annotated

from zenml import log_metadata, step

from steps.caching import depend_on
from trending.features.store.config import locate_store
from trending.features.store.repository import FeatureRepository
from trending.features.store.services import register_model
from trending.models import GenreModel
from trending.settings import load_settings


@step(cache_policy=depend_on("features", "models", "embeddings", "cleaning", "insights/scorer.py", "insights/scorer.npz", "processes.py"))
def register_features(champion: GenreModel, release_version: str, store: str) -> Annotated[list[str], "feature_services"]:
    """Return the names of the services, one per model in the release; none if it wasn't published.

    Args:
        champion: The released model.
        release_version: Of the release; empty if it wasn't published.
        store: Where the feature store lies; by default under the home folder.
    """
    if not release_version:
        return []
    repository = FeatureRepository(locate_store(store, load_settings().home))
    names = register_model(repository, champion, release_version)
    log_metadata({"services": names, "store": repository.url})
    return names
