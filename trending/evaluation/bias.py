"""Bias: what is known, listed, rated and shown of titles of one language, country, region or decade, beside comparable others.

What a model predicts for them is in `fairness`; the groups, the pairing with others and the correction for many comparisons are the same. It describes
a catalogue and those who made it, not the world: a group that few titles come from says who collected them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

from trending.evaluation.bootstrap import DRAWS, draw_weights
from trending.evaluation.disparities import MIN_COMPARED, Disparity, Pair, find_p, make_figure, mark_disparities, pair_titles
from trending.evaluation.fairness import Coverage, describe_coverage
from trending.evaluation.slices import slice_groups
from trending.features.labels import FloatMatrix, encode_genres
from trending.genres import GENRES

_CHUNK = 100  # draws at a time: all of them over a whole catalogue are too large for memory
_NOTHING = 1e-6  # less than the smallest balance: what subtracting leaves of a sum that is 0
SHARE = "share"  # of the titles with any genre, those that are listed under this one
Rows = npt.NDArray[np.intp]
Vector = npt.NDArray[np.float64]


class GroupCount(BaseModel):
    """How many titles of the catalogue a group has, how many of those are ranked as trending, and whether there are enough to compare."""

    kind: str
    group: str
    titles: int
    trending: int
    compared: bool


class Bias(BaseModel):
    """All comparisons over one catalogue.

    Attributes:
        titles: How many there are.
        trending: How many of them are ranked as trending.
        overall: Measure -> its mean over all titles, and how many titles it is known for.
        coverage: Per kind of group, what is known at all.
        groups: Every group, the largest of its kind first.
        disparities: Every comparison; those that stand out are marked.
    """

    titles: int
    trending: int
    overall: dict[str, tuple[float, int]]
    coverage: list[Coverage]
    groups: list[GroupCount]
    disparities: list[Disparity]

    @property
    def marked(self) -> list[Disparity]:
        """The comparisons that stand out, the surest first."""
        return sorted((one for one in self.disparities if one.stands_out), key=lambda one: one.adjusted_p)

    @property
    def left_out(self) -> dict[str, list[str]]:
        """Per kind, the groups with too few titles to compare."""
        return {kind: [one.group for one in self.groups if one.kind == kind and not one.compared] for kind in dict.fromkeys(one.kind for one in self.groups)}


@dataclass(frozen=True)
class Column:
    """One thing that is measured of every title: shape (n,), NaN where the measure doesn't apply; a share if it is only ever 0 or 1."""

    measure: str
    genre: str
    values: Vector

    @property
    def name(self) -> str:
        """The measure, with its genre if it has one."""
        return f"{self.measure} of {self.genre}" if self.genre else self.measure

    @cached_property
    def is_share(self) -> bool:
        """Whether it is 0 or 1 wherever it is known."""
        return bool(np.isin(self.values[~np.isnan(self.values)], (0.0, 1.0)).all())


def measure_bias(
    titles: pd.DataFrame,
    scores: pd.DataFrame | None = None,
    trends: pd.DataFrame | None = None,
    works: pd.DataFrame | None = None,
    *,
    seed: int,
    draws: int = DRAWS,
) -> Bias:
    """Compare the titles of every language, country, region and decade with others of the same sources.

    Args:
        titles: Of a catalogue: needs `title_id`, `group_id`, `source`, `genres`; `plot`, `rating`, `votes`, `language`, `country` and `year` where known.
        scores: `title_id` and `score`, 0 to 100: what insights say of how good a title is; of some titles, or missing.
        trends: `as_of`, `title_id`, `score`: those of the latest day are ranked.
        works: `title_id` and `work_id`: other rows of a ranked work are ranked with it.
        seed: For the bootstrap over title groups.
        draws: How many.
    """
    titles = titles.reset_index(drop=True)
    ranked, points = _find_ranked(titles, trends, works)
    columns = [column for column in list_columns(titles, scores, ranked, points) if _differs(column.values)]
    coverage, groups, pairs = [], list[GroupCount](), list[tuple[str, str, Pair]]()
    for kind, masks in slice_groups(titles).items():
        known = np.any(list(masks.values()), axis=0) if masks else np.zeros(len(titles), dtype=bool)
        coverage.append(describe_coverage(kind, masks, known, titles["source"]))
        for name, mask in sorted(masks.items(), key=lambda item: (-int(item[1].sum()), item[0])):
            pair = pair_titles(mask, known, titles["source"], titles["group_id"])
            counts = {"titles": int(mask.sum()), "trending": int((mask & (ranked == 1)).sum())}
            groups.append(GroupCount(kind=kind, group=name, compared=pair is not None, **counts))
            if pair is not None:
                pairs.append((kind, name, pair))
    disparities = _compare(columns, pairs, titles, draws, seed) if pairs and columns else []
    overall = {one.name: (float(np.nanmean(one.values)), int((~np.isnan(one.values)).sum())) for one in columns}
    trending = int((ranked == 1).sum())
    return Bias(titles=len(titles), trending=trending, overall=overall, coverage=coverage, groups=groups, disparities=mark_disparities(disparities))


