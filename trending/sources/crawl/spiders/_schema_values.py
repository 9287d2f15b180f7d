"""One schema.org object as one raw record (https://schema.org/Movie, /TVSeries, /Review, /Rating, /AggregateRating)."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from trending.cleaning.text import normalise_title
from trending.genres import split_labels
from trending.sources.crawl.spiders._jsonld import Node, as_list, text_of, texts_of, types_of

_KINDS = {"Movie": "movie", "TVSeries": "tv"}
_RATING = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:/\s*(\d+(?:[.,]\d+)?)|(%))?")
_COUNT = re.compile(r"\d+(?:\.0+)?|\d{1,3}(?:[., \u00a0\u202f']\d{3})+")
_DATE = re.compile(r"(\d{4})(-\d\d-\d\d)?")
_MAX_ID_CHARS = 200
_BEST, _WORST = 5.0, 1.0  # what the definition of Rating assumes where a page doesn't say
_ELSEWHERE = {
    "imdb": re.compile(r"imdb\.com/(?:\w\w/)?title/(tt\d{7,10})\b"),
    "wikidata": re.compile(r"wikidata\.org/(?:wiki|entity)/(Q\d+)\b"),
    "wikipedia": re.compile(r"//en\.(?:m\.)?wikipedia\.org/wiki/([^?#\s]+)"),
    "tmdb_movie": re.compile(r"themoviedb\.org/movie/(\d+)"),
    "tmdb_tv": re.compile(r"themoviedb\.org/tv/(\d+)"),
    "tvmaze": re.compile(r"tvmaze\.com/shows/(\d+)"),
    "thetvdb": re.compile(r"thetvdb\.com/dereferrer/series/(\d+)"),
}


@dataclass(frozen=True)
class Scale:
    """A rating on its own scale."""

    value: float
    best: float
    worst: float

    @property
    def out_of_ten(self) -> float:
        """The same on a scale from 0 to 10."""
        return 10 * (self.value - self.worst) / (self.best - self.worst)


def kind_of(node: Node) -> str | None:
    """Return movie or tv for an object that is a title."""
    return next((_KINDS[name] for name in sorted(types_of(node)) if name in _KINDS), None)


def address_of(node: Node) -> str | None:
    """Return the address a title gives for itself, whole or relative: its `url`, else its `@id` if that is one."""
    named = [text for text in (*texts_of(node.get("url")), node.get("@id")) if isinstance(text, str)]
    return next((text for text in named if text.startswith(("http://", "https://", "/"))), None)


def name_title(node: Node, page: str, *, is_alone: bool) -> str:
    """Return a title's stable id: its address without the scheme; a hash of that if it is long.

    Args:
        node: The title.
        page: The address of its page, which stands for a title without one of its own.
        is_alone: Whether it is the only such; otherwise its name is added.
    """
    own = _join(page, address_of(node))
    if own is None:
        own = urldefrag(page)[0] + ("" if is_alone else "#" + normalise_title(text_of(node.get("name")) or "").replace(" ", "-"))
    name = own.split("://", 1)[-1].rstrip("/")
    return name if len(name) <= _MAX_ID_CHARS else hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]


def read_title(source_id: str, node: Node, page: str, rating: Node | None) -> dict[str, Any]:
    """Make a title record.

    Args:
        source_id: Its id.
        node: The Movie or TVSeries.
        page: The address of its page.
        rating: Its AggregateRating, if it has one; one that can't be read is left out here.

    Raises:
        ValueError: It has no name.
    """
    name, kind = text_of(node.get("name")), kind_of(node)
    if name is None or kind is None:
        raise ValueError("a title without a name")
    links = [text for key in ("sameAs", "url", "@id") for text in texts_of(node.get(key))]
    ids = {scheme: unquote(found[1]) for scheme, pattern in _ELSEWHERE.items() if (found := _first(pattern, links))}
    # A film has no id among TMDB's shows: such a link is to something else.
    ids.pop("tmdb_tv" if kind == "movie" else "tmdb_movie", None)
    date = _first(_DATE, [text for key in ("datePublished", "startDate", "dateCreated") for text in texts_of(node.get(key))])
    try:
        score, votes = (round(read_scale(rating).out_of_ten, 6), count_votes(rating)) if rating else (None, None)
    except ValueError:
        score, votes = None, None
    return {
        "title": name,
        "type": kind,
        "year": int(date[1]) if date else None,
        "plot": text_of(node.get("description")),
        "genres": [label for text in texts_of(node.get("genre")) for label in split_labels(text)],
        "rating": score,
        "votes": votes,
        "language": _language(node.get("inLanguage")),
        "country": ", ".join(texts_of(node.get("countryOfOrigin"))) or None,
        "release_date": date[0] if date and date[2] else None,
        "source_id": source_id,
        "imdb_id": ids.get("imdb"),
        "ids": ids,
        "url": _join(page, address_of(node)) or page,
    }


def read_rating(source_id: str, node: Node, day: dt.date) -> dict[str, Any]:
    """Make a rating signal of an AggregateRating.

    Args:
        source_id: The title's.
        node: The AggregateRating.
        day: The last day it speaks of.

    Raises:
        ValueError: It has no rating, one outside its scale, or nobody has voted.
    """
    votes = count_votes(node)
    if votes == 0:
        raise ValueError("a mean of no ratings")
    signal = {
        "title_source_id": source_id,
        "kind": "rating",
        "market": "global",
        "value": round(read_scale(node).out_of_ten, 6),
        "period_start": day.isoformat(),
        "days": 1,
    }
    return signal if votes is None else {**signal, "weight": float(votes)}


def read_review(source_id: str, node: Node, page: str) -> dict[str, Any]:
    """Make a review record.

    Raises:
        ValueError: It has no text. (A rating that can't be read is left out.)
    """
    text = text_of(node.get("reviewBody")) or text_of(node.get("description")) or text_of(node.get("text"))
    if text is None:
        raise ValueError("a review without a text")
    ratings = [one for one in as_list(node.get("reviewRating")) if isinstance(one, dict)]
    try:
        scale = read_scale(ratings[0]) if ratings else None
    except ValueError:
        scale = None
    author = next(iter(as_list(node.get("author") or node.get("creator"))), None)
    return {
        "source_review_id": text_of(node.get("@id")),
        "title_source_id": source_id,
        "text": text,
        "headline": text_of(node.get("headline")) or text_of(node.get("name")),
        "rating": scale.value if scale else None,
        "best_rating": scale.best if scale else None,
        "worst_rating": scale.worst if scale else None,
        "author": text_of(author),
        "author_url": text_of(author.get("url")) if isinstance(author, dict) else None,
        "language": _language(node.get("inLanguage")),
        "review_date": text_of(node.get("datePublished")) or text_of(node.get("dateCreated")),
        "url": _join(page, address_of(node)) or page,
    }


def read_scale(node: Mapping[str, Any]) -> Scale:
    """Read a Rating with its scale: numbers, "8,5", "4/5" or "85%"; 1 to 5 where neither the page nor the value says otherwise.

    Raises:
        ValueError: There is no rating, or it lies outside its scale.
    """
    found = _RATING.fullmatch(text_of(node.get("ratingValue")) or "")
    if found is None:
        raise ValueError(f"ratingValue {str(node.get('ratingValue'))[:50]!r} is no rating")
    value, best, worst = (_decimal(text) for text in (found[1], text_of(node.get("bestRating")), text_of(node.get("worstRating"))))
    if found[3]:
        best, worst = 100.0, 0.0
    elif found[2]:
        best = _decimal(found[2])
    best = _BEST if best is None else best
    worst = min(_WORST, value or 0.0) if worst is None else worst
    if value is None or not worst <= value <= best or worst >= best:
        raise ValueError(f"rating {found[0]!r} is not from {worst:g} to {best:g}")
    return Scale(value, best, worst)


def count_votes(node: Mapping[str, Any]) -> int | None:
    """Return how many ratings a mean stands for, reviews if it doesn't say; None if it says neither.

    Raises:
        ValueError: The count is no number.
    """
    text = text_of(node.get("ratingCount")) or text_of(node.get("reviewCount"))
    if text is None:
        return None
    if not _COUNT.fullmatch(text):
        raise ValueError(f"{text[:50]!r} is no number of ratings")
    return int(float(text)) if text.replace(".0", "").isdigit() else int(re.sub(r"\D", "", text))


def _decimal(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text.replace(",", "."))
    except ValueError as error:
        raise ValueError(f"{text[:50]!r} is no end of a scale") from error


def _language(value: Any) -> str | None:
    for one in as_list(value):
        if isinstance(one, dict):
            return text_of(one.get("alternateName")) or text_of(one)
    return text_of(value)


def _first(pattern: re.Pattern[str], texts: list[str]) -> re.Match[str] | None:
    return next((found for text in texts if (found := pattern.search(text))), None)


def _join(page: str, address: str | None) -> str | None:
    try:
        return urljoin(page, address) if address else None
    except ValueError:
        return None
