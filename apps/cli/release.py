"""`run.py release`: what is published, whether it is whole, where it comes from, and which one is served."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trending.errors import ReleaseError, TrendingError, UsageError
from trending.releases import Manifest, ReleaseStore
from trending.releases.audit import AuditTrail
from trending.releases.lineage import describe_data, describe_release, list_audit, name_data_version, trace_source, trace_title
from trending.releases.promotion import Follower, Promotion, is_pending, promote, repair, roll_back

if TYPE_CHECKING:
    from trending.datasets.store import DataStore


def run(arguments: argparse.Namespace, followers: Sequence[Follower] = ()) -> dict[str, Any]:
    """Carry out one action.

    Args:
        arguments: Of the command line.
        followers: Told what is current after a promotion.
    """
    store = ReleaseStore.from_settings()
    version, reason = arguments.version, arguments.reason
    if reason and arguments.action not in ("promote", "rollback"):
        raise UsageError("--reason goes with promote and rollback", where="release", mend="leave it out")
    if (arguments.title or arguments.source) and arguments.action != "lineage":
        raise UsageError("--title and --source go with lineage", where="release", mend="use: release lineage --title ID")
    match arguments.action:
        case "list":
            result = _list(store, version)
        case "show":
            result = _show(store, version)
        case "promote":
            result = _promote(store, version, reason, followers)
        case "rollback":
            result = _rollback(store, version, reason, followers)
        case "verify":
            result = _verify(store, version, followers)
        case _:
            result = _lineage(store, version, arguments.title, arguments.source)
    text = result.pop("text")
    if not arguments.json:
        print(text)
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


def _promote(store: ReleaseStore, version: str | None, reason: str, followers: Sequence[Follower]) -> dict[str, Any]:
    if not version:
        raise UsageError("promote needs a version", where="release", mend="see: python run.py release list")
    return _tell(promote(store, version, reason=reason, followers=followers))


def _rollback(store: ReleaseStore, version: str | None, reason: str, followers: Sequence[Follower]) -> dict[str, Any]:
    if version:
        return _tell(promote(store, version, action="rolled_back", reason=reason, followers=followers))
    return _tell(roll_back(store, reason=reason, followers=followers))


def _tell(promotion: Promotion) -> dict[str, Any]:
    lines = [f"current release is now {promotion.version}", *(f"{name}: {what}" for name, what in promotion.followed.items())]
    return {"current": promotion.version, "followers": promotion.followed, "text": "\n".join(lines)}


def _verify(store: ReleaseStore, version: str | None, followers: Sequence[Follower]) -> dict[str, Any]:
    repaired = repair(store, followers)
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
    trail = AuditTrail.from_store(store)
    fault = trail.verify()
    if fault is None and is_pending(store):
        fault = "a follower of the last promotion isn't told yet; where it can be reached, run: python run.py release verify"
    lines = [f"repaired: {repaired}"] if repaired else []
    lines += [f"{name}: {wrong or 'whole'}" for name, wrong in found.items()]
    lines.append(f"audit trail: {fault or f'{len(trail.numbers())} entries, whole'}")
    return {"ok": not any(found.values()) and fault is None, "releases": found, "trail": fault, "repaired": repaired, "text": "\n".join(lines)}


def _lineage(store: ReleaseStore, version: str | None, title: str | None, source: str | None) -> dict[str, Any]:
    if source is not None:
        if version:
            raise UsageError("--source looks through all releases", where="release", mend="leave the version out")
        found = trace_source(store, source)
        return {"source": source, "releases": found, "text": "\n".join(_describe_use(one) for one in found)}
    chosen = _resolve(store, version)
    if title is not None:
        facts = trace_title(store.open(chosen), title)
        data = describe_data(facts["row"]["data_version"], _open_data())
        state = (data or {}).get("sources", {}).get(facts["row"]["source"])
        return {**facts, "source_state": state, "text": "\n".join([*_list_lines(facts), *(_list_lines({"source_state": state}) if state else [])])}
    manifest = store.manifest(chosen)
    facts = describe_release(manifest)
    data, audit = describe_data(name_data_version(manifest), _open_data()), list_audit(store, chosen)
    lines = [f"{name:<17} {value}" for name, value in facts.items()]
    lines += _list_lines({"data_version": data}) if data else []
    lines += [f"audit {one['number']:>8} {one['when'][:19]}  {one['action']} by {one['actor']}  {one['reason']}".rstrip() for one in audit]
    return {**facts, "data_version": data, "audit": audit, "text": "\n".join(lines)}


def _open_data() -> DataStore | None:
    """Return the data store; None in an image that only serves."""
    try:
        from trending.datasets.store import DataStore
    except ImportError:
        return None
    return DataStore.from_settings()


def _describe_use(use: dict[str, Any]) -> str:
    mark = "*" if use["current"] else " "
    if "damaged" in use:
        return f"! {use['release']}  {use['damaged']}"
    return f"{mark} {use['release']}  {use['titles']:,} titles, {use['reviews']:,} reviews: {', '.join(use['first'])}"


def _list_lines(facts: dict[str, Any], indent: str = "") -> list[str]:
    """Return nested facts as indented lines."""
    lines = []
    for name, value in facts.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", *_list_lines(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines += [f"{indent}{name}", *(f"{indent}  - {', '.join(f'{key} {part}' for key, part in one.items())}" for one in value)]
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            lines.append(f"{indent}{name:<17} {'none' if shown in (None, '') else shown}")
    return lines
