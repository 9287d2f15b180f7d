"""Masks for the name of whoever wrote a review: what the source says they are called, and how they sign.

Actors, characters and titles must stay, so a single part of a name is masked only where it stands by itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from trending.reviews.words import COMMON_WORDS

_AUTHOR_FIELDS = ("author", "author_name", "author_username")
_PERSON_FIELDS = ("name", "username", "alternateName", "givenName", "familyName")
# What sources call a writer they don't name: no one in particular, so neither hashed nor masked.
_NOBODY = frozenset(
    ("anonymous", "anonymous user", "unknown", "guest", "user", "a google user", "amazon customer", "kindle customer", "deleted", "none", "null", "nan")
)
_CAPITAL = r"[A-Z\u00c0-\u00d6\u00d8-\u00de]"
_WORD = rf"{_CAPITAL}[\w'\u2019]*(?:-{_CAPITAL}\w*)?\.?"
_NAME = rf"{_WORD}(?:[ ]{_WORD}){{0,2}}"
_DASH = r"[-\u2013\u2014~]{1,4}"
_SIGNATURES = (
    re.compile(rf"(?:^|\n)[ \t]*{_DASH}[ \t]*(?:[Bb]y )?(?P<name>[^\W\d_][\w'\u2019]*(?:[ ]{_WORD}){{0,2}})\s*\Z"),  # a last line "-Bruce"
    re.compile(rf"[.!?)][ \t]*{_DASH}[ \t]*(?P<name>{_NAME})\s*\Z"),  # "... the end. - John S."
    re.compile(rf"\n[ \t]*(?P<name>{_NAME})[ \t]*\s*\Z"),  # a last line "John Smith"
    re.compile(
        r"(?:^|\n|[.!?][ ])[ \t]*(?i:sincerely|(?:best |kind |warm )?regards|cheers|yours(?: truly| sincerely)?|(?:thanks|thank you|love)(?=,|\s*\n))"
        rf"[,.!]?\s+(?P<name>(?i:\w)[\w'\u2019]*(?:[ ]{_WORD}){{0,2}})[.!]?\s*\Z"
    ),
)
_BYLINE = re.compile(rf"(?:^|\n|[-\u2013\u2014]{{1,3}}|: )[ \t]*(?:A )?[Rr]eview(?:ed)?[ ][Bb]y:?[ ](?P<name>{_NAME})", re.MULTILINE)
_INTRODUCTION = re.compile(
    rf"(?<![\"'\u2018\u201c\w])[Mm]y name(?: is|'s)[ ](?P<name>(?:(?:Rev|Dr|Mrs?|Ms)\.?[ ])?{_CAPITAL}[\w'\u2019-]*(?:[ ]{_CAPITAL}[\w'\u2019-]+)?)"
)
_BESIDE_CONTACT = re.compile(rf"(?:^|\n|[.!?][ ])[ \t]*(?:{_DASH}[ \t]*)?(?P<name>{_NAME})[ ]?[(<]?\[(?:email|handle|phone|link\]\s*\Z)")
_MAX_SIGNATURE_CHARS = 160
_NOT_NAMES = COMMON_WORDS | {
    *("call", "contact", "e-mail", "email", "facebook", "follow", "insta", "instagram", "letterboxd", "mail", "reach", "snapchat", "source", "tiktok"),
    *("twitter", "visit", "website"),
}


def list_names(record: Mapping[str, Any]) -> list[str]:
    """Return what a raw review calls its author, the name before user names; the address of a profile counts as far as it ends in a name."""
    found: list[str] = []
    for field in _AUTHOR_FIELDS:
        found.extend(_read_names(record.get(field)))
    for url in _read_names(record.get("author_url")):
        tail = unquote(urlsplit(url).path).rstrip("/").rsplit("/", 1)[-1]
        if re.search(r"[^\W\d_]{3}", tail):
            found.append(tail)
    names = (" ".join(unicodedata.normalize("NFKC", name).strip().lstrip("@").split()) for name in found)
    return list(dict.fromkeys(name for name in names if name and name.casefold() not in _NOBODY))


def _read_names(value: Any) -> Iterable[str]:
    """Read a name from text, from a schema.org Person, or from a list of either."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for field in _PERSON_FIELDS:
            yield from _read_names(value.get(field))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _read_names(part)