def list_columns(titles: pd.DataFrame, scores: pd.DataFrame | None, ranked: Vector, points: Vector) -> list[Column]:
    """Return what is measured of every title.

    Args:
        titles: As for `measure_bias`.
        scores: As there.
        ranked: 1 for titles whose work is ranked as trending, else 0.
        points: Trending scores of the rows that are named for it, else NaN.
    """
    genres = np.asarray(titles["genres"].map(len), dtype=float)
    labels = np.where((genres > 0)[:, None], encode_genres(titles["genres"]).astype(float), np.nan)
    rating, votes = (_numbers(titles, name) for name in ("rating", "votes"))
    found = [
        Column("has a plot", "", _as_share(titles["plot"].notna()) if "plot" in titles else np.zeros(len(titles))),
        Column("has a genre", "", _as_share(genres > 0)),
        Column("genres a title", "", np.where(genres > 0, genres, np.nan)),
        *(Column(SHARE, genre, labels[:, number]) for number, genre in enumerate(GENRES)),
        Column("has a rating", "", _as_share(~np.isnan(rating))),
        Column("rating, 0 to 10", "", rating),
        Column("has votes counted", "", _as_share(~np.isnan(votes))),
        Column("votes, as log10", "", np.log10(1 + votes)),
    ]
    if scores is not None:
        score = titles["title_id"].map(scores.set_index("title_id")["score"]).to_numpy(dtype=float, na_value=np.nan)
        found += [Column("has a score", "", _as_share(~np.isnan(score))), Column("score, 0 to 100", "", score)]
    return [*found, Column("is ranked as trending", "", ranked), Column("trending score", "", points)]


def _find_ranked(titles: pd.DataFrame, trends: pd.DataFrame | None, works: pd.DataFrame | None) -> tuple[Vector, Vector]:
    """Return 1 for titles whose work is ranked on the latest day, else 0; and the score of those that the ranking names, else NaN."""
    if trends is None or trends.empty:
        return np.zeros(len(titles)), np.full(len(titles), np.nan)
    latest = trends[trends["as_of"] == trends["as_of"].max()].groupby("title_id")["score"].max()
    ids = titles["title_id"]
    ranked = ids.isin(latest.index)
    if works is not None:
        work = works.set_index("title_id")["work_id"]
        ranked |= ids.map(work).isin(set(latest.index.map(work).dropna()))
    return _as_share(ranked), np.asarray(ids.map(latest).to_numpy(dtype=float, na_value=np.nan))


def _numbers(titles: pd.DataFrame, name: str) -> Vector:
    if name not in titles:
        return np.full(len(titles), np.nan)
    return np.asarray(titles[name].to_numpy(dtype=float, na_value=np.nan))


def _as_share(holds: pd.Series | npt.NDArray[np.bool_]) -> Vector:
    return np.asarray(holds, dtype=float)


def _differs(values: Vector) -> bool:
    known = values[~np.isnan(values)]
    return bool(len(known) and (known != known[0]).any())


@dataclass(frozen=True)
class _Means:
    """Weighted means of every column over one side, shape (1 + draws, columns), and per column how many independent titles they rest on."""

    values: FloatMatrix
    trials: Vector


