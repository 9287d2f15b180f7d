"""Misspelt words and titles. Words are corrected by symmetric deletion (Garbe, "1000x faster spelling correction", 2012, the method of SymSpell).

Every word of the catalogue is filed under itself and under what is left when one letter is taken away; a misspelt word meets its correction where both
have lost the right letter, whichever it is, the first included. The distance is that of optimal string alignment: swapped neighbours are one mistake.

A whole title with up to two mistakes is found by a piece of it that has none, whatever the mistakes made of its words: the key is cut into three, and each
third is filed with its place and the key's length (Li, Deng, Wang and Feng, "Pass-Join: A Partition-based Method for Similarity Joins", VLDB 2011, with its
multi-match-aware choice of substrings). Keys too short to be cut are filed under their deletions.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from zlib import crc32

from rapidfuzz.distance import OSA

from trending.catalogue.words import MAX_KEY_CHARS, join_key

_MIN_CHARS = 3  # shorter words have too many neighbours
_MIN_CHARS_FOR_TWO = 7  # from here on two mistakes are forgiven
_MIN_CUT = 8  # thirds of shorter keys are shared by too many
_MAX_DELETED = _MIN_CUT + 4  # a short title, its article and a mistake
_PIECE = "\u00b6"
_NAME_WEIGHT = 20  # queries are mostly titles: a word of one is worth so many of plots


def list_forms(word: str) -> set[int]:
    """Return the numbers a word is filed under; none if it is too short to correct anything."""
    return {crc32(form.encode()) for form in _delete_one(word)} if len(word) >= _MIN_CHARS else set()


def correct_word(connection: sqlite3.Connection, word: str) -> str | None:
    """Return the word of the catalogue that `word` most likely is, other than itself; None if there is none."""
    if len(word) < _MIN_CHARS or word.isdigit():
        return None
    forms = [*list_forms(word)]
    marks = ", ".join("?" * len(forms))
    found = connection.execute(f"SELECT DISTINCT words.word, names, texts FROM misspelt JOIN words ON words.id = misspelt.word WHERE form IN ({marks})", forms)
    allowed = 2 if len(word) >= _MIN_CHARS_FOR_TWO else 1
    best, best_cost = None, math.inf
    for candidate, names, texts in found:
        distance = OSA.distance(word, candidate, score_cutoff=allowed)
        if 0 < distance <= allowed and not candidate.isdigit():
            # A mistake in the first letter is rarer than any other; a commoner word is the likelier one.
            cost = 10 * distance + 3 * (candidate[0] != word[0]) - math.log(1 + _NAME_WEIGHT * names + texts)
            if cost < best_cost:
                best, best_cost = candidate, cost
    return best


def file_title(words: Sequence[str]) -> set[str]:
    """Return the tokens a title is filed under in `keys`."""
    key = join_key(words)
    if len(key) >= _MIN_CUT:
        return {_name_piece(len(key), part, key[start:end]) for part, (start, end) in enumerate(_cut_key(len(key)))}
    return {_PIECE + form for one in _list_keys(words) for form in _delete_one(one)} if len(key) >= _MIN_CHARS else set()


def probe_title(words: Sequence[str]) -> set[str]:
    """Return tokens of which a title that is near has at least one."""
    key = join_key(words)
    probes = {_PIECE + form for one in _list_keys(words) for form in _delete_one(one)} if len(key) <= _MAX_DELETED else set()
    for length in range(max(_MIN_CUT, len(key) - 2), len(key) + 3):
        longer = len(key) - length
        for part, (start, end) in enumerate(_cut_key(length)):
            # Of three parts one is whole with at most `part` mistakes before it and 2 - `part` after it.
            for shift in range(max(-part, longer - 2 + part), min(part, longer + 2 - part) + 1):
                if start + shift >= 0 and end + shift <= len(key):
                    probes.add(_name_piece(length, part, key[start + shift : end + shift]))
    return probes


def is_near(asked: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether a title is at most two mistakes away from what was asked for; one, if it is short. A leading article may count or not."""
    key = join_key(words)
    if len(key) >= _MIN_CUT:
        return bool(OSA.distance(join_key(asked), key, score_cutoff=2) <= 2)
    return any(OSA.distance(one, two, score_cutoff=1) <= 1 for one in _list_keys(asked) for two in _list_keys(words))


def _list_keys(words: Sequence[str]) -> set[str]:
    """Return a title's key with and without its article, which is much of a short title."""
    return {join_key(words), "".join(words)[:MAX_KEY_CHARS]}


def _cut_key(length: int) -> list[tuple[int, int]]:
    first, second = length // 3, 2 * length // 3
    return [(0, first), (first, second), (second, length)]


def _name_piece(length: int, part: int, piece: str) -> str:
    return f"{_PIECE}{length}x{part}x{piece}"


def _delete_one(word: str) -> set[str]:
    return {word} | {word[:at] + word[at + 1 :] for at in range(len(word))}
