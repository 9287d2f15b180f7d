"""Drift as pages and as JSON: our own tests, which decide, and beside them what whylogs and Evidently make of the same samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from trending.monitoring.drift import DriftReport
from trending.monitoring.sample import Sample
from trending.reports.page import render_cards, render_page, render_table

_EVIDENTLY_ROWS = 2_000
OWN, FACTS, WHYLOGS, EVIDENTLY = "drift.html", "drift.json", "whylogs.html", "evidently.html"


def render_drift(report: DriftReport) -> str:
    """Return our page."""
    kinds = dict.fromkeys(finding.kind for finding in report.findings)
    cards = [("drift" if report.alarm else "no drift", "verdict"), (f"{len(report.findings)}", "tests"), (f"{report.alpha:g}", "chance of a false alarm")]
    parts = [render_cards(cards)]
    for kind in kinds:
        found = sorted((one for one in report.findings if one.kind == kind), key=lambda one: one.adjusted_p)
        rows = [
            (
                one.name,
                "DRIFT" if one.drifted else "",
                one.test,
                f"{one.reference:.3g}",
                f"{one.current:.3g}",
                f"{one.effect:+.3f}",
                f"{one.adjusted_p:.2g}",
                one.n_reference,
                one.n_current,
            )
            for one in found
        ]
        header = ("column", "", "test", "reference, mean", "current, mean", "effect", "p, by Holm", "n reference", "n current")
        parts.append(render_table(header, rows, kind.capitalize()))
    notes = [f"Not tested, for want of values: {', '.join(report.untested)}."] if report.untested else []
    return render_page("Drift", f"{report.reason[:1].upper()}{report.reason[1:]}.", parts, notes)


def render_drift_reports(reference: Sample, current: Sample, report: DriftReport, folder: Path) -> dict[str, Path]:
    """Write all reports into `folder`, which exists.

    Args:
        reference: What is expected.
        current: What came.
        report: Our own.
        folder: Gets `drift.html`, `drift.json`, `whylogs.html` and `evidently.html`; the last two only where both samples have rows of titles.
    """
    written = {name: folder / name for name in (OWN, FACTS)}
    written[OWN].write_text(render_drift(report), encoding="utf-8")
    written[FACTS].write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    before, after = _align(reference.titles, current.titles)
    if min(len(before), len(after)):
        written[WHYLOGS], written[EVIDENTLY] = folder / WHYLOGS, folder / EVIDENTLY
        write_whylogs(before, after, written[WHYLOGS])
        write_evidently(before, after, written[EVIDENTLY])
    return written


def write_whylogs(reference: pd.DataFrame, current: pd.DataFrame, path: Path) -> None:
    """Write whylogs' summary drift report of two tables, an HTML page."""
    from trending.monitoring.profiles import profile_rows, write_summary

    write_summary(profile_rows(reference), profile_rows(current), path)


def write_evidently(reference: pd.DataFrame, current: pd.DataFrame, path: Path) -> None:
    """Write Evidently's data drift report of two tables, an HTML page; of larger ones, of so many rows drawn from them."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(numerical_columns=list(reference.columns))
    drawn = [part.sample(min(len(part), _EVIDENTLY_ROWS), random_state=17) for part in (current, reference)]
    ours, theirs = (Dataset.from_pandas(part, data_definition=definition) for part in drawn)
    Report([DataDriftPreset()]).run(ours, theirs).save_html(str(path))


def _align(*frames: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """Return the columns that say something in all of the tables."""
    told = [column for column in frames[0].columns if all(column in frame and frame[column].notna().any() for frame in frames)]
    return tuple(frame[told].astype(np.float64) for frame in frames)
