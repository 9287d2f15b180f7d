"""The audit trail of a release store: who or what did which thing to which release, when, why, and on what grounds.

One file per entry, `audit/00000001.json` and on. Entries are only ever added, and each holds the SHA-256 of the one before, so that a change, a gap or
another order shows; an end that was cut off shows where `CURRENT` or the releases tell of more. Serving never reads it.
"""

from __future__ import annotations

import datetime as dt
import getpass
import hashlib
import json
import math
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trending.errors import ReleaseError, TrendingError
from trending.provenance import RunOrigin
from trending.releases.manifest import Manifest
from trending.settings import load_settings

if TYPE_CHECKING:
    from trending.releases.store import ReleaseStore

AUDIT_DIR = "audit"
Action = Literal[
    "adopted", "published", "promoted", "rolled_back", "declined", "repaired", "deleted", "data_rolled_back", "experiment_started", "experiment_stopped"
]
PROMOTING: tuple[Action, ...] = ("adopted", "published", "promoted", "rolled_back")  # after which `CURRENT` names the entry's release
_FIRST = "0" * 64  # what the first entry has in place of the hash before
_SHORT, _FEW = 200, 20
_ATTEMPTS = 1_000


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class DataUsed(_Part):
    """The data a release was learnt from, and, if it was scored anew afterwards, those it shows."""

    source: str
    fingerprint: str
    version: str | None = None


class Draft(_Part):
    """What an entry says, before it has its place in the trail."""

    when: dt.datetime
    actor: str = Field(description="TRENDING_ACTOR, or user@host.")
    action: Action
    release: str | None = Field(None, description="The release it is about.")
    digest: str = Field("", description="Of that release's manifest.")
    previous: str | None = Field(None, description="What `CURRENT` named before.")
    run: RunOrigin = Field(default_factory=RunOrigin, description="The run that acted; of a release that was promoted by hand, the one it came out of.")
    data: DataUsed | None = None
    code: str = Field("", description="Commit of the code the release was made by.")
    verdict: dict[str, Any] = Field(default_factory=dict, description="What the decision rests on, in short.")
    verdict_sha256: str = Field("", description="Of the whole verdict as canonical JSON.")
    reason: str = ""
    details: dict[str, Any] = Field(default_factory=dict)
    promotion: str = Field("", description="Which promotion it belongs to, so that a repair doesn't enter it twice.")


class AuditEntry(Draft):
    """One entry of the trail."""

    number: int
    previous_hash: str = Field(description="The hash of the entry before.")
    hash: str = Field("", description="SHA-256 of this entry without this field, as canonical JSON.")

    def sealed(self) -> AuditEntry:
        """Return a copy whose hash is right."""
        return self.model_copy(update={"hash": self.compute_hash()})

    def render(self) -> bytes:
        """Return the content of its file."""
        return _canonical(self.model_dump(mode="json")) + b"\n"

    def compute_hash(self) -> str:
        """Return the hash this entry should have."""
        return _hash(self.model_dump(mode="json", exclude={"hash"}))


