"""The forms of a title under which it may meet itself in another source: exact, compact, consonants only, main title before the colon.

Each form becomes a 64-bit block key together with the type; a plot's opening is one more. Nothing here decides anything.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trending.cleaning.text import normalise_title, plot_key
from trending.matching.store import NO_YEAR, Hashes, Ints, TitleStore, hash_texts

MIN_PLOT_KEY = 40  # shorter plots agree by chance; the same as in trending.cleaning.groups
_OPENING = 300  # characters
_MIN_SKELETON = 5  # fewer consonants are shared by chance
_MIN_MAIN = 6
_QUALIFIER = re.compile(r"\s*\((?:(?P<year>(?:18|19|20)\d\d)|(?P<country>US|USA|UK|GB|AU|CA|NZ|IE|IN|DE|FR|JP|KR))\)\s*$")
_SUBTITLE = re.compile(r"\s*:|\s[-\u2013\u2014]\s")
_COUNTRIES = {"USA": "US", "GB": "UK"}
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "x": "10"}
_ARTICLE = re.compile(r"(the|an?) ", re.IGNORECASE)
_VOWELS = re.compile(r"[aeiouy]+")
_DOUBLED = re.compile(r"(.)\1+")


@dataclass(frozen=True)
class Forms:
    """What one title looks like; `country` and `year` are what it says in brackets at its end ("The Office (US)", "Poldark (2015)")."""

    key: str
    compact: str
    skeleton: str | None
    main: str | None
    numbers: str
    article: str | None
    words: int
    country: str | None
    year: int | None


def read_title(title: str) -> Forms:
    """Return the forms of a title."""
    found = _QUALIFIER.search(title)
    bare = title[: found.start()] if found and found.start() else title
    country, year = (found["country"], found["year"]) if found and bare != title else (None, None)
    key, article = normalise_title(bare), _ARTICLE.match(bare)
    compact, numbers = _compact(key)
    skeleton = compact[0] + _VOWELS.sub("", _DOUBLED.sub(r"\1", compact[1:]))
    subtitle = _SUBTITLE.search(bare)
    main = _compact(normalise_title(bare[: subtitle.start()]))[0] if subtitle and subtitle.start() else compact
    return Forms(
        key=key,
        compact=compact,
        skeleton=skeleton if len(skeleton) >= _MIN_SKELETON else None,
        main=main if len(main) >= _MIN_MAIN else None,
        numbers=numbers,
        article=article[1].casefold() if article else None,
        words=key.count(" ") + 1,
        country=_COUNTRIES.get(country, country) if country else None,
        year=int(year) if year else None,
    )


def _compact(key: str) -> tuple[str, str]:
    """Return the key without spaces and "and", Roman numerals as figures; and the numbers in it."""
    first, *rest = key.split(" ")
    words = [first, *(_ROMAN.get(word, word) for word in rest if word != "and")]
    return "".join(words), " ".join(word for word in words if word.isdigit())


@dataclass(frozen=True)
class TitleColumns:
    """The forms of all rows, hashed: arrays of one length; 0 is "has none". Rows are compared that share `same` or one of `alike`.

    `text` is the compact form itself; `main` tells of the type as well.
    """

    key: Hashes
    compact: Hashes
    numbers: Hashes
    article: Hashes
    country: Hashes
    words: npt.NDArray[np.int16]
    year: Ints
    text: pa.StringArray
    main: Hashes
    same: Hashes
    alike: tuple[Hashes, ...]


def read_columns(store: TitleStore) -> TitleColumns:
    """Read the titles and the openings of plots of all rows, a batch at a time."""
    hashed: list[list[Hashes]] = []
    texts: list[pa.StringArray] = []
    words, stated = array("h"), array("h")
    for batch in store.batches(("title", "type", "plot")):
        titles, types, plots = (batch.column(name).to_pylist() for name in ("title", "type", "plot"))
        forms = [read_title(title) for title in titles]
        words.extend(min(form.words, 99) for form in forms)
        stated.extend(form.year or NO_YEAR for form in forms)
        texts.append(pa.array([form.compact for form in forms], pa.string()))
        hashed.append(_hash_batch(forms, types, plots))
    key, compact, numbers, article, country, same, main, *alike = (np.concatenate(column) for column in zip(*hashed, strict=True))
    years = store.years()
    # A year in brackets fills a missing one, and corrects none: a platform's year may be that of its latest season.
    years = np.where(years == NO_YEAR, np.array(stated, dtype=np.int64), years)
    return TitleColumns(key, compact, numbers, article, country, np.array(words, dtype=np.int16), years, pa.concat_arrays(texts), main, same, (main, *alike))


def _hash_batch(forms: Sequence[Forms], types: Sequence[str], plots: Sequence[str | None]) -> list[Hashes]:
    def block(name: str, texts: Sequence[str | None]) -> Hashes:
        return hash_texts([f"{name}|{kind}|{text}" if text else None for kind, text in zip(types, texts, strict=True)])

    openings = [plot_key(plot[:_OPENING]) if plot else "" for plot in plots]
    return [
        hash_texts([form.key for form in forms]),
        hash_texts([form.compact for form in forms]),
        hash_texts([form.numbers or None for form in forms]),
        hash_texts([form.article for form in forms]),
        hash_texts([form.country for form in forms]),
        block("compact", [form.compact for form in forms]),
        block("main", [form.main for form in forms]),
        block("skeleton", [form.skeleton for form in forms]),
        block("plot", [opening if len(opening) >= MIN_PLOT_KEY else None for opening in openings]),
    ]
