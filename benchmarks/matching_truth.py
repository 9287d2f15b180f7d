"""Pairs of rows of which it is known whether they are one work, by evidence the matcher doesn't get to see.

- `ids`: rows with an IMDb id. The JustWatch exports contradict themselves: one JustWatch id comes with two IMDb ids where the provider corrected
  one between exports. `label_by_ids` therefore takes rows as one that share an IMDb or a JustWatch id, followed to the end; with
  `as_labelled` it takes the IMDb ids as they stand.
- `directors`: films of the Netflix, Prime Video and Disney+ catalogues, whose raw files name the director, against each other and against
  Wikipedia leads. Two rows of one title are one film if a director's surname is found on the other side (spelt much alike), two films if no part of
  any name is, and left out if it is neither ("the Wachowskis").
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from rapidfuzz.fuzz import ratio
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from trending.cleaning.text import normalise_title

Pair = tuple[str, str]
_RAW = {"netflix_catalogue": "netflix_titles", "amazon_catalogue": "amazon_prime_titles", "disney_catalogue": "disney_plus_titles"}
_SPELLING = 80.0  # Laslo and Laszlo, Bennett and Bennet
_YEARS = 1  # two films of one director with one title further apart are left out: a remake, or a wrong year


@dataclass(frozen=True)
class Truth:
    """What is known: pairs that are one work, and what a pair that isn't listed is.

    `unit` names a title_id's work where every pair of known rows is judged (ids); `different` lists pairs known to differ otherwise.
    """

    name: str
    same: frozenset[Pair]
    different: frozenset[Pair]
    unit: dict[str, str]
    key: dict[str, str]  # what decides which half a row belongs to

    def judge(self, pair: Pair) -> bool | None:
        """Say whether a pair is one work, or None if nobody knows."""
        if self.unit:
            one, other = self.unit.get(pair[0]), self.unit.get(pair[1])
            return None if one is None or other is None else one == other
        return True if pair in self.same else False if pair in self.different else None

    def in_tuning_half(self, pair: Pair) -> bool:
        """Say whether a pair belongs to the half the weights were tuned on."""
        return hashlib.sha256(self.key[pair[0]].encode()).digest()[0] % 2 == 0


def read_catalogue(folder: Path) -> pd.DataFrame:
    """Return open and restricted titles together."""
    frame = pd.concat([pd.read_parquet(folder / f"{name}.parquet") for name in ("titles", "titles_restricted")], ignore_index=True)
    return frame.assign(key=frame["title"].map(normalise_title))


def label_by_ids(catalogue: pd.DataFrame, *, as_labelled: bool) -> Truth:
    """Return the truth of IMDb ids (and, unless `as_labelled`, JustWatch ids)."""
    rows = catalogue[catalogue["imdb_id"].notna()].reset_index(drop=True)
    labels = [rows["imdb_id"]] if as_labelled else [rows["imdb_id"], rows["source_id"].where(rows["source"].str.startswith("justwatch")).dropna()]
    both = pd.concat(labels)
    codes = pd.factorize(both)[0] + len(rows)
    links = coo_matrix((np.ones(len(both)), (both.index, codes)), shape=(codes.max() + 1,) * 2)
    unit = pd.Series(connected_components(links, directed=False)[1][: len(rows)], index=rows.index).astype(str)
    first = rows["imdb_id"].groupby(unit).transform("min")
    same = frozenset(pair for _, ids in rows["title_id"].groupby(unit) for pair in combinations(sorted(ids), 2))
    name = "IMDb ids as labelled" if as_labelled else "IMDb and JustWatch ids"
    return Truth(name, same, frozenset(), dict(zip(rows["title_id"], unit, strict=True)), dict(zip(rows["title_id"], first, strict=True)))


def label_by_directors(catalogue: pd.DataFrame, folder: Path) -> Truth:
    """Return the truth of directors, for films with one normalised title in two sources and at most a year between them."""
    raw = [_read_directors(folder, source) for source in _RAW]
    films = catalogue[catalogue["type"] == "movie"].merge(pd.concat(raw), on="title_id", how="left")
    leads = films["plot"].where(films["source"] == "wikipedia_movies").fillna("").map(normalise_title)
    films["lead"] = leads.where(leads.str.contains("directed by"), "")
    films = films[films["director"].notna() | (films["lead"] != "")]
    pairs = films.merge(films, on="key", suffixes=("", "_other"))
    pairs = pairs[(pairs["title_id"] < pairs["title_id_other"]) & (pairs["source"] != pairs["source_other"])]
    pairs = pairs[((pairs["year"] - pairs["year_other"]).abs() <= _YEARS)]
    same, different = set(), set()
    for row in pairs.itertuples():
        ours, theirs = (normalise_title(names) if isinstance(names, str) else "" for names in (row.director, row.director_other))
        ours_named, theirs_named = (row.lead_other or theirs).split(), (row.lead or ours).split()
        if _found(_surnames(row.director), ours_named) or _found(_surnames(row.director_other), theirs_named):
            same.add((row.title_id, row.title_id_other))
        elif not (_found(ours.split(), ours_named) or _found(theirs.split(), theirs_named)):
            different.add((row.title_id, row.title_id_other))
    return Truth("directors", frozenset(same), frozenset(different), {}, dict(zip(films["title_id"], films["key"], strict=True)))


def _read_directors(folder: Path, source: str) -> pd.DataFrame:
    rows = pd.read_csv(folder / "raw" / f"{_RAW[source]}.csv", usecols=["show_id", "director"]).dropna()
    # A name of one word is a studio or an alias.
    rows = rows[rows["director"].str.contains(r"[A-Za-z.]+ [A-Za-z]", regex=True)]
    return pd.DataFrame({"title_id": source + ":" + rows["show_id"].astype(str), "director": rows["director"]})


def _surnames(directors: object) -> set[str]:
    if not isinstance(directors, str):
        return set()
    names = [re.sub(r" (jr|sr|ii|iii|iv)$", "", normalise_title(name)) for name in directors.split(",")]
    return {name.split()[-1] for name in names if name}


def _found(names: Iterable[str], words: list[str]) -> bool:
    return any(ratio(name, word) >= _SPELLING for name in names if len(name) > 2 for word in words)
