"""Slices of a set of titles, so that a good average can't hide a bad part."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

MIN_SLICE = 20  # fewer titles say nothing
_LENGTHS = ((0, 100, "plot under 100 chars"), (100, 300, "plot 100 to 299 chars"), (300, 10**9, "plot 300 chars and more"))


def slice_titles(titles: pd.DataFrame) -> dict[str, dict[str, npt.NDArray[np.bool_]]]:
    """Return, per kind of slice, the rows of each slice.

    Args:
        titles: Needs `type` and `plot`; `year` and `source` where known.

    Returns:
        Kind (`type`, `decade`, `plot length`, `source`) -> name -> mask, shape (n,). Slices of fewer than `MIN_SLICE` titles are left out,
        except those of `type`.
    """
    length = np.asarray([len(plot) if isinstance(plot, str) else 0 for plot in titles["plot"]])
    decade = (titles["year"] // 10 * 10).to_numpy()
    found: dict[str, dict[str, npt.NDArray[np.bool_]]] = {
        "type": {name: (titles["type"] == name).to_numpy(dtype=bool) for name in ("movie", "tv")},
        "decade": {f"{int(start)}s": decade == start for start in np.unique(decade[~np.isnan(decade)])},
        "plot length": {name: (length >= low) & (length < high) for low, high, name in _LENGTHS},
        "source": {str(name): (titles["source"] == name).to_numpy(dtype=bool) for name in sorted(titles["source"].dropna().unique())},
    }
    return {kind: {name: mask for name, mask in parts.items() if mask.sum() >= (1 if kind == "type" else MIN_SLICE)} for kind, parts in found.items()}
