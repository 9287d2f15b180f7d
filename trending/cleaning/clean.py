"""Cleaning of a whole table: records in; kept titles, a quarantine with reasons, and an account of every row out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa

from trending.cleaning.groups import group_titles
from trending.cleaning.record import Notes, Refusal, clean_record
from trending.cleaning.text import normalise_title, plot_key
from trending.errors import QualityError
from trending.tables import TITLE_SCHEMA

QUARANTINE_COLUMNS = ("row", "reason", "detail", "source", "record")
SHARED_PLOT = 3  # a plot under this many different titles describes none of them (a redirect's target, a placeholder)


@dataclass
class CleaningReport:
    """Where each row went and what was mended: `rows_in == kept + merged + quarantined`."""

    rows_in: int = 0
    kept: int = 0
    merged: int = 0
    quarantined: int = 0
    groups: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    repairs: dict[str, int] = field(default_factory=dict)
    unknown_genres: dict[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """Assert that no row was lost.

        Raises:
            QualityError: If the counts don't add up.
        """
        if self.rows_in != self.kept + self.merged + self.quarantined:
            raise QualityError(f"{self.rows_in} rows in but {self.kept} kept + {self.merged} merged + {self.quarantined} quarantined", where="cleaning")

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)

    def line(self) -> str:
        """Return the account in one line."""
        return f"{self.rows_in:,} rows in = {self.kept:,} kept + {self.merged:,} merged + {self.quarantined:,} quarantined"


@dataclass(frozen=True)
class CleaningResult:
    """Kept titles (columns of `TITLE_SCHEMA`), the quarantine (`QUARANTINE_COLUMNS`) and the report."""

    titles: pd.DataFrame
    quarantine: pd.DataFrame
    report: CleaningReport


def titles_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Build a frame of `TITLE_SCHEMA` from rows; whole numbers that may be missing are floats there, as ever in plain pandas."""
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=TITLE_SCHEMA).to_pandas(date_as_object=True)
    frame["genres"] = [list(value) for value in frame["genres"]]
    frame[["year", "votes"]] = frame[["year", "votes"]].astype("float64")
    return frame


def clean_titles(records: Iterable[Mapping[str, Any]]) -> CleaningResult:
    """Clean a stream of raw records.

    Args:
        records: Values by Title column, as a source yields them.

    Returns:
        Titles, quarantine and report; the report's account has been checked.
    """
    notes = Notes()
    report = CleaningReport()
    rows: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for number, raw in enumerate(records):
        report.rows_in += 1
        outcome = clean_record(raw, notes)
        if isinstance(outcome, Refusal):
            record = json.dumps(dict(raw), ensure_ascii=True, default=str)
            refused.append({"row": number, "reason": outcome.reason, "detail": outcome.detail, "source": str(raw.get("source") or ""), "record": record})
        else:
            rows.append(outcome)
    kept, report.merged = _merge_repeats(rows)
    _drop_shared_plots(kept, notes)
    titles = titles_frame(kept)
    if len(titles):
        titles["group_id"] = group_titles(titles)
    report.kept, report.quarantined = len(titles), len(refused)
    report.groups = int(titles["group_id"].nunique())
    report.reasons = dict(Counter(row["reason"] for row in refused))
    report.repairs = dict(notes.repairs.most_common())
    report.unknown_genres = dict(notes.unknown_genres.most_common(50))
    report.check()
    return CleaningResult(titles, pd.DataFrame(refused, columns=list(QUARANTINE_COLUMNS)), report)


def _merge_repeats(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Make one row of those with the same `title_id`, and count those merged away.

    The first wins; a later one fills what it lacks, if it comes with the same rights: a restricted plot in an open row would be laundered.
    """
    merged: dict[str, dict[str, Any]] = {}
    count = 0
    for row in rows:
        first = merged.setdefault(row["title_id"], row)
        if first is row:
            continue
        count += 1
        if all(first[name] == row[name] for name in ("rights_class", "data_licence")):
            first.update({name: value for name, value in row.items() if first[name] in (None, []) and value not in (None, [])})
    return list(merged.values()), count


def _drop_shared_plots(rows: list[dict[str, Any]], notes: Notes) -> None:
    titles_by_plot: dict[str, set[str]] = {}
    for row in rows:
        if row["plot"]:
            titles_by_plot.setdefault(plot_key(row["plot"]), set()).add(normalise_title(row["title"]))
    for row in rows:
        if row["plot"] and len(titles_by_plot[plot_key(row["plot"])]) >= SHARED_PLOT:
            row["plot"] = None
            notes.repairs["plot_shared"] += 1
