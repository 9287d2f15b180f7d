"""What Feast is told of: the entity, the views over the offline tables, the view of a pasted plot, and the features each model reads."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
import pyarrow as pa

from trending.errors import UsageError
from trending.features.store.config import table_address
from trending.features.store.feast_library import import_feast
from trending.features.store.schema import (
    DESCRIPTIONS,
    ENTITY,
    FACTS,
    FREE_DESCRIPTIONS,
    FREE_REQUEST,
    FREE_TEXT,
    FREE_VECTOR,
    FREE_VIEWS,
    KEY,
    PLOT,
    TEXT,
    TIMESTAMP,
    VIEWS,
    group_features,
)

if TYPE_CHECKING:
    from feast import FeatureService

# What a genre model reads of a title, by the kind of text it is given, and what of a pasted plot stands for that.
_READ: dict[str, tuple[str, ...]] = {
    "masked": (f"{PLOT}:text", f"{FREE_TEXT}:free_masked"),
    "described": (f"{PLOT}:text", f"{FACTS}:type", f"{FACTS}:decade", f"{FREE_TEXT}:free_masked", f"{FREE_TEXT}:free_facts"),
}
_VECTORS = (f"{TEXT}:embedding", f"{FREE_VECTOR}:free_embedding")


@dataclass(frozen=True)
class Definitions:
    """Feast's objects: the entity, a view per offline table, and the on-demand views of pasted plots."""

    entity: Any
    views: Mapping[str, Any]

    def all(self) -> list[Any]:
        """Return them in the order they are registered in."""
        return [self.entity, *self.views.values()]


def define(url: str, views: Iterable[str], encoder: str = "") -> Definitions:
    """Return the objects of the store at `url`.

    Args:
        url: Where the offline tables lie.
        views: Views that have one.
        encoder: SHA-256 of the graph that made the vectors, kept with their view.
    """
    import_feast()
    from feast import Entity, FeatureView, FileSource, OnDemandFeatureView, RequestSource, ValueType

    title = Entity(name=ENTITY, join_keys=[KEY], value_type=ValueType.STRING, description="A row of the catalogue.")
    found = {
        view: FeatureView(
            name=view,
            entities=[title],
            # A row holds until the next one: what ends is said by an empty row, so nothing grows too old.
            ttl=timedelta(0),
            schema=_fields({KEY: pa.string(), **VIEWS[view]}),
            source=FileSource(name=f"{view}_table", path=table_address(url, view), timestamp_field=TIMESTAMP),
            description=DESCRIPTIONS[view],
            tags={"encoder": encoder} if view == TEXT else {},
        )
        for view in views
    }
    computed = {FREE_TEXT: free_text} | ({FREE_VECTOR: free_vector} if TEXT in found else {})
    pasted = RequestSource(name="pasted_plot", schema=_fields(FREE_REQUEST))
    on_demand = {
        view: OnDemandFeatureView(
            name=view,
            sources=[pasted],
            schema=_fields(FREE_VIEWS[view]),
            udf=cast("FunctionType", function),
            # Feast runs this source wherever the view is asked: a call, so that what runs is the code installed there, never a copy of it.
            udf_string=inspect.getsource(function),
            mode="pandas",
            description=FREE_DESCRIPTIONS[view],
        )
        for view, function in computed.items()
    }
    return Definitions(title, {**found, **on_demand})


def free_text(requests: pd.DataFrame) -> pd.DataFrame:  # noqa: D103 - its source is what the registry holds
    from trending.features.store.free_text import compute_free_text

    return compute_free_text(requests)


def free_vector(requests: pd.DataFrame) -> pd.DataFrame:  # noqa: D103 - as above
    from trending.features.store.free_text import compute_free_vectors

    return compute_free_vectors(requests)


def define_service(definitions: Definitions, model: str, version: str, reads: str, *, embedded: bool = False) -> FeatureService:
    """Return the service that names the features of one version of a genre model.

    Args:
        definitions: Of the store.
        model: Kind of the model.
        version: Of the model or the release.
        reads: The text it is given: `masked` or `described`.
        embedded: Whether it reads the encoder's vectors too.

    Raises:
        UsageError: If there is no such text, or there are no vectors to read.
    """
    import_feast()
    from feast import FeatureService

    if reads not in _READ:
        raise UsageError(f"no text {reads!r}", where="reads", mend=f"choose from: {', '.join(_READ)}")
    if embedded and TEXT not in definitions.views:
        raise UsageError(f"{model} reads vectors, and the store has none", where="the feature store", mend="materialise it where there is an encoder")
    wanted = group_features([*_READ[reads], *(_VECTORS if embedded else ())])
    return FeatureService(
        name=name_service(model, version),
        features=[definitions.views[view][names] for view, names in wanted.items()],
        tags={"model": model, "version": version, "reads": reads},
        description=f"What {model} {version} reads of a title, and of a pasted plot.",
    )


def name_service(model: str, version: str) -> str:
    """Return the name of the service of a model's version, such as `genres_tfidf_logreg_2026_11_28`."""
    return "genres_" + re.sub(r"\W+", "_", f"{model}_{version}")


def _fields(columns: Mapping[str, pa.DataType]) -> list[Any]:
    from feast import Field
    from feast.types import Array, Float32, Float64, Int64, String

    types: dict[pa.DataType, Any] = {pa.string(): String, pa.int64(): Int64, pa.float64(): Float64, pa.list_(pa.float32()): Array(Float32)}
    return [Field(name=name, dtype=types[dtype]) for name, dtype in columns.items()]
