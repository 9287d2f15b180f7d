"""Pseudonyms: a review loses its author before it reaches a disk, and keeps a keyed hash that tells authors apart.

The hash is no secret by itself: whoever holds the salt can test guesses, so the salt stays on the machine that crawls.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from w3lib.html import replace_entities

from trending.errors import InputError, UsageError
from trending.reviews.contacts import mask_contacts
from trending.reviews.names import list_names, mask_names
from trending.settings import load_settings

# All that a raw review may hold once it is pseudonymised; whatever else a source says may be about a person.
REVIEW_FIELDS = (
    "source", "source_review_id", "title_source_id", "imdb_id", "title", "year", "type", "text", "headline", "rating", "best_rating", "worst_rating",
    "author_hash", "language", "review_date", "spoiler", "url", "data_licence", "rights_class",
)  # fmt: skip
_MASKED = ("text", "headline")
_HASH = re.compile(r"[0-9a-f]{8,64}")
_HASH_BYTES = 16
_SALT_BYTES = 32
_MIN_SALT_BYTES = 16
_MAX_ROUNDS = 5
# Marks that nobody sees, and the full-width forms of ASCII: both hide an address from a pattern.
_UNVEIL = {**dict.fromkeys([0xAD, 0x200B, 0x2060, 0xFEFF]), **{0xFF01 + step: 0x21 + step for step in range(94)}}


def pseudonymise_raw(record: Mapping[str, Any], salt: bytes) -> dict[str, Any]:
    """Return a raw review without its author: `author_hash` instead of names, contact details and names in the texts masked.

    Only `REVIEW_FIELDS` come through. A review's own id or page that spells the author's name is hashed or dropped. Doing it twice changes nothing.

    Args:
        record: A raw review. Its author is read from `author`, `author_name`, `author_username` (text, or a schema.org Person) and `author_url`.
        salt: From `load_salt`.

    Returns:
        The record for storage; `author_hash` is 32 hexadecimal digits, a hash the source gave, or None where no one is named.
    """
    names = list_names(record)
    kept = {name: record[name] for name in REVIEW_FIELDS if name in record}
    source = str(record.get("source") or "")
    kept["author_hash"] = hash_author(names[0], source, salt) if names else _keep_hash(record.get("author_hash"), source, salt)
    for name in _MASKED:
        if isinstance(kept.get(name), str):
            kept[name] = mask_text(kept[name], names)
    if names and _spells_name(kept.get("source_review_id"), names):
        kept["source_review_id"] = _digest(f"review\x1f{source}\x1f{kept['source_review_id']}", salt)
    if names and _spells_name(kept.get("url"), names):
        kept["url"] = None
    return kept


def hash_author(name: str, source: str, salt: bytes) -> str:
    """Return the pseudonym of an author at a source: HMAC-SHA256 cut to 16 bytes, the same whatever the case and spacing of the name."""
    return _digest(f"{source}\x1f{' '.join(name.casefold().split())}", salt)


def mask_text(text: str, names: Iterable[str] = ()) -> str:
    """Return `text` with contact details and the author's names masked; masking the result again changes nothing."""
    names = list(names)
    for _ in range(_MAX_ROUNDS):
        masked = _unveil(text)
        # Contacts first: a name masked within an address would break its pattern.
        masked = mask_names(mask_contacts(masked), names)
        if masked == text:
            break
        text = masked
    return text


def _unveil(text: str) -> str:
    if not text.isascii():
        text = text.translate(_UNVEIL)
    return replace_entities(text) if "&" in text else text


def _keep_hash(given: Any, source: str, salt: bytes) -> str | None:
    if given is None or str(given).strip() in ("", "nan"):
        return None
    return str(given) if _HASH.fullmatch(str(given)) else hash_author(str(given), source, salt)


def _digest(message: str, salt: bytes) -> str:
    return hmac.new(salt, message.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()[:_HASH_BYTES].hex()


def _spells_name(value: Any, names: Iterable[str]) -> bool:
    letters = _letters(unquote(str(value or "")))
    return any(len(key) >= 3 and key in letters for key in map(_letters, names))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())


def load_salt(home: Path) -> bytes:
    """Return the key authors are hashed with: the setting `TRENDING_AUTHOR_SALT`, or else the one kept at `<home>/author.salt`.

    The file is made on first use, readable by its owner alone; two processes that make it at once end with the same one. Whoever deletes it
    starts new pseudonyms.

    Raises:
        UsageError: If the setting is too short to keep anything secret.
        InputError: If the file can't be read or written, or isn't a salt.
    """
    given = load_settings().author_salt
    if given is not None:
        salt = given.get_secret_value().encode()
        if len(salt) < _MIN_SALT_BYTES:
            # Checked here and not by the setting, whose message would print the value.
            raise UsageError(f"the salt has fewer than {_MIN_SALT_BYTES} characters", where="TRENDING_AUTHOR_SALT", mend="use a long random one, or unset it")
        return salt
    path = home / "author.salt"
    try:
        if not path.exists():
            _create_salt(path)
        salt = path.read_bytes()
    except OSError as error:
        mend = "make the folder writable, or set TRENDING_AUTHOR_SALT"
        raise InputError(f"can't keep the salt: {error.strerror or error}", where=str(path), mend=mend) from error
    if len(salt) != _SALT_BYTES:
        mend = "restore it; deleting it gives every author a new pseudonym"
        raise InputError(f"the salt is {len(salt)} bytes, not {_SALT_BYTES}", where=str(path), mend=mend)
    return salt


def _create_salt(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".author.salt.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_SALT_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces a salt that another process has just made.
        Path(path).hardlink_to(temporary)
    except FileExistsError:
        return
    finally:
        Path(temporary).unlink(missing_ok=True)
