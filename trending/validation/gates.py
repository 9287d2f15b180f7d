"""Gates of volume and quality: figures of what a crawl brought, each against a bound, before a new version may be published.

They judge a source's rows as a whole; single values are judged by `trending.validation.tables`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from trending.errors import QualityError
from trending.ingestion.database import create_view, open_database
from trending.tables import TITLE_SCHEMA
from trending.validation.settings import GateSettings

_COUNTS = """
SELECT count(*) AS rows,
       count(*) FILTER (plot IS NULL OR trim(plot) = '') AS no_plot,
       count(*) FILTER (year IS NULL) AS no_year,
       count(*) FILTER (genres IS NULL OR len(genres) = 0) AS no_genres
FROM {view} WHERE source = $source
"""
# A plot under several spellings of one title is that title's own.
_SHARED = """
WITH plots AS (
  SELECT count(*) AS rows, count(DISTINCT regexp_replace(lower(title), '\\W+', '', 'g')) AS titles
  FROM fresh WHERE source = $source AND trim(plot) <> '' GROUP BY md5(lower(trim(plot)))
)
SELECT coalesce(sum(rows) FILTER (titles > 1), 0) AS shared FROM plots
"""


@dataclass(frozen=True)
class SourceRows:
    """What one source brought.

    Attributes:
        titles: Parquet files with the cleaned titles of this run; they may hold other sources' rows too.
        parent: Files of the parent version's titles; none for a first version.
        result: Files of the titles the new version would hold; none if they aren't written yet, and then the gate on them isn't run.
        complete: Whether the crawl asked for everything, so that it should bring what the parent holds.
        fetched: Records of all kinds that the crawl read.
        failed: Those that could not be parsed.
        parsed: Those that could.
        quarantined: Parsed records that cleaning refused.
    """

    titles: tuple[Path, ...]
    parent: tuple[Path, ...] = ()
    result: tuple[Path, ...] = ()
    complete: bool = False
    fetched: int = 0
    failed: int = 0
    parsed: int = 0
    quarantined: int = 0


@dataclass(frozen=True)
class Gate:
    """One figure against its bound.

    Attributes:
        name: The bound's name in the settings, such as `max_no_plot`.
        value: The figure.
        bound: The most (for `min_rows`, the least) it may be.
        judged: Whether enough rows are behind it; what isn't judged passes.
        sentence: The figure, what it is of, and the bound, in words.
    """

    name: str
    source: str
    value: float
    bound: float
    judged: bool
    passed: bool
    sentence: str


@dataclass(frozen=True)
class GateReport:
    """The gates of one run, in the order of sources and bounds."""

    gates: tuple[Gate, ...] = field(default_factory=tuple)

    @property
    def failed(self) -> list[Gate]:
        """The gates that did not pass."""
        return [gate for gate in self.gates if not gate.passed]

    @property
    def passed(self) -> bool:
        """Whether a version may be published."""
        return not self.failed

    def check(self) -> None:
        """Refuse to go on if a gate did not pass.

        Raises:
            QualityError: In one line: source, figure, bound, and the setting that would let it through.
        """
        if self.passed:
            return
        first, others = self.failed[0], len(self.failed) - 1
        more = f" (and {others} more: {', '.join(f'{gate.source} {gate.name}' for gate in self.failed[1:4])})" if others else ""
        allow = f"{_round_outwards(first):g}"
        raise QualityError(
            f"{first.sentence}{more}, so nothing was published",
            where=f"gate {first.name} of {first.source}",
            mend=f"look at the crawl; if it is right, allow it with --set gates.{first.source}.{first.name}={allow}",
        )


def run_gates(settings: GateSettings, fresh: Mapping[str, SourceRows], known: Iterable[str] = ()) -> GateReport:
    """Judge what every source brought.

    Args:
        settings: The bounds.
        fresh: Rows and counts of this run, by source.
        known: Other sources that bounds may be set for: those of the parent version.

    Raises:
        UsageError: If a bound is set for a source that doesn't exist.
    """
    settings.check_names([*fresh, *known])
    gates = [gate for source in sorted(fresh) for gate in _judge_source(settings, source, fresh[source])]
    return GateReport(tuple(gates))


@dataclass(frozen=True)
class _Figure:
    """A share on its way to a gate, how many rows are behind it, and what it says in words."""

    value: float
    sample: int
    words: str


def _judge_source(settings: GateSettings, source: str, rows: SourceRows) -> Iterator[Gate]:
    counts = _count(source, rows)
    bounds = settings.bounds(source)
    size, least = counts["fresh"]["rows"], int(bounds["min_rows"])
    # A crawl for what changed since the last may well find nothing.
    judged = rows.complete or not counts["parent"]["rows"]
    limit = f"at least {least:,} must" if judged else "not judged as the crawl asked only for what changed"
    yield Gate("min_rows", source, size, least, judged, passed=not judged or size >= least, sentence=f"{size:,} titles came, {limit}")
    for name, figure in (*_measure_crawl(counts["fresh"], rows), *_measure_change(counts, rows)):
        bound = bounds[name]
        judged = figure.sample >= settings.min_sample
        limit = f"at most {bound:.0%} may be" if judged else f"not judged below {settings.min_sample:,} rows"
        sentence = f"{figure.words}: {figure.value:.1%}, {limit}"
        yield Gate(name, source, figure.value, bound, judged, passed=not judged or figure.value <= bound, sentence=sentence)


def _measure_crawl(now: Mapping[str, int], rows: SourceRows) -> Iterator[tuple[str, _Figure]]:
    """Yield what can be said of a crawl alone."""
    titles, plots = now["rows"], now["rows"] - now["no_plot"]
    yield "max_no_plot", _share(now["no_plot"], titles, "titles have no plot")
    yield "max_no_year", _share(now["no_year"], titles, "titles have no year")
    yield "max_no_genres", _share(now["no_genres"], titles, "titles have no genre")
    yield "max_shared_plots", _share(now["shared"], plots, "plots stand under another title too")
    yield "max_failed", _share(rows.failed, rows.fetched, "fetched records could not be parsed")
    yield "max_quarantined", _share(rows.quarantined, rows.parsed, "parsed records were refused")


def _measure_change(counts: Mapping[str, Mapping[str, int]], rows: SourceRows) -> Iterator[tuple[str, _Figure]]:
    """Yield what can be said of a crawl beside the version before it."""
    now, before = counts["fresh"], counts["parent"]
    if not before["rows"]:
        return
    if now["rows"]:
        has, had = (1 - one["no_plot"] / one["rows"] for one in (now, before))
        words = f"{has:.0%} of titles have a plot, {had:.0%} in the version before"
        yield "max_plot_loss", _Figure(max(0.0, had - has), min(now["rows"], before["rows"]), words)
    if rows.complete:
        yield "max_crawl_loss", _loss(before["rows"], now["rows"], "titles in a complete crawl")
    if rows.result:
        yield "max_row_loss", _loss(before["rows"], counts["result"]["rows"], "titles in the new version")


def _share(part: int, whole: int, words: str) -> _Figure:
    return _Figure(part / whole if whole else 0.0, whole, f"{part:,} of {whole:,} {words}")


def _loss(before: int, after: int, words: str) -> _Figure:
    return _Figure(max(0.0, 1 - after / before), before, f"{after:,} {words}, {before:,} in the version before")


def _round_outwards(gate: Gate) -> float:
    """Return a bound, in few digits, that the gate's figure would keep."""
    return gate.value if gate.name == "min_rows" else min(1.0, int(gate.value * 100 + 1) / 100)


def _count(source: str, rows: SourceRows) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory(prefix="trending-gates-") as scratch, open_database(Path(scratch)) as database:
        for view, files in {"fresh": rows.titles, "parent": rows.parent, "result": rows.result}.items():
            create_view(database, view, files, TITLE_SCHEMA)
            found[view] = _fetch(database, _COUNTS.format(view=view), source)
        found["fresh"] |= _fetch(database, _SHARED, source)
    return found


def _fetch(database: duckdb.DuckDBPyConnection, query: str, source: str) -> dict[str, int]:
    cursor = database.execute(query, {"source": source})
    [row] = cursor.fetchall()
    return {column[0]: int(value) for column, value in zip(cursor.description, row, strict=True)}
