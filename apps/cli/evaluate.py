"""`run.py evaluate`: judge the current release on labelled titles, with the release's own thresholds."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from trending.errors import InputError
from trending.releases import ReleaseStore
from trending.releases.judge_release import judge_release
from trending.sources import SourceConfig, open_source


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Read, clean and judge; print the headline and the genres."""
    source = open_source(SourceConfig(source="files", path=arguments.data))
    release = ReleaseStore.from_settings().open()
    result = judge_release(release, source.records())
    result |= {"release": release.manifest.version, "starter": release.manifest.data.starter, "data": arguments.data}
    if result["n"] == 0:
        raise InputError("no title has both a plot and a known genre", where=arguments.data, mend="check the columns plot and genres")
    if result["seen_in_training"]:
        print(f"note: the release was trained or tuned on {result['seen_in_training']:,} of these titles: the figures flatter it", file=sys.stderr)
    if not arguments.json:
        _show(result)
    return result


def _show(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    learnt = " (learnt from the small starter catalogue)" if result["starter"] else ""
    console.print(f"{result['n']:,} labelled titles, release {result['release']}{learnt}")
    console.print("  ".join(f"{name} {result[name]:.3f}" for name in ("macro_f1", "micro_f1", "samples_f1", "weighted_f1", "map", "ece")))
    table = Table("genre", "titles", "precision", "recall", "F1", box=None)
    for genre, row in result["per_genre"].items():
        table.add_row(genre, f"{row['n']:,}", *(f"{row[name]:.2f}" for name in ("precision", "recall", "f1")))
    console.print(table)
