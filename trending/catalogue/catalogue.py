"""Reads `catalogue.sqlite`: every question that can be asked of a release's titles. It never writes, and is safe for threads and processes."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trending.answers import Attribution, Similar, TitleCard, Window
from trending.catalogue.cards import make_review, read_cards
from trending.catalogue.cursors import Cursors
from trending.catalogue.database import Database
from trending.catalogue.facets import OPEN, Filters, Sieve, compile_filters
from trending.catalogue.match import Matcher
from trending.catalogue.pages import CatalogueTitle, Description, PredictedGenre, ReviewsPage, SearchPage, SourceUse, TrendingPage
from trending.catalogue.schema import FORMAT, read_about, read_numbers
from trending.catalogue.search import COUNTED, Search
from trending.catalogue.similar import find_near, find_similar
from trending.catalogue.trends import find_place, list_places, read_entries
from trending.catalogue.words import split_words
from trending.errors import NotFoundError, ReleaseError
from trending.genres import GENRES
from trending.insights.schema import Insights
from trending.titles import TITLE_COLUMNS, Title

if TYPE_CHECKING:
    from trending.embeddings import VectorIndex
    from trending.embeddings.encoder import Vectors

_TRAIN = "train again: python run.py --pipeline training"


class Catalogue:
    """The titles of a release."""

    def __init__(self, path: Path, vectors: VectorIndex | None = None) -> None:
        """Open the file read-only.

        Args:
            path: The catalogue.
            vectors: An index of its titles' vectors, for meaning and similarity; closed by whoever opened it.

        Raises:
            ReleaseError: If it isn't one, or one of another format.
        """
        self._database = Database(path)
        self._vectors = vectors
        try:
            with self._database.connect() as connection:
                self._about: dict[str, Any] = read_about(connection)
                if self._about.get("format") != FORMAT:
                    raise ReleaseError(f"catalogue format {self._about.get('format')}, not {FORMAT}", where=str(path), mend=_TRAIN)
                self._numbers = read_numbers(connection)
        except sqlite3.Error as error:
            raise ReleaseError("no catalogue of this version of the project", where=str(path), mend=_TRAIN) from error
        self._works = int(self._about["works"])

    @property
    def as_of(self) -> dt.date | None:
        """The last day that trends know of, if there are trends."""
        day = self._about["as_of"]
        return dt.date.fromisoformat(day) if day else None

    def count(self) -> int:
        """Return how many titles there are."""
        return int(self._about["titles"])

    def count_genres(self) -> dict[str, int]:
        """Return how many titles are listed under each genre."""
        return {genre: int(self._about["genres"][genre]) for genre in GENRES}

    def tags(self) -> dict[str, int]:
        """Return how many works have each tag, commonest first."""
        return dict(self._about["tags"])

    def languages(self) -> dict[str, int]:
        """Return how many works are in each language (ISO 639-1), commonest first."""
        return dict(self._about["languages"])

    def get(self, title_id: str) -> CatalogueTitle | None:
        """Return a title, or None."""
        with self._database.connect() as connection:
            record = connection.execute(f"SELECT {', '.join(TITLE_COLUMNS)}, split, predicted FROM titles WHERE title_id = ?", (title_id,)).fetchone()
        if record is None:
            return None
        values = dict(record)
        split, predicted = values.pop("split"), json.loads(values.pop("predicted"))
        values["genres"] = json.loads(values["genres"])
        return CatalogueTitle(title=Title(**values), predicted=[PredictedGenre(genre=genre, probability=chance) for genre, chance in predicted], split=split)

    def card(self, title_id: str) -> TitleCard:
        """Return a title's card.

        Raises:
            NotFoundError: If there is no such title.
        """
        found = self.cards([title_id])
        if not found:
            raise NotFoundError(f"no title {title_id[:100]!r}", mend="search for it to get its id")
        return found[0]

    def cards(self, title_ids: Sequence[str]) -> list[TitleCard]:
        """Return the cards of titles, in their order; ids that aren't known are left out."""
        with self._database.connect() as connection:
            places = [_locate(connection, title_id) for title_id in title_ids]
            return read_cards(connection, [place[0] for place in places if place])

    def describe(self, title_id: str) -> Description:
        """Return what there is about a title beside itself; all empty for an unknown one."""
        with self._database.connect() as connection:
            place = _locate(connection, title_id)
            if place is None:
                return Description([], 0, None, None)
            row, work = place
            others = connection.execute("SELECT source, data_licence, url FROM titles WHERE work = ? AND row <> ? ORDER BY row", (work, row))
            also_at = [Attribution(source=source, licence=licence, url=url) for source, licence, url in others]
            (reviews,) = connection.execute("SELECT count(*) FROM reviews WHERE row = ?", (work,)).fetchone()
            trend = find_place(connection, work)
            return Description(also_at, int(reviews), read_entries(connection, [trend])[0] if trend else None, _read_insights(connection, place))

    def search(self, query: str, filters: Filters | None = None, limit: int = 10, cursor: str | None = None, vector: Vectors | None = None) -> SearchPage:
        """Find works by words, prefixes, misspelt words and meaning; without a query, browse by filters, best known first.

        Args:
            query: As it was typed.
            filters: What titles must fulfil.
            limit: Titles on a page.
            cursor: `next_cursor` of the page before.
            vector: The query's meaning, shape (384,); used if there is an index.

        Raises:
            UsageError: On a filter no title can pass, or a cursor of another question.
        """
        filters = filters or Filters()
        sieve = self._compile(filters)
        index = self._vectors if vector is not None and split_words(query) else None
        cursors = Cursors(self._about["content"], "search", query, filters.model_dump(), index is not None)
        place = cursors.read(cursor)
        with self._database.connect() as connection:
            if not split_words(query):
                return self._browse(connection, query, sieve, limit, place[0], cursors)
            near = find_near(connection, index, vector, sieve) if index is not None and vector is not None else []
            search = Search(connection, sieve, self._works)
            found = search.run(query, near)
            rows, following = search.turn_to(found, place, limit)
            corrected = " ".join(found.corrected) if found.corrected else None
            return SearchPage(read_cards(connection, rows), found.counted, found.exact, cursors.make(*following) if following else None, corrected)

    def trending(self, window: Window, filters: Filters | None = None, limit: int = 10, cursor: str | None = None) -> TrendingPage:
        """Return what is trending in a window, with parts of the latest day and the history (see `trending.catalogue.rankings`)."""
        filters = filters or Filters()
        sieve = self._compile(filters)
        cursors = Cursors(self._about["content"], "trending", window, filters.model_dump())
        offset, _ = cursors.read(cursor)
        with self._database.connect() as connection:
            places = list_places(connection, window, sieve)
            entries = read_entries(connection, places[offset : offset + limit])
        following = cursors.make(offset + limit) if len(places) > offset + limit else None
        return TrendingPage(entries, len(places), following, self.as_of)

    def similar(self, title_id: str, limit: int = 10, filters: Filters | None = None) -> list[Similar]:
        """Return other works like a title, most similar first; none for an unknown one."""
        sieve = self._compile(filters or Filters())
        with self._database.connect() as connection:
            place = _locate(connection, title_id)
            return find_similar(connection, self._vectors, place[0], sieve, limit, self._works) if place else []

    def reviews(self, title_id: str, limit: int = 10, cursor: str | None = None, spoilers: bool = False) -> ReviewsPage:
        """Return the reviews of a title's work, newest first; those marked as spoilers only if asked for."""
        cursors = Cursors(self._about["content"], "reviews", title_id, spoilers)
        start, _ = cursors.read(cursor)
        which = "row = ?" + ("" if spoilers else " AND NOT spoiler")
        with self._database.connect() as connection:
            place = _locate(connection, title_id)
            if place is None:
                return ReviewsPage([], 0, None)
            work = place[1]
            (total,) = connection.execute(f"SELECT count(*) FROM reviews WHERE {which}", (work,)).fetchone()
            query = f"SELECT * FROM reviews WHERE {which} AND position >= ? ORDER BY position LIMIT ?"
            records = connection.execute(query, (work, start, limit + 1)).fetchall()
        following = cursors.make(records[limit]["position"]) if len(records) > limit else None
        return ReviewsPage([make_review(record) for record in records[:limit]], int(total), following)

    def review_sources(self, title_id: str) -> list[Attribution]:
        """Return where the reviews of a title's work are from and under what licence, each source once."""
        with self._database.connect() as connection:
            place = _locate(connection, title_id)
            query = "SELECT DISTINCT source, data_licence FROM reviews WHERE row = ? ORDER BY 1, 2"
            return [Attribution(source=source, licence=licence) for source, licence in connection.execute(query, (place[1],))] if place else []

    def find_source(self, source: str, limit: int) -> SourceUse:
        """Return how much there is of a source, and the ids of its best-known titles; it reads the whole table."""
        with self._database.connect() as connection:
            (titles,) = connection.execute("SELECT count(*) FROM titles WHERE source = ?", (source,)).fetchone()
            (reviews,) = connection.execute("SELECT count(*) FROM reviews WHERE source = ?", (source,)).fetchone()
            first = connection.execute("SELECT title_id FROM titles WHERE source = ? ORDER BY row LIMIT ?", (source, limit))
            return SourceUse(int(titles), int(reviews), [title_id for (title_id,) in first])

    def holds(self, is_title: Callable[[str], bool], is_review: Callable[[str], bool]) -> bool:
        """Say whether there is a title or a review whose id is one of those that are looked for; all are asked about."""
        with self._database.connect() as connection:
            for table, name, is_one in (("titles", "title_id", is_title), ("reviews", "review_id", is_review)):
                if any(is_one(one) for (one,) in connection.execute(f"SELECT {name} FROM {table}")):
                    return True
        return False

    def insights(self, title_id: str) -> Insights | None:
        """Return the insights of a title that were stored; None if there are none."""
        with self._database.connect() as connection:
            place = _locate(connection, title_id)
            return _read_insights(connection, place) if place else None

    def complete_titles(self, prefix: str, limit: int = 10) -> list[TitleCard]:
        """Return works whose title begins so, or has all the words, of which the last may go on; best known first."""
        if not split_words(prefix):
            return []
        with self._database.connect() as connection:
            return read_cards(connection, Search(connection, OPEN, self._works).complete(prefix, limit))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _compile(self, filters: Filters) -> Sieve:
        return compile_filters(filters, self._about["tag_numbers"], self._about["languages"], self._numbers)

    def _browse(self, connection: sqlite3.Connection, query: str, sieve: Sieve, limit: int, after: int, cursors: Cursors) -> SearchPage:
        if query.strip():
            return SearchPage([], 0, True, None, None)  # signs only: no title has them as a word
        matcher = Matcher(connection, sieve, self._works)
        rows = matcher.find("names", [], limit + 1, after=after - 1, least=limit + 1)
        following = cursors.make(rows[limit]) if len(rows) > limit else None
        total, is_exact = (self._works, True) if sieve == OPEN else _count(matcher)
        return SearchPage(read_cards(connection, rows[:limit]), total, is_exact, following, None)


def _count(matcher: Matcher) -> tuple[int, bool]:
    rows, complete = matcher.scan("names", [], COUNTED)
    return len(rows), complete


def _locate(connection: sqlite3.Connection, title_id: str) -> tuple[int, int] | None:
    """Return a title's row and the row that speaks for its work."""
    found = connection.execute("SELECT row, work FROM titles WHERE title_id = ?", (title_id,)).fetchone()
    return tuple(found) if found else None


def _read_insights(connection: sqlite3.Connection, place: tuple[int, int]) -> Insights | None:
    """Return the insights of a row, or else those of the row that speaks for its work."""
    row, work = place
    found = connection.execute("SELECT document FROM insights WHERE row IN (?, ?) ORDER BY row = ? DESC", (row, work, row)).fetchone()
    return Insights.model_validate_json(found[0]) if found else None
