"""Fill the feature store."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import FolderMaterializer, discard, new_folder
from trending.cleaning.rights import select_allowed
from trending.features.store.config import locate_store
from trending.features.store.repository import FeatureRepository
from trending.features.store.snapshot import read_moment, write_snapshot
from trending.features.store.tables import build_tables
from trending.settings import load_settings


@step(
    cache_policy=depend_on("features", "embeddings", "insights/scorer.py", "insights/scorer.npz", "cleaning", "processes.py"),
    output_materializers={"feature_tables": FolderMaterializer},
)
def materialize_features(
    titles: pd.DataFrame,
    rights: list[str],
    as_of: str,
    key: str,
    store: str = "",
    works: pd.DataFrame | None = None,
    reviews: pd.DataFrame | None = None,
    trends: pd.DataFrame | None = None,
    encoder: Path | None = None,
) -> Annotated[Path, "feature_tables"]:
    """Write the offline tables, register them with Feast, and bring the online store to what is known by `as_of`; return the tables, but for vectors.

    Args:
        titles: Clean titles, all of them.
        rights: Patterns of the rights classes that may be learnt from.
        as_of: ISO date: the day the titles are known since, and what later steps join as of.
        key: What the run calls these data by: see `FeatureRepository.is_current`.
        store: Where the store lies; by default under the home folder.
        works: Which titles are the same work, where the source knows.
        reviews: Reviews that may be shown.
        trends: Trends of several weeks that may be shown.
        encoder: The encoder's folder; without it plots have no vectors.
    """
    settings = load_settings()
    moment = read_moment(as_of)
    allowed = select_allowed(titles, rights)
    built = build_tables(allowed, moment, works=works, reviews=reviews, trends=trends, encoder=encoder, cache=settings.cache_dir / "vectors")
    url = locate_store(store, settings.home)
    is_new = FeatureRepository(url).materialize(built, moment, key)
    folder = new_folder("features")
    write_snapshot(built, folder)
    if encoder:
        discard(encoder)
    rows = {f"{view}_rows": table.num_rows for view, table in built.tables.items()}
    log_metadata({"store": url, "as_of": as_of, "titles": len(allowed), "written": is_new, "embedded": built.embedded, **rows})
    return folder
