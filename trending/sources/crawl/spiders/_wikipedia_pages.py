"""What an English Wikipedia article about a film or a show says of it: type, year and genres, by its name, its categories and its first lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from trending.genres import map_genre

_PREFIX = "Category:"
_QUALIFIER = re.compile(r"\s*\(([^()]+)\)$")
_MOVIE_WORDS = re.compile(r"\b(film|movie)$")
_TV_WORDS = re.compile(
    r"\b((tv|television|web|anime|drama|streaming) (series|show|serial|program|programme|special)|miniseries|sitcom|telenovela|game show)$", re.IGNORECASE
)
_SHOWS = r"(?:television|web|anime|streaming) (?:series|shows|miniseries|sitcoms|serials|specials|programmes|programs)|miniseries|sitcoms|telenovelas"
_MOVIE_CATEGORY = re.compile(r"(?:^|\s)films$", re.IGNORECASE)
_TV_CATEGORY = re.compile(rf"(?:^|\s)(?:{_SHOWS})(?: (?:debuts|endings|premieres))?$", re.IGNORECASE)
_OTHER_CATEGORY = re.compile(
    r"\btelevision (?:episodes|seasons)\b|^(?!films |television ).*\b(?:albums|soundtracks|songs|characters|people|births|deaths|franchises|film series)$",
    re.IGNORECASE,
)
_OTHER_NAME = re.compile(r"lists? of |\d{4} in (?:film|television|\w+ (?:film|television))$", re.IGNORECASE)
_OTHER_QUALIFIER = re.compile(r"\b(?:film series|franchise|character|soundtrack|season \d+|episode|album)$", re.IGNORECASE)
_DATED = re.compile(r"(\d{4}) (?:.*\s)?(?:films|debuts)$")
_LEAD_YEAR = re.compile(r"\bis an? (?:upcoming |forthcoming )?(\d{4})\b")
_KIND_OF_WORK = re.compile(rf"(.*?)\s*(?:films|{_SHOWS})(?: (?:debuts|endings|premieres))?$")
_LONGEST_GENRE = 3  # words


def read_page(page: Mapping[str, Any]) -> dict[str, Any]:
    """Make a title record of a page as the Action API gives it (formatversion 2; extracts, pageprops, info with url, categories).

    Raises:
        ValueError: The page isn't about one film or show.
        KeyError: A part that every page has is missing.
    """
    name, properties = page["title"], page.get("pageprops") or {}
    categories = [category["title"].removeprefix(_PREFIX) for category in page.get("categories") or []]
    if "disambiguation" in properties:
        raise ValueError("a page that tells articles of one name apart")
    lead = page.get("extract") or None
    ids = {"wikipedia": name.replace(" ", "_"), "wikidata": properties.get("wikibase_item")}
    return {
        "title": strip_qualifier(name),
        "type": find_type(name, categories),
        "year": find_year(name, categories, lead or ""),
        "plot": lead,
        "genres": find_genres(categories),
        "source_id": str(page["pageid"]),  # stays when the article is renamed
        "ids": {scheme: value for scheme, value in ids.items() if value},
        "url": page.get("canonicalurl") or page["fullurl"],
    }


def strip_qualifier(name: str) -> str:
    """Return an article's name without what tells it from others: "Dune (2021 film)" is Dune, "Her (name)" stays as it is."""
    qualifier = _QUALIFIER.search(name)
    return name[: qualifier.start()] if qualifier and (_MOVIE_WORDS.search(qualifier[1]) or _TV_WORDS.search(qualifier[1])) else name


def find_type(name: str, categories: Iterable[str]) -> str:
    """Return movie or tv: by the article's name if that says it, else by most of its categories.

    Raises:
        ValueError: It is about something else, or it can't be told.
    """
    qualifier = _QUALIFIER.search(name)
    if _OTHER_NAME.match(name) or (qualifier and _OTHER_QUALIFIER.search(qualifier[1])):
        raise ValueError(f"{name!r} is no single film or show")
    if qualifier and _MOVIE_WORDS.search(qualifier[1]):
        return "movie"
    if qualifier and _TV_WORDS.search(qualifier[1]):
        return "tv"
    own = list(categories)
    other = next((one for one in own if _OTHER_CATEGORY.search(one)), None)
    if other is not None:
        raise ValueError(f"no film or show: in the category {other!r}")
    movie, tv = (sum(1 for one in own if pattern.search(one)) for pattern in (_MOVIE_CATEGORY, _TV_CATEGORY))
    if movie == tv:
        raise ValueError("its categories don't say whether it is a film or a show")
    return "movie" if movie > tv else "tv"


def find_year(name: str, categories: Iterable[str], lead: str) -> int | None:
    """Return the year of first release: from the article's name, else the earliest of its dated categories, else its first lines."""
    qualifier = _QUALIFIER.search(name)
    named = re.match(r"\d{4}\b", qualifier[1]) if qualifier else None
    if named:
        return int(named[0])
    dated = [int(found[1]) for found in map(_DATED.match, categories) if found]
    told = _LEAD_YEAR.search(lead)
    return min(dated) if dated else int(told[1]) if told else None


def find_genres(categories: Iterable[str]) -> list[str]:
    """Return the genres named by categories such as "2026 romantic comedy films", as they are worded there, each once and sorted.

    Only words of `trending.genres` count, and only in categories of works by their kind, so a studio or a subject isn't taken for a genre.
    """
    kinds = (found[1] for found in map(_KIND_OF_WORK.match, categories) if found)
    return sorted({label for kind in kinds for label in _read_labels(kind)})


def _read_labels(kind: str) -> set[str]:
    words = kind.replace("Western (genre)", "western").replace("-", " ").split()
    found: dict[int, str] = {}
    used = 0
    start = 0
    while start < len(words):
        for size in range(min(_LONGEST_GENRE, len(words) - start), 0, -1):
            window = words[start : start + size]
            # Names are written with capitals, genres aren't: "DreamWorks Animation films". The first word of a category always has one.
            label = " ".join(window).lower()
            if all(word.islower() for word in window[start == 0 :]) and map_genre(label):
                found[start] = label
                used += size
                start += size
                break
        else:
            start += 1
    if 0 in found and words[0] != words[0].lower() and used < len(words):
        del found[0]
    return set(found.values())
