"""Drift of what services were asked and answered, from what they recorded of a release."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trending.errors import NotFoundError, TrendingError, UsageError
from trending.monitoring.drift import DriftReport, DriftSettings, compare
from trending.monitoring.report import render_drift, render_drift_reports
from trending.monitoring.sample import Sample, read_live
from trending.reports.page import render_page
from trending.settings import load_settings

if TYPE_CHECKING:
    from trending.releases.bundle import Release

_WEEK = 7 * 24  # hours
_BEFORE, _MOST_BEFORE = 30, 60 * 24  # times as many hours before, whose calls of models are what is expected; at most so many hours
log = logging.getLogger(__name__)


def watch_served(release: Release, now: dt.datetime) -> tuple[DriftReport | None, str]:
    """Return the drift of the last week's recordings, if there are any, and as a page; one that can't be read is no reason for anybody to stop.

    Args:
        release: The one that is served.
        now: UTC.
    """
    try:
        report = judge_served(release, _WEEK, now)
    except TrendingError as error:
        said = str(error)
    except Exception as error:  # whatever the recordings' file system raises
        log.warning("drift of what services are asked could not be judged", exc_info=True)
        said = f"recordings can't be read ({type(error).__name__})"
    else:
        return report, render_drift(report)
    return None, render_page("Drift of what is asked", f"Not judged: {said}.", [])


def judge_served(release: Release, hours: int, until: dt.datetime, against: str | None = None, folder: Path | None = None) -> DriftReport:
    """Compare what was recorded of a release in some hours with its reference, and calls of models with earlier ones.

    Args:
        release: With its reference.
        hours: How far back from `until`, to the beginning of that hour.
        until: UTC.
        against: The release whose calls, of those hours or before, are expected; by default of the same release, before.
        folder: Of the reports as pages, if they are wanted.

    Raises:
        NotFoundError: If nothing was recorded.
        UsageError: If recordings are off, or lie where they can't be read.
    """
    store = load_settings().monitoring_url
    if not store:
        raise UsageError("nothing is recorded", where="TRENDING_MONITORING", mend="unset it, or say where recordings lie")
    name, since = release.manifest.version, (until - dt.timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
    current = read_live(store, name, since, until)
    if not len(current.titles) and not len(current.calls):
        raise NotFoundError(
            f"nothing was recorded of release {name} in {hours} h", where=store, mend="serve it and ask something, or look further back: --hours"
        )
    # No model is asked in training, so calls have no reference but other ones.
    before = read_live(store, against or name, since - dt.timedelta(hours=min(_BEFORE * hours, max(_MOST_BEFORE, hours))), until if against else since)
    reference = replace(Sample.from_reference(release), calls=before.calls, calls_seen=before.calls_seen)
    report = compare(reference, current, DriftSettings())
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        render_drift_reports(reference, current, report, folder)
    return report
