"""Cross-source matching of whole tables: identifiers first, else title, year, type and plot; every title ends in exactly one work."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from trending.matching.blocks import find_pairs
from trending.matching.clusters import Apart, Edges, find_clusters
from trending.matching.forms import read_columns
from trending.matching.ids import IdPairs, read_ids
from trending.matching.scorecard import LEAST_LIKELY, MatchSettings, Points, Rows, Scored, find_rivals, name_evidence, score_pairs, to_probability
from trending.matching.store import Ints, TitleStore, open_store, write_table
from trending.matching.words import read_words
from trending.tables import MATCH_SCHEMA

_CHUNK = 200_000  # pairs compared at a time


@dataclass
class MatchReport:
    """What matching found: rows, works, rows that share their work with another, pairs compared and pairs likely enough, and works by evidence."""

    titles: int = 0
    works: int = 0
    joined: int = 0
    pairs_compared: int = 0
    pairs_alike: int = 0
    pairs_by_id: int = 0
    contradicted: int = 0  # pairs with enough evidence that were kept apart, as joining them would have contradicted an identifier or a source
    how: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)

    def line(self) -> str:
        """Return the outcome in one line."""
        return f"{self.titles:,} titles are {self.works:,} works; {self.joined:,} titles share theirs with another"


@dataclass(frozen=True)
class _Evidence:
    """Edges with the probability and the name (a place in `names`) of each, strongest first."""

    edges: Edges
    score: Points
    name: Ints
    names: tuple[str, ...]


def match_titles(
    titles: Sequence[Path],
    identifiers: Sequence[Path],
    out: Path,
    *,
    settings: MatchSettings | None = None,
    memory: str = "1GB",
    threads: int = 2,
) -> MatchReport:
    """Find which rows are the same film or show.

    The same rows in any order give the same works, and a row that has nothing in common with the others changes nothing about them.

    Args:
        titles: Parquet files of `TITLE_SCHEMA`, cleaned; no title_id twice.
        identifiers: Parquet files of `IDENTIFIER_SCHEMA`; the titles' own `imdb_id` counts as well.
        out: Where the matches go: Parquet of `MATCH_SCHEMA`, one row per title, sorted by title_id. `score` is the probability of the best
            evidence that joins the row to its work: 1 for an identifier, and for a row that is alone.
        settings: Threshold and block size.
        memory: What DuckDB may hold in memory.
        threads: How many threads to use.

    Raises:
        InputError: If there are no files, one is unreadable, or a title_id comes twice.
    """
    settings = settings or MatchSettings()
    with open_store(titles, memory, threads) as store:
        film = np.asarray(store.column("type = 'movie'").to_numpy(zero_copy_only=False))
        rows = Rows(read_columns(store), store.sources(), film)
        ids, id_pairs = read_ids(store, identifiers, settings.max_block)
        left, right = find_pairs(rows.titles.same, rows.titles.alike, rows.titles.year, settings.max_block)
        scored = _score(store, rows, left, right, threads)
        evidence = _gather(id_pairs, scored, settings.threshold)
        unlikely = scored.points < LEAST_LIKELY
        cluster = find_clusters(store.size, evidence.edges, Apart(scored.left[unlikely], scored.right[unlikely]), rows.source, ids)
        report = MatchReport(titles=store.size, pairs_compared=len(left), pairs_by_id=len(id_pairs.left))
        report.pairs_alike = len(evidence.score) - report.pairs_by_id
        write_table(_tabulate(store.column("title_id"), cluster, evidence, report), out)
    return report


def _score(store: TitleStore, rows: Rows, left: Ints, right: Ints, threads: int) -> Scored:
    """Score candidate pairs a chunk at a time."""
    wanted = np.zeros(store.size, dtype=np.bool_)
    wanted[left] = wanted[right] = True
    plots, rivals = read_words(store, wanted), find_rivals(left, right, rows)
    chunks = [slice(start, start + _CHUNK) for start in range(0, max(len(left), 1), _CHUNK)]
    parts = [score_pairs(left[chunk], right[chunk], rows, plots, rivals[chunk], threads) for chunk in chunks]
    columns = zip(*((part.left, part.right, part.points, part.evidence) for part in parts), strict=True)
    return Scored(*(np.concatenate(column) for column in columns))


def _gather(id_pairs: IdPairs, scored: Scored, threshold: float) -> _Evidence:
    """Put what is likely enough behind the identifiers, in the order of its force."""
    score = to_probability(scored.points)
    likely = np.flatnonzero(score >= threshold)
    likely = likely[np.lexsort((scored.right[likely], scored.left[likely], -scored.points[likely]))]
    bits = scored.evidence[likely]
    kinds = np.unique(bits)
    names = (*(f"id:{scheme}" for scheme in id_pairs.names), *(name_evidence(int(kind)) for kind in kinds))
    name = np.concatenate([id_pairs.scheme, len(id_pairs.names) + np.searchsorted(kinds, bits)])
    by_id = np.arange(len(name)) < len(id_pairs.left)
    edges = Edges(np.concatenate([id_pairs.left, scored.left[likely]]), np.concatenate([id_pairs.right, scored.right[likely]]), by_id)
    return _Evidence(edges, np.concatenate([np.ones(len(id_pairs.left)), score[likely]]), name, names)


def _tabulate(title_ids: pa.Array, cluster: Ints, evidence: _Evidence, report: MatchReport) -> pa.Table:
    """Name works after their smallest title_id, give each row the best evidence that holds it there, and count for the report."""
    size, edges = len(cluster), evidence.edges
    inside = np.flatnonzero(cluster[edges.left] == cluster[edges.right])
    best = np.full(size, len(edges.left), dtype=np.int64)
    for side in (edges.left, edges.right):
        np.minimum.at(best, side[inside], inside)
    names = np.array([*evidence.names, "single"], dtype=object)
    how = names[np.append(evidence.name, len(names) - 1)[best]]
    score = np.append(evidence.score, 1.0)[best]
    heads = np.unique(cluster)
    works = pa.array([name_work(title_id) for title_id in title_ids.take(heads).to_pylist()], pa.string())
    report.works, report.contradicted = len(heads), len(edges.left) - len(inside)
    report.how = dict(sorted(Counter(how.tolist()).items()))
    report.joined = size - report.how.get("single", 0)
    columns = [title_ids, works.take(np.searchsorted(heads, cluster)), pa.array(how, pa.string()), pa.array(np.round(score, 4))]
    return pa.table(columns, schema=MATCH_SCHEMA)


def name_work(title_id: str) -> str:
    """Return the name of the work whose smallest title_id this is."""
    return "w" + hashlib.sha256(title_id.encode()).hexdigest()[:16]
