"""`run.py data delete`: what somebody asked to be deleted leaves the data, and what still holds it is named or removed."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from typing import Any

from apps.cli.data import join_counts
from trending.datasets.store import DataStore
from trending.deletion.delete import delete_rows
from trending.deletion.holders import Holders, list_release_runs
from trending.deletion.purge import purge
from trending.deletion.requests import KINDS
from trending.errors import UsageError
from trending.releases import ReleaseStore
from trending.settings import load_settings


def run(arguments: argparse.Namespace, forget_runs: Callable[[Collection[str], Collection[str]], list[str]]) -> dict[str, Any]:
    """Delete what is named, and say what still holds it.

    Args:
        arguments: Of the command line.
        forget_runs: Given runs that hold it and runs that are needed, removes the former and all others of this project but the latter, with what they made;
            returns which.
    """
    if arguments.version:
        raise UsageError("delete takes no version: what is asked for leaves all that come", where="data", mend="leave the version out")
    asked = [(kind, value) for kind in KINDS if (value := getattr(arguments, kind))]
    if not asked:
        raise UsageError("nothing to delete is named", where="data", mend="give --author HASH, --title ID or --review ID")
    store, releases = DataStore.from_settings(), ReleaseStore.from_settings()
    done = delete_rows(*asked[0], arguments.reason, store, releases)
    held, gone, forgotten = done.holders, Holders([], [], []), list[str]()
    if arguments.purge:
        gone = purge(held, load_settings().home, store, releases)
        forgotten = forget_runs(gone.runs, list_release_runs(releases, releases.versions()))
    versions, kept = [[one for one in of if one not in removed] for of, removed in ((held.versions, gone.versions), (held.releases, gone.releases))]
    lines = [f"{join_counts(done.rows)} left the data; the latest version is {done.version or 'none'}"]
    lines += [f"removed: {name}" for name in [*gone.versions, *gone.releases]]
    lines += [f"still holds it: data version {name}" for name in versions]
    lines += [f"still holds it: release {name}" for name in kept]
    if kept:
        lines.append("publish a release from the latest version: python run.py --pipeline training --set source=catalogue --set version=latest")
    runs = [name for name in held.runs if name not in forgotten]
    lines += [f"removed: run {name}" for name in forgotten]
    if runs:
        lines.append(f"ZenML's artifacts of these runs may hold it too: {', '.join(runs)}")
    if not arguments.purge:
        lines.append("crawls, caches and ZenML's artifacts of other runs, such as failed ones, may hold it too: --purge removes them")
    answer = {"request": done.request, "rows": done.rows, "version": done.version}
    removed = {"versions": gone.versions, "releases": gone.releases, "runs": forgotten}
    if not arguments.json:
        print("\n".join(lines))
    return {**answer, "removed": removed, "holding": {"versions": versions, "releases": kept, "runs": runs}}
