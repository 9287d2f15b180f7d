"""Whether training and serving see the same: per feature, how many titles have another value online than a join gives, a number to be published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from trending.features.facts import write_facts
from trending.features.store.repository import FeatureRepository
from trending.features.store.schema import FACTS, FREE_REQUEST, FREE_TEXT, FREE_VECTOR, FREE_VIEWS, PLOT, TEXT, VIEWS, conform, name_features

TOLERANCE = 1e-6


def measure_parity(repository: FeatureRepository, title_ids: Sequence[str], as_of: pd.Timestamp) -> dict[str, float]:
    """Return the share of titles whose value differs between a join and the online store, per feature: 0 where all agree.

    Words and whole numbers must be equal, other numbers to 1e-6.

    Args:
        repository: Materialised for `as_of`.
        title_ids: Unique.
        as_of: The moment it was materialised for; UTC.
    """
    names = [name for view in repository.views() if view in VIEWS for name in name_features(view)]
    offline, online = repository.join(title_ids, as_of, names), repository.look_up(title_ids, names)
    shares = {}
    for name in names:
        view, _, feature = name.partition(":")
        shares[name] = _share_differing(offline[feature], online[feature], VIEWS[view][feature])
    return shares


def measure_text_parity(repository: FeatureRepository, titles: pd.DataFrame, as_of: pd.Timestamp) -> dict[str, float]:
    """Return the same for the on-demand views: a title's own plot, pasted, against what a join gives for the title.

    Args:
        repository: Materialised for `as_of`.
        titles: `title_id, plot, type, year` of titles with a plot.
        as_of: The moment it was materialised for; UTC.
    """
    has_vectors = FREE_VECTOR in repository.views()
    names = [f"{PLOT}:text", f"{FACTS}:type", f"{FACTS}:decade", *([f"{TEXT}:embedding"] if has_vectors else [])]
    stored = repository.join(titles["title_id"].tolist(), as_of, names)
    pasted = paste(repository, titles.rename(columns={"plot": "free_plot", "type": "free_type", "year": "free_year"}))
    decades = stored["decade"].astype("float64")
    wanted = {
        f"{FREE_TEXT}:free_masked": stored["text"],
        f"{FREE_TEXT}:free_facts": pd.Series([write_facts(kind, decade) for kind, decade in zip(stored["type"], decades, strict=True)]),
        **({f"{FREE_VECTOR}:free_embedding": stored["embedding"]} if has_vectors else {}),
    }
    shares = {}
    for name, values in wanted.items():
        view, _, feature = name.partition(":")
        shares[name] = _share_differing(values, pasted[feature], FREE_VIEWS[view][feature])
    return shares


def paste(repository: FeatureRepository, requests: pd.DataFrame) -> pd.DataFrame:
    """Return what the on-demand views there are answer to pasted plots, a row each.

    Args:
        repository: Materialised.
        requests: `free_plot`, `free_type`, `free_year`; the last two may be null.
    """
    views = {view: FREE_VIEWS[view] for view in repository.views() if view in FREE_VIEWS}
    asked = conform(requests, FREE_REQUEST)
    rows = [{name: _make_sendable(value) for name, value in zip(asked.columns, row, strict=True)} for row in asked.itertuples(index=False)]
    answers = repository.ask(rows, [f"{view}:{name}" for view, columns in views.items() for name in columns])
    return conform(answers, {name: dtype for columns in views.values() for name, dtype in columns.items()})


def _make_sendable(value: Any) -> Any:
    """Return a value as Feast's messages can carry it: halves of characters, as JSON may hold, can't be; repair takes them out anyway."""
    if isinstance(value, str):
        return value.encode("utf-8", "ignore").decode()
    return None if pd.isna(value) else value


def _share_differing(offline: pd.Series, online: pd.Series, dtype: pa.DataType) -> float:
    if not len(offline):
        return 0.0
    pairs = zip(offline, online, strict=True)
    is_exact = not (pa.types.is_floating(dtype) or pa.types.is_list(dtype))
    return sum(not _agree(one, other, is_exact) for one, other in pairs) / len(offline)


def _agree(one: object, other: object, is_exact: bool) -> bool:
    missing = [value is None or value is pd.NA or value != value for value in (one, other) if not isinstance(value, np.ndarray)]  # noqa: PLR0124 - NaN
    if any(missing):
        return len(missing) == 2 and all(missing)
    if is_exact:
        return bool(one == other)
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= TOLERANCE))
