"""The manifest of a data version: its tables and their hashes, its sources, where every fetched record went, and what it was made from."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trending.errors import InputError, QualityError
from trending.provenance import VERSION_PATTERN, RunOrigin

MANIFEST_FILE = "manifest.json"
FORMAT = 1
_STAMP = "%Y%m%dT%H%M%SZ"
RESTORE = "restore the data store from a backup, or use another version: python run.py data list"


class _Part(BaseModel):
    # A key nobody knows is a change made after the fact, which the digest alone would not see.
    model_config = ConfigDict(extra="forbid")


class FileEntry(_Part):
    """One Parquet file."""

    sha256: str
    bytes: int
    rows: int


class TableEntry(_Part):
    """One table."""

    rows: int
    fingerprint: str = Field(description="SHA-256 of its files' paths and hashes, in order.")
    files: dict[str, FileEntry] = Field(description="Path within the version -> file; a table without rows may have none.")


class SourceState(_Part):
    """What is known of one source as of this version."""

    snapshot_id: str = Field("", description="The last snapshot that was ingested; empty for what is not crawled.")
    snapshot_sha256: str = ""
    watermark: str | None = Field(None, description="Where the next crawl may begin.")
    rows: dict[str, int] = Field(default_factory=dict, description="Table -> rows of this source; filled in when the manifest is built.")
    licence: str
    attribution: str
    rights_class: str
    fetched: int = Field(0, description="Records of the last snapshot, all kinds.")
    parsed: int = 0
    failed: int = 0


class Account(_Part):
    """Where the records of one kind went: fetched = parsed + failed, and parsed = kept + merged + quarantined."""

    fetched: int = Field(0, ge=0)
    parsed: int = Field(0, ge=0)
    failed: int = Field(0, ge=0)
    kept: int = Field(0, ge=0)
    merged: int = Field(0, ge=0)
    quarantined: int = Field(0, ge=0)

    def check(self, kind: str) -> None:
        """Raise `QualityError` if a record of this kind is unaccounted for."""
        if self.fetched != self.parsed + self.failed:
            raise QualityError(f"{self.fetched} fetched, but {self.parsed} parsed + {self.failed} failed", where=f"account of {kind}")
        if self.parsed != self.kept + self.merged + self.quarantined:
            parts = f"{self.kept} kept + {self.merged} merged + {self.quarantined} quarantined"
            raise QualityError(f"{self.parsed} parsed, but {parts}", where=f"account of {kind}")

    def plus(self, other: Account) -> Account:
        """Return the sum of two accounts."""
        return Account(**{name: getattr(self, name) + getattr(other, name) for name in Account.model_fields})


class DataAccount(_Part):
    """Where everything this version's run fetched went."""

    kinds: dict[str, Account] = Field(description="title, review, signal, and response for answers that could not be read at all.")
    total: Account

    @classmethod
    def of(cls, kinds: Mapping[str, Account]) -> DataAccount:
        """Return the account of these kinds with their total."""
        total = Account()
        for account in kinds.values():
            total = total.plus(account)
        return cls(kinds=dict(kinds), total=total)

    def check(self) -> None:
        """Raise `QualityError` if a record is unaccounted for or the total is not the sum."""
        for kind, account in {**self.kinds, "all kinds": self.total}.items():
            account.check(kind)
        if self.total != DataAccount.of(self.kinds).total:
            raise QualityError("the total is not the sum of the kinds", where="account")


class DataManifest(_Part):
    """The content of `manifest.json`."""

    format: int = FORMAT
    version: str = Field(pattern=f"^{VERSION_PATTERN.pattern}$", description="Time of creation and the first digits of the fingerprint.")
    created: dt.datetime
    parent: str | None = Field(description="The version it was made from; None for the first.")
    project_version: str
    git_sha: str = Field(description="Commit of the code, with -dirty if it had local changes; empty if unknown.")
    tables: dict[str, TableEntry]
    files: dict[str, str] = Field(description="Path within the version -> SHA-256 of every other file: cards, reports.")
    sources: dict[str, SourceState]
    account: DataAccount
    run: RunOrigin
    dvc: str = Field("", description="DVC's hash of the folder; set when it is published.")
    digest: str = Field("", description="SHA-256 of this document without this field.")

    @property
    def fingerprint(self) -> str:
        """The hash of all tables: equal for versions with equal rows, whenever they were made."""
        return hash_pairs({name: table.fingerprint for name, table in self.tables.items()})

    @property
    def hashes(self) -> dict[str, str]:
        """Path within the version -> SHA-256 of every file but `manifest.json`."""
        return {path: file.sha256 for table in self.tables.values() for path, file in table.files.items()} | self.files

    def check(self) -> None:
        """Check that the manifest agrees with itself.

        Raises:
            QualityError: If a record is unaccounted for, a sum is wrong, or the version isn't named after its content.
        """
        self.account.check()
        for name, table in self.tables.items():
            if table.rows != sum(file.rows for file in table.files.values()):
                raise QualityError("its rows are not those of its files", where=f"table {name}")
            if table.fingerprint != hash_pairs({path: file.sha256 for path, file in table.files.items()}):
                raise QualityError("its fingerprint is not that of its files", where=f"table {name}")
        if self.version != name_version(self.created, self.fingerprint):
            raise QualityError("not named after its time and content", where=f"data version {self.version}")

    def sealed(self) -> DataManifest:
        """Return a copy whose digest is right."""
        return self.model_copy(update={"digest": self._digest()})

    def is_intact(self) -> bool:
        """Say whether the digest is right."""
        return self.digest == self._digest()

    def _digest(self) -> str:
        content = json.dumps(self.model_dump(mode="json", exclude={"digest"}), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()


def name_version(created: dt.datetime, fingerprint: str) -> str:
    """Return the name of a version; names sort by time."""
    return f"{created.astimezone(dt.UTC):{_STAMP}}-{fingerprint[:8]}"


def hash_pairs(hashes: Mapping[str, str]) -> str:
    """Return the SHA-256 of names and their hashes, in the order of the names."""
    return hashlib.sha256("".join(f"{name}\n{value}\n" for name, value in sorted(hashes.items())).encode()).hexdigest()


def render_manifest(manifest: DataManifest) -> bytes:
    """Return the content of `manifest.json`, its digest put right."""
    return (manifest.sealed().model_dump_json(indent=2) + "\n").encode()


def parse_manifest(content: bytes, where: str) -> DataManifest:
    """Check the content of a `manifest.json`.

    Raises:
        InputError: If it is damaged, or of a later format.
    """
    try:
        manifest = DataManifest.model_validate_json(content)
    except ValidationError as error:
        raise InputError("its manifest is damaged", where=where, mend=RESTORE) from error
    if manifest.format != FORMAT:
        raise InputError(f"format {manifest.format} is not the {FORMAT} this version reads", where=where, mend="upgrade trending-now")
    if not manifest.is_intact():
        raise InputError("its manifest was changed after it was written", where=where, mend=RESTORE)
    return manifest
