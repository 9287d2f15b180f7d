"""The account of a run: fetched = parsed + failed, and parsed = kept + merged + quarantined, per kind and in all; and the state of each source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from trending.datasets.build import partition_source
from trending.datasets.manifest import Account, DataAccount, DataManifest, SourceState
from trending.datasets.tables import table_files
from trending.ingestion.assemble import AssemblyReport
from trending.ingestion.clean import CleaningAccount
from trending.sources.crawl.config import LIVE_SOURCES
from trending.sources.crawl.snapshot import Snapshot
from trending.tables import KINDS, PARTITIONED

# The commonest licence, and of the rights the strictest: what is said of a source must hold for every row of it.
_RIGHTS = """
WITH counted AS (
    SELECT source, coalesce(data_licence, '') AS licence, rights_class, count(*) AS rows FROM read_parquet($files, union_by_name = true) GROUP BY ALL
)
SELECT source, arg_max(licence, (rows, licence)),
       arg_max(rights_class, (CASE WHEN rights_class LIKE 'open%' THEN 0 WHEN rights_class = 'unclear' THEN 1 ELSE 2 END, rights_class))
FROM counted GROUP BY source
"""


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


def describe_sources(tables: Path, snapshots: Iterable[Snapshot], parent: DataManifest | None) -> dict[str, SourceState]:
    """Return the state of every source with rows in the new version.

    Args:
        tables: Folder of the version's tables, which say what sources there are, and under which licence and rights.
        snapshots: Of this run.
        parent: The version before, whose state holds for sources this run didn't ask.
    """
    found = _read_sources(tables)
    before = parent.sources if parent else {}
    states = {
        name: before[name].model_copy(update={"licence": state.licence, "rights_class": state.rights_class}) if name in before else state
        for name, state in found.items()
    }
    states |= {name: state for name, state in before.items() if name not in states}
    for snapshot in snapshots:
        if snapshot.source not in states and snapshot.source not in LIVE_SOURCES:
            continue  # a file whose rows name their own sources, or the quarantine
        total = DataAccount.of(count_records(snapshot)).total
        known = found.get(snapshot.source)  # what the rows say goes before what is known of the source in general
        states[snapshot.source] = SourceState(
            snapshot_id=snapshot.snapshot_id,
            snapshot_sha256=snapshot.sha256["records.jsonl.gz"],
            watermark=snapshot.watermark,
            licence=(known.licence if known else "") or snapshot.licence,
            attribution=snapshot.attribution or snapshot.source,
            rights_class=known.rights_class if known else snapshot.rights_class or "unclear",
            fetched=total.fetched,
            parsed=total.parsed,
            failed=total.failed,
        )
    return states


def _read_sources(tables: Path) -> dict[str, SourceState]:
    """Return every source with rows in a partitioned table; one whose rows are all in quarantine has no licence and unclear rights."""
    names = {partition_source(file.relative_to(tables).as_posix()) for table in PARTITIONED for file in table_files(tables, table)}
    found = {name: SourceState(licence="", attribution=name, rights_class="unclear") for name in names if name}
    files = [str(file) for table in ("titles", "reviews", "signals") for file in table_files(tables, table)]
    if files:
        with duckdb.connect() as database:
            rows = database.execute(_RIGHTS, {"files": files}).fetchall()
        found |= {source: SourceState(licence=licence, attribution=source, rights_class=rights) for source, licence, rights in rows}
    return found
