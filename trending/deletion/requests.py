"""Requests for deletion, one small file each beside the data versions: what must never come back, told by a salted hash alone.

`deletions/salt` belongs to the store; `deletions/<kind>-<hash>.json` says when, why and by whom, and not what; of reviews
that went with an author or a title it has the hashes too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trending.errors import InputError, UsageError
from trending.files import StoreFiles
from trending.settings import load_settings

Kind = Literal["author", "title", "review"]
KINDS: tuple[Kind, ...] = ("author", "title", "review")
FOLDER = "deletions"
SALT_FILE = f"{FOLDER}/salt"
_FORMS = {"author": re.compile(r"[0-9a-f]{8,64}"), "title": re.compile(r"[^:\s]+:\S.{0,298}"), "review": re.compile(r"[^:\s]+:\S.{0,298}")}
_EXAMPLES = {"author": "the author_hash of a review", "title": "a title_id such as tvmaze:82", "review": "a review_id such as tvmaze:1f0c"}


class DeletionRequest(BaseModel):
    """The content of a request's file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    digest: str
    when: dt.datetime
    actor: str
    reason: str
    reviews: list[str] = Field(default_factory=list, description="Hashes of the reviews that went with it: a release knows reviews by their ids alone.")


@dataclass(frozen=True)
class Marks:
    """What must not be in the data: hashes per kind, and the salt they are made with."""

    salt: str
    digests: Mapping[Kind, frozenset[str]]

    def __bool__(self) -> bool:
        """Say whether anything was ever asked for."""
        return any(self.digests.values())

    def contain(self, kind: Kind, value: str) -> bool:
        """Say whether a value must not be in the data."""
        return hash_value(self.salt, kind, value) in self.digests[kind]

    def fingerprint(self) -> str:
        """Return a hash of all that was asked for: other requests, another hash; empty without any."""
        told = [f"{kind}:{digest}" for kind in KINDS for digest in sorted(self.digests[kind])]
        return hashlib.sha256("\n".join(told).encode()).hexdigest() if told else ""


class DeletionRequests:
    """Records and lists requests."""

    def __init__(self, url: str) -> None:
        """Take the address of the data store they lie in."""
        self._files = StoreFiles(url)

    @classmethod
    def from_settings(cls) -> DeletionRequests:
        """Return those of the store the settings name."""
        return cls(load_settings().data_url)

    def record(self, kind: Kind, value: str, reason: str, actor: str) -> DeletionRequest:
        """Remember a request, for good; one that was made before stays as it was.

        Raises:
            UsageError: If the value can't be of that kind, or no reason is given.
        """
        if _FORMS[kind].fullmatch(value) is None:
            raise UsageError("can't be one", where=f"--{kind}", mend=f"give {_EXAMPLES[kind]}")
        if not reason.strip():
            raise UsageError("no reason is given", where="--reason", mend="say in a sentence who asked, without a name")
        if self._files.read(SALT_FILE) is None:
            self._files.create(SALT_FILE, secrets.token_hex(32).encode())
        digest = hash_value(self.read_salt(), kind, value)
        request = DeletionRequest(kind=kind, digest=digest, when=dt.datetime.now(dt.UTC), actor=actor, reason=reason)
        self._files.create(f"{FOLDER}/{kind}-{digest}.json", request.model_dump_json().encode())
        return self._read(f"{kind}-{digest}")

    def add_reviews(self, request: DeletionRequest, review_ids: Iterable[str]) -> None:
        """Remember reviews that went with a request, so that they are found where nothing says whose they are; those that are known stay."""
        salt, held = self.read_salt(), self.marks().digests["review"]
        if new := {hash_value(salt, "review", one) for one in review_ids} - held:
            name = f"{request.kind}-{request.digest}"
            known = self._read(name)
            longer = known.model_copy(update={"reviews": sorted({*known.reviews, *new})})
            self._files.write(f"{FOLDER}/{name}.json", longer.model_dump_json().encode())

    def list_all(self) -> list[DeletionRequest]:
        """Return every request, oldest first."""
        return sorted((self._read(name) for name in self._files.names(FOLDER, ".json")), key=lambda request: request.when)

    def marks(self) -> Marks:
        """Return what must not be in the data.

        Raises:
            InputError: If a request can't be read: nothing may then come in.
        """
        requests = self.list_all()
        found = {kind: frozenset(one.digest for one in requests if one.kind == kind) for kind in KINDS}
        found["review"] |= {review for one in requests for review in one.reviews}
        return Marks(self.read_salt() if requests else "", found)

    def read_salt(self) -> str:
        """Return the salt.

        Raises:
            InputError: If it is gone or damaged.
        """
        content = (self._files.read(SALT_FILE) or b"").decode("utf-8", errors="replace")
        if re.fullmatch(r"[0-9a-f]{64}", content) is None:
            raise InputError("the salt of deletions is gone or damaged", where=self._files.address(SALT_FILE), mend="restore it from a backup")
        return content

    def _read(self, name: str) -> DeletionRequest:
        where = f"{FOLDER}/{name}.json"
        try:
            return DeletionRequest.model_validate_json(self._files.read(where) or b"")
        except ValidationError as error:
            raise InputError("a request for deletion is damaged", where=self._files.address(where), mend="restore it from a backup") from error


def hash_value(salt: str, kind: Kind, value: str) -> str:
    """Return the hash a value is told by."""
    return hashlib.sha256(f"{salt}:{kind}:{value}".encode()).hexdigest()
