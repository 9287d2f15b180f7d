"""Cursors: opaque marks of a place in one list, good for that list only.

The content of the catalogue and the whole question enter a fingerprint, so a cursor of another release or another question is refused, never misread.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import struct
from typing import Any, NoReturn

from trending.errors import UsageError

_PLACES = struct.Struct(">8sqq")


class Cursors:
    """Makes and reads the cursors of one question."""

    def __init__(self, content: str, *question: Any) -> None:
        """Bind to the catalogue's content and to all that decides what the list holds."""
        text = json.dumps([content, *question], ensure_ascii=True, default=str)
        self._print = hashlib.blake2b(text.encode(), digest_size=8).digest()

    def make(self, first: int, second: int = 0) -> str:
        """Return the cursor of a place, two numbers."""
        return base64.urlsafe_b64encode(_PLACES.pack(self._print, first, second)).decode()

    def read(self, cursor: str | None) -> tuple[int, int]:
        """Return the place a cursor marks; the beginning without one.

        Raises:
            UsageError: If it isn't one of this question's.
        """
        if cursor is None:
            return 0, 0
        try:
            given, first, second = _PLACES.unpack(base64.b64decode(cursor, altchars=b"-_", validate=True))
        except (binascii.Error, struct.error, ValueError):
            _refuse("no cursor of ours")
        if given != self._print or first < 0 or second < 0:
            _refuse("it belongs to another question or another release")
        return first, second


def _refuse(why: str) -> NoReturn:
    raise UsageError(why, where="cursor", mend="start again without it")
