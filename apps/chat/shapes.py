"""The notation the grammar is written in: shapes of questions that read like the questions themselves.

`(a|b)` is a choice, `[a]` may be missing, `...` is anything, which between spaces may be nothing, `<name>` is another piece of the notation.
A word in capitals is a slot, `KIND=<name>` one that only that piece fills, NUMBER one that only numbers fill. A shape covers the whole question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from apps.chat.vocabulary import NUMBERS

_TOKEN = re.compile(
    r"(?P<slot>[A-Z]{2,})(?:=<(?P<of>\w+)>)?|(?P<before>\.\.\. )|(?P<after> \.\.\.)|(?P<any>\.\.\.)"
    r"|<(?P<piece>\w+)>|(?P<sign>[()\[\]|])|(?P<text>[^A-Z()\[\]|<. ]+|.)"
)
_ANYTHING = {"before": r"(?:.*?\W)?", "after": r"(?:\W.*)?", "any": ".*?"}
_NUMBER = rf"(?:\d+(?:\.\d+)?|an?|half an|(?:a )?(?:{'|'.join(NUMBERS)}))"
_SIGNS = {"(": "(?:", ")": ")", "[": "(?:", "]": ")?", "|": "|"}


def compile_shapes(shapes: str, pieces: Mapping[str, str]) -> tuple[re.Pattern[str], ...]:
    """Return a pattern for each line; slots become named groups."""
    lines = (line.strip() for line in shapes.strip().splitlines())
    return tuple(re.compile(_translate(line, pieces), re.IGNORECASE) for line in lines)


def _translate(shape: str, pieces: Mapping[str, str]) -> str:
    return "".join(_translate_token(token, pieces) for token in _TOKEN.finditer(shape))


def _translate_token(token: re.Match[str], pieces: Mapping[str, str]) -> str:
    if token["slot"]:
        anything = _NUMBER if token["slot"] == "NUMBER" else r"\S(?:.*?\S)??"
        what = _read_piece(token["of"], pieces) if token["of"] else anything
        return f"(?P<{token['slot'].lower()}>{what})"
    if token["piece"]:
        return f"(?:{_read_piece(token['piece'], pieces)})"
    if token["sign"]:
        return _SIGNS[token["sign"]]
    return _ANYTHING.get(str(token.lastgroup)) or re.escape(token["text"])


def _read_piece(name: str, pieces: Mapping[str, str]) -> str:
    return _translate(re.sub(r"\s*\n\s*", "", pieces[name]), pieces)
