"""`run.py data`: which versions of the ingested data there are, what is in one, what changed between two, where one lies, and back to an older one."""

from __future__ import annotations

import argparse
from typing import Any

from trending.datasets.manifest import DataManifest
from trending.datasets.store import LATEST, DataStore
from trending.errors import InputError, UsageError

_EMPTY = "no data version yet; run: python run.py --pipeline ingestion"


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Carry out one action."""
    actions = {"list": _list, "show": _show, "diff": _diff, "pull": _pull, "rollback": _rollback}
    if arguments.other is not None and arguments.action != "diff":
        raise UsageError(f"{arguments.action} takes one version", where="data", mend="use: data diff VERSION OTHER")
    result = actions[arguments.action](DataStore.from_settings(), arguments)
    text = result.pop("text")
    if not arguments.json:
        print(text)
    return result


def _list(store: DataStore, arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.version:
        raise UsageError("list takes no version", where="data", mend="use: data show VERSION")
    latest = store.latest()
    rows: list[dict[str, Any]] = []
    lines: list[str] = []
    for name in store.versions():
        facts: dict[str, Any] = {"version": name, "latest": name == latest}
        try:
            manifest = store.manifest(name)
        except InputError as error:
            rows.append({**facts, "damaged": str(error)})
            lines.append(f"! {name}  {error}")
            continue
        counts = {table: entry.rows for table, entry in manifest.tables.items()}
        rows.append({**facts, "created": manifest.created.isoformat(), "parent": manifest.parent, "rows": counts, "sources": sorted(manifest.sources)})
        lines.append(f"{'*' if name == latest else ' '} {name}  {join_counts(counts)}  {', '.join(sorted(manifest.sources))}")
    return {"versions": rows, "latest": latest, "text": "\n".join(lines) or _EMPTY}


def _show(store: DataStore, arguments: argparse.Namespace) -> dict[str, Any]:
    manifest = store.manifest(arguments.version or LATEST)
    return {**manifest.model_dump(mode="json"), "text": _describe(manifest)}


def _pull(store: DataStore, arguments: argparse.Namespace) -> dict[str, Any]:
    name = store.resolve(arguments.version or LATEST)
    folder = store.pull(name)
    counts = {table: entry.rows for table, entry in store.manifest(name).tables.items()}
    return {"version": name, "folder": str(folder), "rows": counts, "text": f"{folder}\n{name}: {join_counts(counts)}"}


def _diff(store: DataStore, arguments: argparse.Namespace) -> dict[str, Any]:
    name = store.resolve(arguments.version or LATEST)
    # Of two versions the second is compared with the first; of one, itself with what it was made from.
    if arguments.other is not None:
        before, after = name, store.resolve(arguments.other)
    else:
        parent = store.manifest(name).parent
        if parent is None:
            raise UsageError("has no parent", where=f"data version {name}", mend="use: data diff VERSION OTHER")
        before, after = parent, name
    found = store.diff(before, after)
    lines = [f"{before} -> {after}"]
    for table, change in found.tables.items():
        lines.append(f"{table:<12} +{change.added:,} -{change.removed:,} ~{change.changed:,} ={change.unchanged:,}")
        lines += [
            f"  {source:<20} +{part.added:,} -{part.removed:,} ~{part.changed:,} ={part.unchanged:,}"
            for source, part in change.sources.items()
            if not part.same
        ]
        if change.columns:
            lines.append(f"  changed columns: {join_counts(change.columns)}")
        lines += [f"  {kind}: {'; '.join(_join_key(key) for key in keys)}" for kind, keys in change.sample.items()]
    lines.append("+ added, - removed, ~ changed, = unchanged rows; of the keys only the first few")
    return {**found.model_dump(mode="json"), "same": found.same, "text": "\n".join(lines)}


def _rollback(store: DataStore, arguments: argparse.Namespace) -> dict[str, Any]:
    from trending.ingestion.rollback import roll_back_data
    from trending.releases import ReleaseStore

    latest = roll_back_data(arguments.version, arguments.reason, store, ReleaseStore.from_settings())
    return {"latest": latest, "text": f"the latest data version is now {latest}"}


def _describe(manifest: DataManifest) -> str:
    facts = {
        "version": manifest.version,
        "created": manifest.created.isoformat(),
        "parent": manifest.parent or "none",
        "code": manifest.git_sha or "unknown",
        "run": manifest.run.run_name or "none",
    }
    lines = [f"{name:<10} {value}" for name, value in facts.items()]
    lines += ["", f"{'table':<12} {'rows':>12} {'MB':>8}  files"]
    for table, entry in manifest.tables.items():
        megabytes = sum(file.bytes for file in entry.files.values()) / 1e6
        lines.append(f"{table:<12} {entry.rows:>12,} {megabytes:>8.1f}  {len(entry.files)}")
    lines.append("")
    for source, state in manifest.sources.items():
        lines.append(f"{source}: {join_counts(state.rows)}")
        lines.append(f"  {state.attribution}, {state.licence} ({state.rights_class}); watermark {state.watermark or 'none'}")
    lines += ["", f"{'account':<12} {'fetched':>9} {'parsed':>9} {'failed':>9} {'kept':>9} {'merged':>9} {'quarantined':>12}"]
    for kind, one in {**manifest.account.kinds, "total": manifest.account.total}.items():
        lines.append(f"{kind:<12} {one.fetched:>9,} {one.parsed:>9,} {one.failed:>9,} {one.kept:>9,} {one.merged:>9,} {one.quarantined:>12,}")
    return "\n".join(lines)


def join_counts(counts: dict[str, int]) -> str:
    """Return counts in a line; what there is none of is left out."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count) or "no rows"


def _join_key(key: dict[str, Any]) -> str:
    return " ".join(str(value) for value in key.values())