def mask_names(text: str, names: Iterable[str]) -> str:
    """Return `text` with the author's names, and whatever it is signed with, replaced by `[name]`.

    Args:
        text: With its line breaks, where it has any: a signature is the last line.
        names: What the author is known to be called. A whole name is masked in any case of letters; a part of three letters or more where it is
            capitalised and no other capitalised word stands beside it ("John", not "Elton John" or "John-Paul").
    """
    folded = text.casefold()
    for name in names:
        if _is_present(name, folded):
            text = _mask_name(text, name)
    return _mask_signature(text)


def _is_present(name: str, folded: str) -> bool:
    return any(part.casefold() in folded for part in {*_split_name(name), name, *_strip_accents(name).split()})


def _split_name(name: str) -> list[str]:
    return [part for part in re.findall(rf"{_CAPITAL}?[^\W\d_A-Z]+|{_CAPITAL}+(?![^\W\d_A-Z])", name) if len(part) >= 3 and part.casefold() not in COMMON_WORDS]


def _strip_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def _mask_name(text: str, name: str) -> str:
    for spelling in dict.fromkeys((name, _strip_accents(name))):
        whole = _whole_pattern(spelling)
        if whole is not None:
            text = whole.sub("[name]", text)
        for part in _split_name(spelling):
            pattern = re.compile(
                rf"(?P<before>(?:{_CAPITAL}[\w'\u2019]*|(?:{_CAPITAL}|Mrs?|Ms|Dr)\.)[ ])?"
                rf"(?<!\w)(?<!\w-)(?:{part.capitalize()}|{part.upper()})(?!\w|-\w)(?P<after>[ ]{_CAPITAL})?"
            )
            text = pattern.sub(_mask_part, text)
    return text


def _whole_pattern(name: str) -> re.Pattern[str] | None:
    words = [re.escape(word) for word in name.split()]
    letters = re.sub(r"[\W_]", "", name)
    spaceless = bool(words) and name[0] >= "\u2e80"  # scripts written without spaces have no word boundaries, and shorter names
    if len(letters) < (2 if spaceless else 3) or letters.casefold() in COMMON_WORDS or (letters.isdigit() and len(letters) < 5):
        return None
    spellings = [r"\s+".join(words)]
    if len(words) == 2 and all(word[0].isalpha() for word in words):
        first, last = words
        spellings += [rf"{first}\s+{last[0]}\b\.?", rf"{first[0]}\.?\s+{last}", rf"{last},?\s+{first}"]
    either = "|".join(spellings)
    return re.compile(either if spaceless else rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)


def _mask_part(match: re.Match[str]) -> str:
    before, after = match.group("before") or "", match.group("after") or ""
    other = bool(after) or (bool(before) and before.strip().casefold() not in COMMON_WORDS)
    return match.group() if other else f"{before}[name]"


def _mask_signature(text: str) -> str:
    head, tail = text[:-_MAX_SIGNATURE_CHARS], text[-_MAX_SIGNATURE_CHARS:]
    for pattern in _SIGNATURES:
        found = pattern.search(tail)
        if found is not None and _may_be_name(found.group("name")):
            text = f"{head}{tail[: found.start('name')]}[name]{tail[found.end('name') :]}"
            break
    if "eview" in text:
        text = _BYLINE.sub(_mask_group, text)
    if "y name" in text:
        text = _INTRODUCTION.sub(_mask_group, text)
    return _BESIDE_CONTACT.sub(_mask_group, text) if "]" in text else text


def _mask_group(match: re.Match[str]) -> str:
    whole, name = match.group(), match.group("name")
    if not _may_be_name(name):
        return whole
    start = match.start("name") - match.start()
    return f"{whole[:start]}[name]{whole[start + len(name) :]}"


def _may_be_name(found: str) -> bool:
    """Say whether a signature can be one: "Highly Recommended", "Enjoy." and "Grade B" are remarks."""
    words = found.split()
    ends_sentence = found.endswith(".") and len(words[-1]) > 2
    return not ends_sentence and not any(word.strip(".'\u2019").casefold() in _NOT_NAMES for word in words)
