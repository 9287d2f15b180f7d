"""The split into train, validation and test: by title group, balanced over genres and types, and the same for the same seed."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd

from trending.cleaning.rights import may_train
from trending.errors import InputError
from trending.features.labels import encode_genres
from trending.titles import MIN_PLOT_CHARS

FOLDS = 10  # one for test, one for validation, eight to learn from
MIN_TRAINABLE = 100
SPLITS = ("train", "validation", "test")


def select_trainable(titles: pd.DataFrame, allowed_rights: list[str]) -> tuple[npt.NDArray[np.bool_], dict[str, int]]:
    """Say which titles may be learnt from, and count why the others may not.

    Args:
        titles: Clean titles.
        allowed_rights: Patterns of rights classes.

    Returns:
        A mask of shape (n,), and the number of titles left out for each reason (the first that holds).

    Raises:
        InputError: If fewer than `MIN_TRAINABLE` remain.
    """
    rights = titles["rights_class"].map({name: may_train(name, allowed_rights) for name in titles["rights_class"].unique()}).to_numpy(dtype=bool)
    plot = np.asarray([isinstance(plot, str) and len(plot) >= MIN_PLOT_CHARS for plot in titles["plot"]], dtype=bool)
    genre = (titles["genres"].map(len) > 0).to_numpy(dtype=bool)
    chosen = rights & plot & genre
    left_out = {"rights": int((~rights).sum()), "no plot": int((rights & ~plot).sum()), "no genre": int((rights & plot & ~genre).sum())}
    if chosen.sum() < MIN_TRAINABLE:
        reasons = ", ".join(f"{count:,} for {reason}" for reason, count in left_out.items() if count) or "none"
        classes = ", ".join(sorted(titles["rights_class"].unique()))
        rights_mend = f"rights in the data: {classes}; allowed: {', '.join(allowed_rights)}; if you may learn from them, add --set 'rights=[...]'"
        raise InputError(
            f"{int(chosen.sum()):,} of {len(titles):,} titles can be learnt from, at least {MIN_TRAINABLE} are needed (left out: {reasons})",
            where="training data",
            mend=rights_mend if left_out["rights"] else "give a file with more titles that have a plot and genres",
        )
    return chosen, left_out


def split_titles(titles: pd.DataFrame, seed: int, test_folds: int = 1) -> pd.Series:
    """Return `train`, `validation` or `test` for each trainable title.

    Groups are dealt into ten folds by iterative stratification over genres and type, so that rare genres are in every part.
    Source: Sechidis et al., "On the stratification of multi-label data" (2011).

    Args:
        titles: Trainable ones.
        seed: The same seed gives the same split.
        test_folds: How many of the ten folds are for test; one is for validation.

    Raises:
        InputError: If there are fewer groups than folds.
    """
    from iterstrat.ml_stratifiers import MultilabelStratifiedKFold  # with scikit-learn, which whoever only selects titles does without

    codes, names = pd.factorize(titles["group_id"], sort=True)
    if len(names) < FOLDS:
        raise InputError(f"all titles fall into {len(names)} groups, at least {FOLDS} are needed to split them", where="training data")
    rows = np.column_stack([encode_genres(titles["genres"]), titles["type"] == "tv"]).astype(np.int8)
    labels = np.zeros((len(names), rows.shape[1]), dtype=np.int8)
    np.maximum.at(labels, codes, rows)
    fold = np.zeros(len(names), dtype=np.int8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # genres rarer than the folds are spread as far as they go
        folds = MultilabelStratifiedKFold(n_splits=FOLDS, shuffle=True, random_state=seed)
        for number, (_, members) in enumerate(folds.split(np.zeros(len(names)), labels)):
            fold[members] = number
    part = np.where(fold < test_folds, "test", np.where(fold == test_folds, "validation", "train"))
    return pd.Series(part[codes], index=titles.index, name="split")
