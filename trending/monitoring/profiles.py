"""whylogs' profiles of rows: sketches of every column's distribution, which merge. Nothing else imports whylogs."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def has_whylogs() -> bool:
    """Say whether whylogs is installed: the serving image has none."""
    try:
        return find_spec("whylogs") is not None
    except ImportError:  # from a finder that refuses
        return False


def _prepare() -> None:
    os.environ["WHYLOGS_NO_ANALYTICS"] = "True"  # before the import, which would tell its makers


class Profile:
    """The profile of the rows of an hour."""

    def __init__(self, hour: dt.datetime, release: str) -> None:
        """Begin an empty one; imports whylogs, which takes a second or two."""
        _prepare()
        from whylogs.core import DatasetProfile

        self._profile = DatasetProfile(dataset_timestamp=hour, metadata={"release": release})

    def track(self, columns: Sequence[str], rows: npt.NDArray[np.float64]) -> None:
        """Add rows, shape (n, columns); NaN counts as missing."""
        import pandas as pd

        self._profile.track(pandas=pd.DataFrame(rows, columns=list(columns)))

    def to_bytes(self) -> bytes:
        """Return it as whylogs writes it."""
        return bytes(self._profile.view().serialize())


def profile_rows(rows: Any) -> Any:
    """Return whylogs' view of a table."""
    _prepare()
    from whylogs.core import DatasetProfile

    profile = DatasetProfile()
    profile.track(pandas=rows)
    return profile.view()


def merge_profiles(profiles: Iterable[bytes]) -> Any:
    """Return whylogs' view of several profiles as one; None if there are none."""
    _prepare()
    from whylogs.core.view.dataset_profile_view import DatasetProfileView

    merged = None
    for content in profiles:
        view = DatasetProfileView.deserialize(content)
        merged = view if merged is None else merged.merge(view)
    return merged


def write_summary(reference: Any, current: Any, path: Path) -> None:
    """Write whylogs' own summary drift report of two views, an HTML page."""
    _prepare()
    from whylogs.viz import NotebookProfileVisualizer

    visualiser = NotebookProfileVisualizer()
    visualiser.set_profiles(target_profile_view=current, reference_profile_view=reference)
    visualiser.write(rendered_html=visualiser.summary_drift_report(), preferred_path=str(path.parent), html_file_name=path.stem)