@dataclass(frozen=True)
class _Share:
    """What a group has of one source: its rows, all rows that can be compared there, and what one of the others weighs."""

    inside: Rows
    all: Rows
    balance: float


def _compare(columns: list[Column], pairs: list[tuple[str, str, Pair]], titles: pd.DataFrame, draws: int, seed: int) -> list[Disparity]:
    stacked = np.column_stack([one.values for one in columns])
    known = (~np.isnan(stacked)).astype(float)
    sums = np.hstack([np.nan_to_num(stacked), known])
    shares = [_share_out(pair, titles["source"]) for _, _, pair in pairs]
    means: list[tuple[list[FloatMatrix], list[FloatMatrix]]] = [([], []) for _ in pairs]
    for weights in _draw(titles["group_id"].astype(str).tolist(), draws, seed):
        whole: dict[bytes, FloatMatrix] = {}  # others are all less the group: adding all up once for every group of a kind saves most of the work
        for parts, sides in zip(shares, means, strict=True):
            inside, others = np.zeros((2, sums.shape[1], weights.shape[1]))
            for one in parts:
                key = one.all.tobytes()
                if key not in whole:
                    whole[key] = sums[one.all].T @ weights[one.all]
                mine = sums[one.inside].T @ weights[one.inside]
                inside += mine
                others += one.balance * (whole[key] - mine)
            for side, added in zip(sides, (inside, others), strict=True):
                value, total = added[: len(columns)].T, added[len(columns) :].T
                side.append(np.divide(value, total, out=np.full_like(total, np.nan), where=total > _NOTHING))
    found: list[Disparity] = []
    for (kind, group, pair), sides in zip(pairs, means, strict=True):
        ours = _Means(np.vstack(sides[0]), _count_trials(known[pair.inside], np.ones(len(pair.inside)), pair.works[0]))
        theirs = _Means(np.vstack(sides[1]), _count_trials(known[pair.others], pair.balance, pair.works[1]))
        found += _contrast(kind, group, columns, ours, theirs, known[pair.inside].sum(axis=0))
    return found


def _share_out(pair: Pair, source: pd.Series) -> list[_Share]:
    names = source.to_numpy()
    found = []
    for name in pair.sources:
        inside, beside = pair.inside[names[pair.inside] == name], names[pair.others] == name
        found.append(_Share(inside, np.sort(np.concatenate([inside, pair.others[beside]])), float(pair.balance[beside][0])))
    return found


def _draw(works: list[str], draws: int, seed: int) -> Iterator[FloatMatrix]:
    """Yield weights of the titles, shape (n, a few draws); the first are 1 throughout, for the plain figure."""
    yield np.ones((len(works), 1))
    for number, start in enumerate(range(0, draws, _CHUNK)):
        yield np.ascontiguousarray(draw_weights(works, min(_CHUNK, draws - start), seed + number).T)


def _count_trials(known: FloatMatrix, balance: Vector, works: float) -> Vector:
    """Return Kish's effective number of titles of which each column is known, less what copies add, shape (columns,)."""
    total, squares = balance @ known, (balance**2) @ known
    return np.divide(total**2, squares, out=np.zeros_like(total), where=squares > 0) * works


def _contrast(kind: str, group: str, columns: list[Column], ours: _Means, theirs: _Means, counts: Vector) -> Iterator[Disparity]:
    for number, column in enumerate(columns):
        trials = [float(side.trials[number]) for side in (ours, theirs)]
        if round(min(trials), 6) < MIN_COMPARED:
            continue
        mine, others = ours.values[:, number], theirs.values[:, number]
        # One success and one failure more, as in `disparities`: a share that is 0 or 1 in every draw isn't certain.
        shares = [(mean[0] * count + 1) / (count + 2) for mean, count in zip((mine, others), trials, strict=True)]
        least = sum(share * (1 - share) / (count + 2) for share, count in zip(shares, trials, strict=True)) if column.is_share else 0.0
        figures = {"value": make_figure(mine), "others": make_figure(others), "difference": make_figure(mine - others)}
        p = find_p(mine - others, min(trials), least)
        yield Disparity(kind=kind, group=group, measure=column.measure, genre=column.genre, listed=int(counts[number]), p=p, **figures)
