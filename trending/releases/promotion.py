"""How `CURRENT` is moved: by a promotion that happens whole or not at all, and is entered in the audit trail.

An intent is written first, then `CURRENT` (from then on it has happened), then the entry of the trail, then the intent is removed; what was killed in
between is repaired by the next promotion or by `release verify`. Whoever follows (ZenML's stage, W&B's alias) is told afterwards, when nobody is kept
waiting any more. That they are to be told is written down before all else, and stands there until they were.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trending.errors import MovedError, ReleaseError, UsageError
from trending.provenance import RunOrigin
from trending.releases.audit import AUDIT_DIR, Action, AuditEntry, AuditTrail, Draft, draft_entry
from trending.releases.manifest import Manifest

if TYPE_CHECKING:
    from trending.releases.store import ReleaseStore

CURRENT_FILE = "CURRENT"
INTENT_FILE = f"{AUDIT_DIR}/pending.json"
UNTOLD_FILE = f"{AUDIT_DIR}/untold"  # holds which promotion's followers aren't told yet; empty: none's
LOCK_FILE = f"{AUDIT_DIR}/.lock"
TRAIN = "run: python run.py --pipeline training"
_LEASE_SECONDS = 60.0  # how long a promotion in an object store is left alone by others
_PATIENCE_SECONDS = 180.0
_POLL_SECONDS = 0.5
log = logging.getLogger(__name__)


class Follower(Protocol):
    """Something outside the store that shows which release is current."""

    name: str

    def follow(self, manifest: Manifest) -> str:
        """Show that a release is current, however often it is asked to; returns what it did in a few words."""
        ...


@dataclass(frozen=True)
class Promotion:
    """How a promotion ended.

    Attributes:
        version: What `CURRENT` names.
        entry: The trail's entry; None if `CURRENT` had named it before and nothing was done.
        followed: What each follower did, or why it couldn't.
    """

    version: str
    entry: AuditEntry | None
    followed: dict[str, str]


class _Intent(BaseModel):
    """A promotion that has begun."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entry: Draft = Field(description="What the trail will say.")
    host: str
    pid: int
    until: float = Field(description="Seconds of the epoch until when others leave it alone.")
    after: int = Field(description="How many entries the trail had.")

    @classmethod
    def of(cls, entry: Draft, after: int) -> _Intent:
        return cls(entry=entry, host=socket.gethostname(), pid=os.getpid(), until=time.time() + _LEASE_SECONDS, after=after)

    def render(self) -> bytes:
        return self.model_dump_json().encode()

    def is_abandoned(self) -> bool:
        """Say whether whoever began it is certainly, or in all likelihood, gone."""
        return time.time() > self.until or (self.host == socket.gethostname() and not _is_alive(self.pid))


def promote(
    store: ReleaseStore,
    version: str,
    *,
    action: Action = "promoted",
    reason: str = "",
    verdict: Mapping[str, Any] | None = None,
    run: RunOrigin | None = None,
    followers: Sequence[Follower] = (),
    appear: Callable[[], None] | None = None,
    manifest: Manifest | None = None,
    replaces: str | None = None,
) -> Promotion:
    """Verify a release, let `CURRENT` name it, enter that in the trail, and tell the followers.

    Args:
        store: Where it lies.
        version: Of the release.
        action: How the trail calls it.
        reason: Why, in a sentence.
        verdict: What the decision rests on; see `AuditTrail.append`.
        run: The run that promotes; by default the one the release came out of.
        followers: Told afterwards; one that fails is told again by the next `release verify`.
        appear: Makes the release appear in the store, where it is only now published; called once the intent is written.
        manifest: Of the release, if it has just been verified.
        replaces: The version whose model (`Manifest.learnt_as`) must be the one that is served until then; None: whichever is.

    Raises:
        NotFoundError: If there is no such release.
        MovedError: If another model is served by now; it stays so.
        ReleaseError: If it is damaged.
        TrendingError: If another promotion goes on and on, or the store can't be written to.
    """
    whole = manifest or store.verify(version)
    promotion = uuid.uuid4().hex
    with _alone(store):
        if appear is None:
            store.manifest(version)  # it may have been removed meanwhile
        draft_afresh = partial(draft_entry, action, whole, reason=reason, verdict=verdict, run=run)
        entry = _move(store, version, promotion, draft_afresh, appear, replaces, followed=bool(followers))
    return Promotion(version, entry, _tell(store, followers, promotion))


