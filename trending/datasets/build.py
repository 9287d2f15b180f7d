"""Building of a data version's manifest from a folder of tables, and the check that a folder is what a manifest says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import pyarrow.parquet as pq

from trending import __version__
from trending.datasets.manifest import MANIFEST_FILE, DataAccount, DataManifest, FileEntry, SourceState, TableEntry, hash_pairs, name_version
from trending.datasets.tables import table_files
from trending.errors import InputError
from trending.provenance import RunOrigin, hash_file, read_git_sha
from trending.tables import TABLES

_PARTITION = "source="


def build_manifest(
    directory: Path,
    *,
    parent: str | None,
    sources: Mapping[str, SourceState],
    account: DataAccount,
    run: RunOrigin,
    created: dt.datetime | None = None,
) -> DataManifest:
    """Describe the tables, cards and reports in `directory`; nothing is written.

    Args:
        directory: What `write_table` wrote, and any other files.
        parent: The version the tables were made from.
        sources: State of every source with rows in the version; their row counts are put in here.
        account: Where everything this run fetched went.
        run: The run it was made by.
        created: Time of creation, by default now.

    Raises:
        QualityError: If a record is unaccounted for.
        InputError: If a table can't be read, or has rows of a source that `sources` doesn't name.
    """
    tables = {name: _describe_table(directory, name) for name in TABLES}
    known = {path for table in tables.values() for path in table.files}
    moment = (created or dt.datetime.now(dt.UTC)).replace(microsecond=0)
    fingerprint = hash_pairs({name: table.fingerprint for name, table in tables.items()})
    manifest = DataManifest(
        version=name_version(moment, fingerprint),
        created=moment,
        parent=parent,
        project_version=__version__,
        git_sha=read_git_sha(),
        tables=tables,
        files={path: hash_file(directory / path) for path in _list_files(directory) if path not in known},
        sources=_count_rows(sources, tables),
        account=account,
        run=run,
    )
    manifest.check()
    return manifest.sealed()


def verify_directory(directory: Path, manifest: DataManifest) -> None:
    """Check that a folder holds the files of a version, no other, each with its hash; `manifest.json` itself may be there or not.

    Raises:
        InputError: Naming the first file that is wrong.
    """
    present, where = set(_list_files(directory)), f"data version {manifest.version}"
    for path in sorted(set(manifest.hashes) | present):
        if path not in present:
            raise InputError(f"{path} is missing", where=where)
        if path not in manifest.hashes:
            raise InputError(f"{path} does not belong to it", where=where)
        if hash_file(directory / path) != manifest.hashes[path]:
            raise InputError(f"{path} is damaged (SHA-256 differs)", where=where)


def partition_source(path: str) -> str | None:
    """Return the source whose rows a file of a version holds, None if it isn't partitioned."""
    part = path.split("/")[1]
    return unquote(part.removeprefix(_PARTITION)) if part.startswith(_PARTITION) else None


def _list_files(directory: Path) -> list[str]:
    paths = (path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
    return sorted(path for path in paths if path != MANIFEST_FILE)


def _describe_table(directory: Path, name: str) -> TableEntry:
    files: dict[str, FileEntry] = {}
    for path in table_files(directory, name):
        relative = path.relative_to(directory).as_posix()
        try:
            metadata = pq.read_metadata(path)
        except OSError as error:
            raise InputError("not a Parquet file", where=relative) from error
        files[relative] = FileEntry(sha256=hash_file(path), bytes=path.stat().st_size, rows=metadata.num_rows)
    fingerprint = hash_pairs({path: file.sha256 for path, file in files.items()})
    return TableEntry(rows=sum(file.rows for file in files.values()), fingerprint=fingerprint, files=files)


def _count_rows(sources: Mapping[str, SourceState], tables: Mapping[str, TableEntry]) -> dict[str, SourceState]:
    counts: dict[str, dict[str, int]] = {name: {} for name in sources}
    for table, entry in tables.items():
        for path, file in entry.files.items():
            source = partition_source(path)
            if source is None:
                continue
            if source not in counts:
                raise InputError(f"rows of {source}, whose licence and state nobody gave", where=f"table {table}")
            counts[source][table] = file.rows
    return {name: state.model_copy(update={"rows": counts[name]}) for name, state in sources.items()}
