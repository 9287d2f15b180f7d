"""Measures of a column, taken by DuckDB: spread, histogram, commonest values."""

from __future__ import annotations

from typing import Any

import duckdb

from trending.reports.eda.facts import Counted, Histogram, Spread

COMMONEST = 15


def read_one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """Return the single row of `query`."""
    row: tuple[Any, ...] = connection.execute(query).fetchall()[0]
    return row


def measure_spreads(values: duckdb.DuckDBPyRelation) -> dict[str, Spread]:
    """Return the spread of `value` by `name`, for a relation with these two columns and no nulls."""
    rows = values.aggregate("name, count(*), avg(value), quantile_cont(value, [0, 0.25, 0.5, 0.75, 1])", "name").order("name").fetchall()
    return {name: _to_spread(count, mean, quantiles) for name, count, mean, quantiles in rows}


def measure_spread(values: duckdb.DuckDBPyRelation) -> Spread | None:
    """Return the spread of `value`; None without rows."""
    ((count, mean, quantiles),) = values.aggregate("count(*), avg(value), quantile_cont(value, [0, 0.25, 0.5, 0.75, 1])").fetchall()
    return _to_spread(count, mean, quantiles) if count else None


def draw_histogram(values: duckdb.DuckDBPyRelation, width: float, bins: int) -> Histogram:
    """Count `value`, which is 0 or more, in `bins` bins of `width`; what lies beyond the last counts as in it."""
    rows = values.aggregate(f"CAST(least(floor(value / {width:f}), {bins - 1:d}) AS INTEGER), count(*)").fetchall()
    counts = dict(rows)
    return Histogram(width=width, counts=[counts.get(number, 0) for number in range(bins)])


def count_values(values: duckdb.DuckDBPyRelation) -> Counted:
    """Count how often each `value` occurs; the commonest come first, equals by name."""
    counted = values.aggregate("value, count(*) AS rows", "value")
    ((known, distinct),) = counted.aggregate("coalesce(sum(rows), 0)::BIGINT, count(*)").fetchall()
    return Counted(known=known, distinct=distinct, top=dict(counted.order("rows DESC, value").limit(COMMONEST).fetchall()))


def _to_spread(count: int, mean: float, quantiles: list[float]) -> Spread:
    low, lower, median, upper, high = quantiles
    return Spread(n=count, mean=mean, low=low, lower=lower, median=median, upper=upper, high=high)