def _move(
    store: ReleaseStore,
    version: str,
    promotion: str,
    draft_afresh: Callable[..., Draft],
    appear: Callable[[], None] | None,
    replaces: str | None,
    *,
    followed: bool,
) -> AuditEntry | None:
    """Let `CURRENT` name a release, and return the trail's entry of that; None if it did so before."""
    trail = AuditTrail(store)
    while True:
        if mended := _clear(store):
            log.warning("%s", mended)
        previous = store.current_version()
        stays = previous == version and appear is None
        if not stays and replaces is not None and (served := store.name_model(previous) or replaces) != replaces:  # what is damaged is served by nobody
            mend = "run it again, and it is compared with what is served now"
            raise MovedError(f"the model of {served} is served by now, not that of {replaces}", where=store.url, mend=mend)
        if followed:
            store.files.write(UNTOLD_FILE, promotion.encode())
        if stays:
            return None
        trail.begin()
        draft = draft_afresh(previous=previous).model_copy(update={"promotion": promotion})
        intent = _Intent.of(draft, after=len(trail.numbers()))
        if store.files.create(INTENT_FILE, intent.render()):
            break
    if appear is not None:
        appear()
    if _read_intent(store) != intent:
        raise ReleaseError("another promotion took over", where=store.url, mend="try again")
    store.files.write(CURRENT_FILE, f"{version}\n".encode())
    entry = trail.add(intent.entry)
    _end(store, intent)
    return entry


def roll_back(store: ReleaseStore, *, reason: str = "", followers: Sequence[Follower] = ()) -> Promotion:
    """Promote the newest whole release that is older than the current one.

    Raises:
        ReleaseError: If there is none.
    """
    current = store.current_version()
    for version in reversed([name for name in store.versions() if current is None or name < current]):
        try:
            manifest = store.verify(version)
        except ReleaseError as error:
            log.warning("skipping a damaged release: %s", error)
            continue
        return promote(store, version, action="rolled_back", reason=reason, followers=followers, manifest=manifest)
    raise ReleaseError(f"no whole release is older than {current or 'none'}", where=store.url, mend=TRAIN)


def repair(store: ReleaseStore, followers: Sequence[Follower] = ()) -> str | None:
    """Bring a promotion that was killed half-way to its end, or undo it.

    Args:
        store: Where it was killed.
        followers: Told which release is current.

    Returns:
        What was done, in a sentence; None if there was nothing to do.

    Raises:
        TrendingError: If a promotion goes on and on, or the store can't be written to.
    """
    mended = None
    if _read_intent(store) is not None:
        with _alone(store):
            if followers and _read_untold(store) is None:  # whoever was killed may have known of none
                store.files.write(UNTOLD_FILE, uuid.uuid4().hex.encode())
            mended = _clear(store)
    promotion = _read_untold(store)
    if not followers or promotion is None:
        return mended
    followed = _tell(store, followers, promotion)
    return "; ".join([*([mended] if mended else []), *(f"{name}: {what}" for name, what in followed.items())])


def is_pending(store: ReleaseStore) -> bool:
    """Say whether a promotion has begun and not ended, or followers weren't told of one."""
    return _read_intent(store) is not None or _read_untold(store) is not None


