"""Drift of what a service was asked and answered: `python -m trending.monitoring report [--release VERSION] [--hours 24] [--until TIME] [--against VERSION]`.

Compares what services recorded in some hours with the reference of the release, and writes our page, whylogs' and Evidently's. Calls of language models are
compared with those of the hours before, or with another release's. Ends with 0 if nothing drifted, 1 if something did, 2 if it can't be said.

`python -m trending.monitoring profile FILE` writes whylogs' profiles of the texts of those hours, merged into one, for other tools that read these.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from pathlib import Path

from trending.errors import NotFoundError, TrendingError, UsageError
from trending.monitoring.profiles import has_whylogs
from trending.monitoring.sample import read_profile
from trending.monitoring.served import judge_served
from trending.releases import ReleaseStore
from trending.settings import load_settings

_UNSAID = 2
_MOST_HOURS = 24 * 366


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m trending.monitoring", description="Drift of what a service was asked and answered.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    report = verbs.add_parser("report", help="compare what was recorded with the release's reference")
    report.add_argument("--against", metavar="VERSION", help="release whose calls of language models are compared with (default: the same, before that)")
    report.add_argument("--to", type=Path, metavar="FOLDER", help="of the reports (default: reports/monitoring/TIME under the home folder)")
    report.add_argument("--json", action="store_true", help="print the report as JSON on stdout")
    profile = verbs.add_parser("profile", help="write whylogs' profile of the texts that were recorded")
    profile.add_argument("to", type=Path, metavar="FILE", help="such as texts.bin")
    for verb in (report, profile):
        verb.add_argument("--release", metavar="VERSION", help="default: the current one")
        verb.add_argument("--hours", type=_read_hours, default=24, help="how far back (default: 24)")
        verb.add_argument("--until", type=_read_time, metavar="TIME", help="such as 2030-01-31T12:00, UTC unless it says another offset (default: now)")
    arguments = parser.parse_args(argv)
    arguments.until = arguments.until or dt.datetime.now(dt.UTC)
    try:
        return _report(arguments) if arguments.verb == "report" else _profile(arguments)
    except TrendingError as error:
        print(f"trending.monitoring: {error}", file=sys.stderr)
        return _UNSAID


def _report(arguments: argparse.Namespace) -> int:
    folder = arguments.to or load_settings().home / "reports" / "monitoring" / f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}"
    release = ReleaseStore.from_settings().open(arguments.release)
    found = judge_served(release, arguments.hours, arguments.until, arguments.against, folder)
    print(json.dumps({**found.model_dump(), "folder": str(folder)}) if arguments.json else f"{found.reason}; reports are in {folder}")
    return int(found.alarm) if found.findings else _UNSAID


def _profile(arguments: argparse.Namespace) -> int:
    store, until = load_settings().monitoring_url, arguments.until
    if not has_whylogs():
        raise UsageError(
            "whylogs is not installed", where="trending.monitoring profile", mend="run it where the project is installed, not in the serving image"
        )
    version = ReleaseStore.from_settings().open(arguments.release).manifest.version
    merged = read_profile(store, version, until - dt.timedelta(hours=arguments.hours), until) if store else None
    if merged is None:
        raise NotFoundError(f"no profiles of release {version} in {arguments.hours} h", where=store, mend="see docs/monitoring.md: who writes them, and when")
    try:
        arguments.to.write_bytes(merged.serialize())
    except OSError as error:
        raise UsageError(f"can't be written ({error.strerror})", where=str(arguments.to), mend="name a file in a folder that is there") from error
    print(f"whylogs' profile of {merged.get_column('words').get_metric('counts').n.value:,} texts is in {arguments.to}")
    return 0


def _read_time(given: str) -> dt.datetime:
    time = dt.datetime.fromisoformat(given)
    return time.astimezone(dt.UTC) if time.tzinfo else time.replace(tzinfo=dt.UTC)


def _read_hours(given: str) -> int:
    if not 1 <= (hours := int(given)) <= _MOST_HOURS:
        raise argparse.ArgumentTypeError(f"from 1 to {_MOST_HOURS:,}")
    return hours


if __name__ == "__main__":
    sys.exit(main())
