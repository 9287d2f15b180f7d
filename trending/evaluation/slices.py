"""Slices of a set of titles, so that a good average can't hide a bad part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from trending.catalogue.languages import LANGUAGES, find_language
from trending.evaluation.places import find_region, list_countries

Mask = npt.NDArray[np.bool_]
Masks = dict[str, Mask]
MIN_SLICE = 20  # fewer titles say nothing
_LENGTHS = (
    (0, 100, "plot under 100 chars"),
    (100, 300, "plot 100 to 299 chars"),
    (300, 1_000, "plot 300 to 999 chars"),
    (1_000, 10**9, "plot 1,000 chars and more"),
)
_BANDS = ("least known third of its source", "middle third of its source", "best known third of its source")
_CROSSED = ("decade", "plot length", "source")  # with the type: what is told of a film and of a show differs most


def slice_titles(titles: pd.DataFrame) -> dict[str, Masks]:
    """Return, per kind of slice, the rows of each slice.

    Args:
        titles: Needs `type`; `plot`, `year`, `source`, `language`, `country`, `popularity` and `votes` where they are known.

    Returns:
        Kind (`type`, `decade`, `plot length`, `popularity`, `source`, `language`, `country`, `region`, and `type and ...`) -> name -> mask,
        shape (n,). Slices of fewer than `MIN_SLICE` titles are left out, except those of `type`, and so are kinds the columns say nothing of.
        A title of several countries is in the slices of all of them.
    """
    types = {name: (titles["type"] == name).to_numpy(dtype=bool) for name in ("movie", "tv")}
    simple = {
        "decade": _slice_decades(titles),
        "plot length": _slice_lengths(titles),
        "popularity": _slice_popularity(titles),
        "source": _slice_names([[name] if isinstance(name, str) else [] for name in titles["source"]]) if "source" in titles else {},
        **slice_places(titles),
    }
    crossed = {
        f"type and {kind}": {f"{type_name}, {name}": inside & mask for type_name, inside in types.items() for name, mask in simple[kind].items()}
        for kind in _CROSSED
    }
    large = {kind: {name: mask for name, mask in parts.items() if mask.sum() >= MIN_SLICE} for kind, parts in (simple | crossed).items()}
    return {"type": {name: mask for name, mask in types.items() if mask.any()}} | {kind: parts for kind, parts in large.items() if parts}


def slice_places(titles: pd.DataFrame) -> dict[str, Masks]:
    """Return the titles of each language, country and region, however few; a kind whose column is missing has none."""
    languages = [_name_language(value) for value in titles["language"]] if "language" in titles else []
    countries = [list_countries(value) if isinstance(value, str) else [] for value in titles["country"]] if "country" in titles else []
    regions = [list(dict.fromkeys(found for name in names if (found := find_region(name)))) for names in countries]
    return {"language": _slice_names(languages), "country": _slice_names(countries), "region": _slice_names(regions)}


def slice_groups(titles: pd.DataFrame) -> dict[str, Masks]:
    """Return the titles of each language, country, region and decade, however few: the groups that fairness and bias are about."""
    return {**slice_places(titles), "decade": _slice_decades(titles)}


def _name_language(value: object) -> list[str]:
    if not isinstance(value, str) or not value.strip():
        return []
    code = find_language(value)
    return [LANGUAGES[code] if code else value.strip()]


def _slice_names(names: Sequence[Iterable[str]]) -> Masks:
    found: Masks = {}
    for row, several in enumerate(names):
        for name in several:
            found.setdefault(name, np.zeros(len(names), dtype=bool))[row] = True
    return dict(sorted(found.items()))


def _slice_decades(titles: pd.DataFrame) -> Masks:
    if "year" not in titles:
        return {}
    decade = titles["year"].to_numpy(dtype=float, na_value=np.nan) // 10 * 10
    return {f"{int(start)}s": decade == start for start in np.unique(decade[~np.isnan(decade)])}


def _slice_lengths(titles: pd.DataFrame) -> Masks:
    if "plot" not in titles:
        return {}
    length = np.asarray([len(plot) if isinstance(plot, str) else 0 for plot in titles["plot"]], dtype=int)
    return {name: (length >= low) & (length < high) for low, high, name in _LENGTHS}


def _slice_popularity(titles: pd.DataFrame) -> Masks:
    """Rank within each source: figures of popularity aren't comparable between them, and some count votes instead."""
    known = [titles[name].astype(float) for name in ("popularity", "votes") if name in titles]
    if not known or "source" not in titles:
        return {}
    # A source's popularity and another's votes stand in one column, but nothing is compared across sources.
    figure = known[0] if len(known) == 1 else known[0].where(known[0].notna().groupby(titles["source"]).transform("any"), known[1])
    by_source = figure.groupby(titles["source"])
    place = by_source.rank(pct=True).where(by_source.transform("count") >= MIN_SLICE).to_numpy()
    edges = np.linspace(0, 1, len(_BANDS) + 1)
    return {name: (place > low) & (place <= high) for name, low, high in zip(_BANDS, edges[:-1], edges[1:], strict=True)}