@contextmanager
def keep_out(store: ReleaseStore, version: str) -> Iterator[None]:
    """Let nobody of this machine promote while the block removes a release.

    Raises:
        UsageError: If it is current, or somebody has begun to make it so.
        TrendingError: If a promotion goes on and on.
    """
    with _alone(store):
        pending = _read_intent(store)
        if version == store.current_version() or (pending is not None and pending.entry.release == version):
            raise UsageError("is current", where=f"release {version}", mend="promote another one first")
        yield


def _alone(store: ReleaseStore) -> AbstractContextManager[None]:
    """Keep other promoters out where a lock can; in an object store the intent does."""
    return store.files.locked(LOCK_FILE, _PATIENCE_SECONDS)


def _clear(store: ReleaseStore) -> str | None:
    """Repair what is pending, once nobody is at it any more; returns what was done."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (pending := _read_intent(store)) is not None:
        if store.local or pending.is_abandoned():  # locally whoever began it held the lock
            return _mend(store, pending)
        if time.monotonic() > deadline:
            raise ReleaseError(f"{pending.entry.actor} is promoting {pending.entry.release}", where=store.url, mend="wait for its end")
        time.sleep(_POLL_SECONDS)
    return None


def _mend(store: ReleaseStore, intent: _Intent) -> str:
    """Finish a promotion that reached `CURRENT`, drop one that didn't; may itself be killed at any moment, and done again."""
    trail, draft, current = AuditTrail(store), intent.entry, store.current_version()
    begun = f"{draft.actor} began to make {draft.release} current"
    done = draft.release == current
    said = f"{begun}: finished" if done else f"{begun}: dropped, CURRENT names {current or 'none'}"
    if not trail.holds(draft.promotion, intent.after):
        trail.add(draft if done else draft.model_copy(update={"action": "repaired", "reason": said}))
    _end(store, intent)
    return said


def _end(store: ReleaseStore, intent: _Intent) -> None:
    """Remove an intent that is still one's own."""
    if (pending := _read_intent(store)) is not None and pending.entry.promotion == intent.entry.promotion:
        store.files.remove(INTENT_FILE)


def _tell(store: ReleaseStore, followers: Sequence[Follower], promotion: str) -> dict[str, str]:
    """Tell followers what `CURRENT` names, and again if it moved meanwhile, so that whoever is the last to tell them tells them what is current.

    Returns:
        What each did, or why it couldn't. If all could, it is no longer written down that `promotion` has to be told of.
    """
    while followers:
        version = store.current_version()
        followed, all_told = _ask(followers, store, version)
        with _alone(store):
            if store.current_version() != version:
                continue
            if all_told and _read_untold(store) == promotion:
                store.files.write(UNTOLD_FILE, b"")  # whoever only deploys may write here, but remove nothing except the intent
        return followed
    return {}


def _ask(followers: Sequence[Follower], store: ReleaseStore, version: str | None) -> tuple[dict[str, str], bool]:
    """Return what each follower did, and whether all could."""
    if version is None:
        return {}, True
    followed, failed = {}, False
    for follower in followers:
        try:
            followed[follower.name] = follower.follow(store.manifest(version))
        except Exception as error:  # whatever a server says to it: the release is current
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            followed[follower.name] = f"not told ({reason})"
            failed = True
            log.warning("%s was not told that %s is current (%s); to try again: python run.py release verify", follower.name, version, reason)
    return followed, not failed


def _read_untold(store: ReleaseStore) -> str | None:
    """Return which promotion followers aren't told of yet; None if there is none."""
    content = store.files.read(UNTOLD_FILE)
    return content.decode(errors="replace") if content else None


def _read_intent(store: ReleaseStore) -> _Intent | None:
    content = store.files.read(INTENT_FILE)
    try:
        return None if content is None else _Intent.model_validate_json(content)
    except ValidationError as error:
        mend = f"remove {INTENT_FILE}, then run: python run.py release promote VERSION"
        raise ReleaseError("the intent of a promotion is damaged", where=f"{store.url}/{INTENT_FILE}", mend=mend) from error


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
