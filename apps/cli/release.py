"""`run.py release`: what is published, whether it is whole, where it comes from, and which one is served."""

from __future__ import annotations

import argparse
from typing import Any

from trending.errors import ReleaseError, TrendingError, UsageError
from trending.releases import Manifest, ReleaseStore


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Carry out one action."""
    store = ReleaseStore.from_settings()
    actions = {"list": _list, "show": _show, "promote": _promote, "rollback": _rollback, "verify": _verify, "lineage": _lineage}
    result = actions[arguments.action](store, arguments.version)
    if not arguments.json:
        print(result.pop("text"))
    else:
        result.pop("text")
    return result


def _resolve(store: ReleaseStore, version: str | None) -> str:
    chosen = version or store.current_version()
    if chosen is None:
        raise ReleaseError("no release is published", where=store.url, mend="run: python run.py --pipeline training")
    return chosen


def _line(manifest: Manifest, current: str | None) -> str:
    mark = "*" if manifest.version == current else " "
    shown = manifest.catalogue.data if manifest.catalogue else manifest.data
    data = "starter" if shown.starter else shown.source
    return f"{mark} {manifest.version}  {manifest.model_kind:<13} macro F1 {manifest.metrics['macro_f1']}  {shown.rows:>9,} titles  {data}"


def _list(store: ReleaseStore, version: str | None) -> dict[str, Any]:
    if version:
        raise UsageError("list takes no version", where="release", mend="use: release show VERSION")
    current = store.current_version()
    rows: list[dict[str, Any]] = []
    lines: list[str] = []
    for name in store.versions():
        try:
            manifest = store.manifest(name)
        except ReleaseError as error:
            rows.append({"version": name, "current": name == current, "damaged": str(error)})
            lines.append(f"! {name}  {error}")
            continue
        rows.append(
            {
                "version": name,
                "current": name == current,
                "model_kind": manifest.model_kind,
                "macro_f1": manifest.metrics["macro_f1"].value,
                "data": manifest.data.source,
            }
        )
        lines.append(_line(manifest, current))
    return {"releases": rows, "current": current, "text": "\n".join(lines) or "no release yet; run: python run.py --pipeline training"}


def _show(store: ReleaseStore, version: str | None) -> dict[str, Any]:
    manifest = store.manifest(_resolve(store, version))
    return {**manifest.model_dump(mode="json"), "text": manifest.model_dump_json(indent=2)}


def _promote(store: ReleaseStore, version: str | None) -> dict[str, Any]:
    if not version:
        raise UsageError("promote needs a version", where="release", mend="see: python run.py release list")
    store.promote(version)
    return {"current": version, "text": f"current release is now {version}"}


def _rollback(store: ReleaseStore, version: str | None) -> dict[str, Any]:
    if version:
        store.promote(version)
    chosen = version or store.rollback()
    return {"current": chosen, "text": f"current release is now {chosen}"}


def _verify(store: ReleaseStore, version: str | None) -> dict[str, Any]:
    current = _resolve(store, None) if version is None else None
    if version:
        store.directory(version)  # an unknown one is a mistake of the caller's, not a fault of a release
    names = [version] if version else sorted({*store.versions(), str(current)})
    found: dict[str, str | None] = {}
    for name in names:
        try:
            store.verify(name)
            found[name] = None
        except TrendingError as error:
            found[name] = str(error)
    lines = [f"{name}: {fault or 'whole'}" for name, fault in found.items()]
    return {"ok": not any(found.values()), "releases": found, "text": "\n".join(lines)}


def _lineage(store: ReleaseStore, version: str | None) -> dict[str, Any]:
    manifest = store.manifest(_resolve(store, version))
    run, data = manifest.zenml, manifest.data
    facts = {
        "release": manifest.version,
        "created": manifest.created.isoformat(),
        "code": manifest.git_sha or "unknown",
        "pipeline": run.pipeline,
        "run": run.run_name,
        "run_id": run.run_id,
        "stack": run.stack,
        "model": f"{run.model_name}:{run.model_version}" if run.model_name else "",
        "data": data.source,
        "data_fingerprint": data.fingerprint,
        "rows": data.rows,
        "rights": ", ".join(data.rights),
    }
    if origin := manifest.catalogue:
        facts |= {"scored_from": origin.scored_from, "catalogue": origin.version or origin.data.source, "catalogue_titles": origin.shown}
        facts |= {"scoring_run": origin.run.run_name}
    return {**facts, "text": "\n".join(f"{name:<17} {value}" for name, value in facts.items())}
