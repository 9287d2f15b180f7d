"""The account of a run: fetched = parsed + failed, and parsed = kept + merged + quarantined, per kind and in all; and the state of each source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb

from trending.datasets.manifest import Account, DataAccount, DataManifest, SourceState
from trending.ingestion.assemble import AssemblyReport
from trending.ingestion.clean import CleaningAccount
from trending.sources.crawl.config import LIVE_SOURCES
from trending.sources.crawl.snapshot import Snapshot
from trending.tables import KINDS


def sum_kinds(counts: Mapping[str, int]) -> Counter[str]:
    """Sum counts that are per `source/kind` over the sources."""
    summed: Counter[str] = Counter()
    for where, number in counts.items():
        summed[where.rpartition("/")[2]] += number
    return summed


def count_records(snapshot: Snapshot) -> dict[str, Account]:
    """Return what was fetched per kind; an answer that couldn't be read counts as one thing, one that could counts by the records in it."""
    counts = {kind: Account(fetched=one.fetched, parsed=one.parsed, failed=one.failed) for kind, one in snapshot.counts.items() if kind in KINDS}
    lost = sum(one.failed for kind, one in snapshot.counts.items() if kind not in KINDS)
    return counts | ({"response": Account(fetched=lost, failed=lost)} if lost else {})


def build_account(snapshots: Iterable[Snapshot], cleaning: CleaningAccount, assembly: AssemblyReport) -> DataAccount:
    """Return where every fetched record went.

    Raises:
        QualityError: If one is unaccounted for.
    """
    kinds = {kind: Account() for kind in KINDS}
    for snapshot in snapshots:
        for kind, found in count_records(snapshot).items():
            kinds[kind] = kinds.get(kind, Account()).plus(found)
    kept, merged = sum_kinds(assembly.kept), sum_kinds(assembly.merged)
    quarantined = sum_kinds(cleaning.quarantined) + sum_kinds(assembly.quarantined)
    for kind in KINDS:
        # What cleaning saw must be what the snapshots say was parsed: `check` finds it if it isn't.
        kinds[kind] = kinds[kind].model_copy(update={"kept": kept[kind], "merged": merged[kind], "quarantined": quarantined[kind]})
    account = DataAccount.of(kinds)
    account.check()
    return account


def describe_sources(files: Sequence[Path], snapshots: Iterable[Snapshot], parent: DataManifest | None) -> dict[str, SourceState]:
    """Return the state of every source with rows in the new version.

    Args:
        files: Its titles, which say what sources there are and under which licence.
        snapshots: Of this run.
        parent: The version before, whose state holds for sources this run didn't ask.
    """
    query = "SELECT source, mode(coalesce(data_licence, '')), mode(rights_class) FROM read_parquet($files) GROUP BY source"
    with duckdb.connect() as database:
        rows = database.execute(query, {"files": [str(file) for file in files]}).fetchall() if files else []
    found = {source: SourceState(licence=licence, attribution=source, rights_class=rights) for source, licence, rights in rows}
    states = found | (dict(parent.sources) if parent else {})
    for snapshot in snapshots:
        if snapshot.source not in states and snapshot.source not in LIVE_SOURCES:
            continue  # a file whose rows name their own sources, or the quarantine
        total = DataAccount.of(count_records(snapshot)).total
        known = found.get(snapshot.source)  # what the rows say goes before what is known of the source in general
        states[snapshot.source] = SourceState(
            snapshot_id=snapshot.snapshot_id,
            snapshot_sha256=snapshot.sha256["records.jsonl.gz"],
            watermark=snapshot.watermark,
            licence=snapshot.licence or (known.licence if known else ""),
            attribution=snapshot.attribution or snapshot.source,
            rights_class=known.rights_class if known else snapshot.rights_class or "unclear",
            fetched=total.fetched,
            parsed=total.parsed,
            failed=total.failed,
        )
    return states
