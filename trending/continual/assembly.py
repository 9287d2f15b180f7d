"""From what a challenger learns and by what it is judged: splits that keep what was ever held out held out.

Titles the champion was judged on are the frozen set: no later model learns from them. Of new titles some are held out too, the fresh set. Everything goes by
title group, so that copies of a title from several sources stay together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from trending.cleaning.text import normalise_title
from trending.continual.settings import AssemblySettings
from trending.errors import InputError
from trending.features.examples import LEFT_OUT
from trending.genres import GENRES
from trending.models.split import FOLDS, split_titles

FRESH_FOLDS = 4  # of ten: enough to judge by, and to see wrong labels
ROLES = ("frozen", "fresh", "validation", "new", "window", "replay", LEFT_OUT)
_RARE = 50  # genres with fewer titles are replayed whole
_STRICTEST = ("test", "validation", "train", LEFT_OUT)


def assemble_splits(titles: pd.DataFrame, known: pd.DataFrame, settings: AssemblySettings, seed: int) -> pd.DataFrame:
    """Return `title_id`, `split` (train, validation, test; `LEFT_OUT` of old ones that don't take part, so that they stay known) and `role` (of `ROLES`).

    Args:
        titles: Trainable ones.
        known: What the champion was trained, tuned and tested on: `title_id`, `title`, `type`, `split`.
        settings: How much of the old is learnt from again.
        seed: Deals new titles, and draws what is replayed.

    Raises:
        InputError: If no title is left that the champion was judged on, so that nothing could be compared.
    """
    before = find_known(titles, known)
    if not (before == "test").any():
        mend = "run: python run.py --pipeline training"
        raise InputError("no title that the champion was judged on is in the data any more", where="continual learning", mend=mend)
    split, role = before.replace(LEFT_OUT, "train"), pd.Series("", index=titles.index)
    new = before.isna()
    if titles.loc[new, "group_id"].nunique() >= FOLDS:
        split[new] = split_titles(titles[new], seed, FRESH_FOLDS)
    else:
        split[new] = "train"  # too few to hold some out
    role[new] = "new"
    role[new & (split == "test")] = "fresh"
    role[~new & (split == "test")] = "frozen"
    role[split == "validation"] = "validation"
    old = ~new & (split == "train")
    recent = pd.Series(data=True, index=titles.index) if settings.window_years is None else titles["year"] > titles["year"].max() - settings.window_years
    role[old & recent] = "window"
    outside = old & ~recent.fillna(value=False).astype(bool)
    role[outside] = LEFT_OUT
    role[draw_replay(titles[outside], settings.replay, seed)] = "replay"
    split[role == LEFT_OUT] = LEFT_OUT
    return pd.DataFrame({"title_id": titles["title_id"], "split": split, "role": role}).reset_index(drop=True)


def find_known(titles: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    """Return, per title, the split in which the champion knew it or a copy of it, the strictest if there are several; missing if it is new.

    A title of the same name and type as one that was learnt from is no new one either.
    """
    by_id: Mapping[str, str] = dict(zip(known["title_id"], known["split"], strict=True))
    order = {name: place for place, name in enumerate(_STRICTEST)}
    strictest_first = known.assign(key=known["title"].map(normalise_title), place=known["split"].map(order)).sort_values("place", kind="stable")
    names = strictest_first.drop_duplicates(["key", "type"])
    by_name = {(key, kind): split for key, kind, split in zip(names["key"], names["type"], names["split"], strict=True)}
    own = pd.Series([by_id.get(title_id) for title_id in titles["title_id"]], index=titles.index, dtype=object)
    namesakes = pd.Series(
        [by_name.get(pair) for pair in zip(titles["title"].map(normalise_title), titles["type"], strict=True)], index=titles.index, dtype=object
    )
    own = own.where(own.notna(), namesakes)
    places = own.map(order).astype("float64").groupby(titles["group_id"].to_numpy()).transform("min")
    return places.map(dict(enumerate(_STRICTEST)))


def draw_replay(titles: pd.DataFrame, size: int | None, seed: int) -> pd.Index:
    """Return which titles are learnt from again: all of rare genres, and of the rest as many as are wanted, each as likely as any other.

    Args:
        titles: Those outside the window.
        size: How many; None takes all.
        seed: The same seed draws the same titles, and mostly the same when there are more.
    """
    if size is None or size >= len(titles):
        return titles.index
    counts = {genre: sum(genre in listed for listed in titles["genres"]) for genre in GENRES}
    rare = titles["genres"].map(lambda listed: any(counts[genre] < _RARE for genre in listed)).to_numpy(dtype=bool)
    # Ordered by a hash of the id, a title keeps its place in the draw however many others come.
    keys = pd.util.hash_array((titles["title_id"].astype(str) + f"|{seed}").to_numpy(dtype=object)).astype(np.uint64)
    order = np.lexsort((keys, ~rare))
    return titles.index[np.sort(order[:size])]
