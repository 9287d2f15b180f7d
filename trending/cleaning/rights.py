"""What may be done with a row, decided by its `rights_class`.

Classes end in what they mean: `open_*` (an open licence), `unclear` (no one knows), `*_restricted` (terms forbid it), `*_derived` (made from such).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

import pandas as pd

from trending.errors import UsageError

DEFAULT_TRAINABLE: tuple[str, ...] = ("open_*", "unclear")
_BOUND = ("_restricted", "_derived")
_CLASS = re.compile(r"unclear|open_\w+|\w+_restricted|\w+_derived")


def is_rights_class(value: str) -> bool:
    """Say whether `value` is a rights class this project knows how to read."""
    return _CLASS.fullmatch(value) is not None


def may_train(rights_class: str, allowed: Sequence[str] = DEFAULT_TRAINABLE) -> bool:
    """Say whether rows of `rights_class` may be learnt from and shipped, given the patterns `allowed`."""
    # "open_tmdb_derived" is derived, whatever it begins with: a pattern for what is open doesn't let it through.
    bound = rights_class.endswith(_BOUND)
    return any(fnmatchcase(rights_class, pattern) for pattern in allowed if not (bound and pattern.startswith("open") and pattern.endswith("*")))


def select_allowed(rows: pd.DataFrame, allowed: Sequence[str] = DEFAULT_TRAINABLE) -> pd.DataFrame:
    """Return the rows that may be shipped, by their `rights_class`, numbered anew."""
    verdicts = {name: may_train(name, allowed) for name in rows["rights_class"].unique()}
    return rows[rows["rights_class"].map(verdicts).to_numpy(dtype=bool)].reset_index(drop=True)


def check_patterns(allowed: Sequence[str]) -> None:
    """Refuse an empty or mistyped list of patterns before it silently trains on nothing.

    Raises:
        UsageError: If there is no pattern, or one that no rights class can match.
    """
    for pattern in allowed:
        if not (is_rights_class(pattern) or ("*" in pattern and re.fullmatch(r"[\w*]+", pattern))):
            raise UsageError(f"{pattern!r} is not a rights pattern", where="rights", mend="use names such as open_*, unclear, tmdb_restricted")
    if not allowed:
        raise UsageError("no rights class is allowed", where="rights", mend="the default is [open_*, unclear]")