class AuditTrail:
    """Appends to, reads and checks the trail of one store."""

    def __init__(self, store: ReleaseStore) -> None:
        """Take the store whose trail it is."""
        self._store = store

    @classmethod
    def from_store(cls, store: ReleaseStore) -> AuditTrail:
        """Return a store's trail."""
        return cls(store)

    def append(
        self,
        action: Action,
        *,
        manifest: Manifest | None = None,
        reason: str = "",
        verdict: Mapping[str, Any] | None = None,
        run: RunOrigin | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> AuditEntry:
        """Add an entry that leaves `CURRENT` alone; those that move it are added by `trending.releases.promotion`.

        Args:
            action: What was done.
            manifest: Of the release it is about, whether or not that was published.
            reason: Why, in a sentence.
            verdict: What the decision rests on; the short values of its top are kept, and a hash of all of it.
            run: The run that acted; by default the one the release came out of.
            details: Whatever else belongs to it; JSON, and short.
        """
        self.begin()
        return self.add(draft_entry(action, manifest, reason=reason, verdict=verdict, run=run, details=details, previous=self._store.current_version()))

    def add(self, draft: Draft) -> AuditEntry:
        """Give a draft the next place in a trail that has begun; of several writers each gets a place of its own.

        Raises:
            ReleaseError: If the last entry can't be read, so that nothing can be chained to it.
        """
        for _ in range(_ATTEMPTS):
            numbers = self.numbers()
            before = self._read(numbers[-1]).hash if numbers else _FIRST
            entry = AuditEntry(**dict(draft), number=(numbers[-1] if numbers else 0) + 1, previous_hash=before).sealed()
            if self._store.files.create(_name(entry.number), entry.render()):
                return entry
        raise ReleaseError("others write to it without pause", where=f"{self._store.url}/{AUDIT_DIR}", mend="try again")

    def begin(self) -> None:
        """Let a trail that is new tell first of the releases that were there before it."""
        if not self.numbers() and (versions := self._store.versions()):
            adopted = draft_entry("adopted", None, reason="releases were here before the trail began", details={"releases": versions})
            self.add(adopted.model_copy(update={"release": self._store.current_version()}))

    def entries(self, release: str | None = None) -> Iterator[AuditEntry]:
        """Yield the entries, oldest first; only those about one release if it is given.

        Raises:
            ReleaseError: If one can't be read.
        """
        found = (self._read(number) for number in self.numbers())
        return (entry for entry in found if release is None or entry.release == release)

    def holds(self, promotion: str, after: int) -> bool:
        """Say whether an entry with a number beyond `after` belongs to a promotion."""
        return any(self._read(number).promotion == promotion for number in self.numbers() if number > after)

    def verify(self) -> str | None:
        """Return what is wrong with the trail, naming the first entry that is, or how it contradicts `CURRENT` or the releases; None if nothing is.

        A store without a trail has nothing wrong: it begins with the next promotion.
        """
        entries: list[AuditEntry] = []
        for expected, number in enumerate(self.numbers(), start=1):
            if number != expected:
                return f"{_name(expected)} is missing"
            try:
                entry = self._read(number)
            except TrendingError as error:
                return str(error)
            if entry.hash != entry.compute_hash() or self._store.files.read(_name(number)) != entry.render():
                return f"{_name(number)} was changed after it was written"
            if entry.number != number:
                return f"{_name(number)} is entry {entry.number}: entries were reordered"
            if entry.previous_hash != (entries[-1].hash if entries else _FIRST):
                return f"{_name(number)} does not follow the entry before it: one of the two was replaced"
            entries.append(entry)
        return self._compare(entries) if entries else None

    def _compare(self, entries: list[AuditEntry]) -> str | None:
        last = next((entry for entry in reversed(entries) if entry.action in PROMOTING), None)
        told, current = last.release if last else None, self._store.current_version()
        if told != current:
            return f"CURRENT names {current or 'none'}, but by the trail it is {told or 'none'}: the trail was cut off, or CURRENT was moved by hand"
        known = {entry.release for entry in entries} | {version for entry in entries for version in entry.details.get("releases", [])}
        digests = {entry.release: entry.digest for entry in entries if entry.digest}
        for version in self._store.versions():
            if version not in known:
                return f"no entry tells of release {version}: the trail was cut off, or the release was put there by hand"
            with suppress(TrendingError):  # a damaged release is found by whoever verifies the releases
                if self._store.manifest(version).digest != digests.get(version, self._store.manifest(version).digest):
                    return f"release {version} is not the one the trail tells of (its digest differs)"
        return None

    def numbers(self) -> list[int]:
        """Return the numbers of the entries that are there, in order."""
        return [int(name) for name in self._store.files.names(AUDIT_DIR, ".json") if name.isdigit()]

    def _read(self, number: int) -> AuditEntry:
        where = f"{self._store.url}/{_name(number)}"
        content = self._store.files.read(_name(number))
        if content is None:
            raise ReleaseError("the entry is gone", where=where, mend="restore the audit trail from a backup")
        try:
            return AuditEntry.model_validate_json(content)
        except ValidationError as error:
            raise ReleaseError("the entry is damaged", where=where, mend="restore the audit trail from a backup") from error


def draft_entry(
    action: Action,
    manifest: Manifest | None,
    *,
    reason: str = "",
    verdict: Mapping[str, Any] | None = None,
    run: RunOrigin | None = None,
    details: Mapping[str, Any] | None = None,
    previous: str | None = None,
) -> Draft:
    """Return what an entry will say; see `AuditTrail.append`."""
    about: dict[str, Any] = {}
    if manifest is not None:
        shown = manifest.catalogue.data if manifest.catalogue else manifest.data
        version = manifest.catalogue.version if manifest.catalogue else manifest.data.version
        data = DataUsed(source=shown.source, fingerprint=shown.fingerprint, version=version)
        about = {"release": manifest.version, "digest": manifest.digest, "data": data, "code": manifest.git_sha, "run": manifest.zenml}
    if run is not None:
        about["run"] = run
    if verdict is not None:
        told = json.loads(_canonical(verdict))
        about |= {"verdict": {key: value for key, value in told.items() if _is_short(value)}, "verdict_sha256": _hash(told)}
    return Draft(when=dt.datetime.now(dt.UTC), actor=name_actor(), action=action, reason=reason, details=dict(details or {}), previous=previous, **about)


def name_actor() -> str:
    """Return who acts: `TRENDING_ACTOR`, else whom GitHub runs a workflow for, else the user and the machine."""
    if given := load_settings().actor or os.environ.get("GITHUB_ACTOR"):
        return given
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def _is_short(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= _FEW and all(not isinstance(one, list | tuple | dict) and _is_short(one) for one in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool | int) or (isinstance(value, str) and len(value) <= _SHORT)


def _name(number: int) -> str:
    return f"{AUDIT_DIR}/{number:08d}.json"


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def _hash(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(document)).hexdigest()
