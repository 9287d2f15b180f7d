"""Writing of `catalogue.sqlite`: rows in the order of their rank, their words, what was counted. Nothing here is needed to read one."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trending.catalogue.content import CatalogueContent, Order, choose_speakers, find_works, order_titles
from trending.catalogue.facets import SIGN, make_facets
from trending.catalogue.languages import LANGUAGE_INDEX, LANGUAGES, find_language
from trending.catalogue.rankings import write_trends
from trending.catalogue.schema import FORMAT, INDEXES, KEY_SIGN, NAME_SEPARATOR, SCHEMA, STORED_COLUMNS
from trending.catalogue.spelling import file_title, list_forms
from trending.catalogue.words import (
    MAX_FIELD_CHARS,
    MAX_PLOT_CHARS,
    MAX_REVIEW_CHARS,
    MAX_TITLE_CHARS,
    MAX_URL_CHARS,
    clean_text,
    join_key,
    split_words,
)
from trending.genres import GENRE_INDEX, GENRES
from trending.titles import TITLE_COLUMNS, TITLE_TYPES

_Verdicts = dict[str, tuple[int | None, list[str]]]  # score and tags by title

_AT_ONCE = 20_000
_FULL_TEXT = ("names", "texts", "keys")
_LIMITS = {"title": MAX_TITLE_CHARS, "plot": MAX_PLOT_CHARS, "url": MAX_URL_CHARS}
_KEPT_WHOLE = ("title_id", "source_id", "group_id", "genres", "release_date", "year", "votes", "rating", "popularity", "language")
_REVIEW_COLUMNS = ("review_id", "headline", "rating", "review_date", "language", "spoiler", "source", "data_licence", "url", "text")
_MIN_TEXTS = 2  # a word of plots that stands in one only may itself be misspelt: it corrects nothing


def write_catalogue(path: Path, content: CatalogueContent) -> None:
    """Write a catalogue: text is freed of control characters and cut to the bounds of `trending.catalogue.words`, an ellipsis saying so.

    Args:
        path: A file that doesn't exist yet.
        content: What goes into it.
    """
    connection = sqlite3.connect(path)
    try:
        connection.executescript(SCHEMA)
        _Writer(connection, content).write()
        connection.executescript(INDEXES)
        connection.commit()
        connection.execute("ANALYZE")
        connection.commit()
    finally:
        connection.close()


class _Writer:
    """The state of one writing: which row is where, and what has been counted."""

    def __init__(self, connection: sqlite3.Connection, content: CatalogueContent) -> None:
        self._connection = connection
        self._content = content
        works = find_works(content)
        self._order = order_titles(content, works)
        self._work_rows = _find_work_rows(content, works, self._order)
        self._row_of = {str(title_id): row for row, title_id in enumerate(content.titles["title_id"].to_numpy()[self._order])}
        self._names: Counter[str] = Counter()
        self._texts: Counter[str] = Counter()
        self._tags: dict[str, int] = {}
        self._genres: Counter[str] = Counter()
        self._genre_bits: list[int] = []

    def write(self) -> None:
        insights = self._read_insights()
        titles_of = self._gather_titles()
        marks = ", ".join("?" * (len(STORED_COLUMNS) + 1))
        for start in range(0, len(self._order), _AT_ONCE):
            rows = list(self._make_rows(start, insights, titles_of))
            self._connection.executemany(f"INSERT INTO titles VALUES ({marks})", rows)
            spoken = [row for row in rows if row[0] == row[1 + STORED_COLUMNS.index("work")]]
            documents = [self._read_words(row) for row in spoken]
            for place, table in enumerate(_FULL_TEXT, 1):
                self._connection.executemany(f"INSERT INTO {table} (rowid, words) VALUES (?, ?)", ((one[0], one[place]) for one in documents))
        self._connection.executemany("INSERT INTO insights VALUES (?, ?)", self._list_documents())
        self._write_reviews()
        as_of = write_trends(self._connection, self._content.trends, self._content.works, self._content.titles, self._order, self._work_rows)
        self._write_numbers(insights)
        self._write_vocabulary()
        for table in _FULL_TEXT:
            self._connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
        self._write_about(as_of)

    def _make_rows(self, start: int, insights: _Verdicts, titles_of: dict[int, list[str]]) -> Iterator[tuple[Any, ...]]:
        chosen = self._order[start : start + _AT_ONCE]
        titles = self._content.titles.iloc[chosen]
        plain = titles.astype(object).mask(titles.isna().to_numpy(), None)
        records = zip(*(plain[name] for name in TITLE_COLUMNS), strict=True)
        decisions, probabilities = self._content.decisions[chosen].astype(bool), self._content.probabilities[chosen]
        for offset, (values, split) in enumerate(zip(records, self._content.splits.iloc[chosen], strict=True)):
            row = start + offset
            record = _clean_record(dict(zip(TITLE_COLUMNS, values, strict=True)))
            found = [(GENRES[column], round(float(probabilities[offset, column]), 4)) for column in np.flatnonzero(decisions[offset])]
            score, tags = insights.get(record["title_id"], (None, []))
            names = (record["title"], *titles_of.get(row, []))
            record |= {
                "split": split if isinstance(split, str) else None,
                "work": int(self._work_rows[row]),
                "named": NAME_SEPARATOR.join(" ".join(split_words(name)) for name in names) if self._work_rows[row] == row else None,
                "score": score,
                "predicted": json.dumps(sorted(found, key=lambda one: -one[1])),
                "facets": " ".join(self._list_facets(record, [genre for genre, _ in found], score, tags)),
                "genres": json.dumps(record["genres"], ensure_ascii=False),
                "tags": json.dumps(tags, ensure_ascii=False),
            }
            yield (row, *(record[name] for name in STORED_COLUMNS))

    def _list_facets(self, record: dict[str, Any], predicted: list[str], score: int | None, tags: list[str]) -> list[str]:
        genres = list(dict.fromkeys(record["genres"] or predicted))
        self._genres.update(set(record["genres"]))
        self._genre_bits.append(sum(1 << GENRE_INDEX[genre] for genre in genres))
        numbers = [self._tags.setdefault(tag, len(self._tags)) for tag in tags]
        language = record["language"] if record["language"] in LANGUAGES else None
        return make_facets(genres, record["type"], record["year"], language, score, numbers)

    def _read_words(self, row: tuple[Any, ...]) -> tuple[int, str, str, str]:
        record = dict(zip(("row", *STORED_COLUMNS), row, strict=True))
        facets = record["facets"].split(" ")
        names, texts, keys = set(facets), set(facets), set(facets)
        for name in record["named"].split(NAME_SEPARATOR):
            words = name.split()
            names.update(words)
            names.add(KEY_SIGN + join_key(words))
            keys |= file_title(words)
        if record["year"] is not None:
            names.add(str(record["year"]))
        texts.update(word for word in names if not word.startswith(KEY_SIGN))
        texts.update(split_words(record["plot"] or ""))
        self._names.update(word for word in names if not word.startswith(KEY_SIGN))
        self._texts.update(texts)
        return record["row"], " ".join(names), " ".join(texts), " ".join(keys)

    def _gather_titles(self) -> dict[int, list[str]]:
        """Return the titles of rows that don't speak for themselves, by the row that does."""
        found: dict[int, list[str]] = defaultdict(list)
        titles = self._content.titles["title"].to_numpy()
        for row, work in enumerate(self._work_rows):
            if row != work:
                found[int(work)].append(clean_text(str(titles[self._order[row]]), MAX_TITLE_CHARS))
        return found

    def _read_insights(self) -> _Verdicts:
        frame = self._content.insights
        if frame is None:
            return {}
        return {
            str(title_id): (None if pd.isna(score) else int(score), [clean_text(str(tag), 40) for tag in tags])
            for title_id, score, tags in zip(frame["title_id"], frame["score"], frame["tags"], strict=True)
        }

    def _list_documents(self) -> Iterator[tuple[int, str]]:
        frame = self._content.insights
        if frame is not None:
            for title_id, document in zip(frame["title_id"], frame["document"], strict=True):
                if isinstance(document, str) and title_id in self._row_of:
                    yield self._row_of[title_id], document

    def _write_reviews(self) -> None:
        """Number a work's reviews, newest first."""
        frame = self._content.reviews
        if frame is None or frame.empty:
            return
        rows = frame["title_id"].map(self._row_of)
        known = frame[rows.notna()].assign(row=self._work_rows[rows.dropna().to_numpy(dtype=np.int64)])
        known = known.assign(day=[value.isoformat() if isinstance(value, dt.date) and not pd.isna(value) else "" for value in known["review_date"]])
        known = known.sort_values(["row", "day", "review_id"], ascending=[True, False, True], kind="stable")
        known = known.assign(position=known.groupby("row").cumcount(), review_date=known["day"].map(lambda day: day[:10] or None))
        plain = known.astype(object).mask(known.isna().to_numpy(), None)
        records = (
            (int(row), int(position), *_clean_review(values))
            for row, position, *values in zip(plain["row"], plain["position"], *(plain[name] for name in _REVIEW_COLUMNS), strict=True)
        )
        self._connection.executemany(f"INSERT INTO reviews VALUES ({', '.join('?' * (len(_REVIEW_COLUMNS) + 2))})", records)

    def _write_numbers(self, insights: _Verdicts) -> None:
        titles = self._content.titles.iloc[self._order]
        scores = [insights.get(str(title_id), (None, []))[0] for title_id in titles["title_id"]]
        languages = [find_language(value) if isinstance(value, str) else None for value in titles["language"]]
        numbers: dict[str, Any] = {
            "years": titles["year"].fillna(-1),
            "scores": [-1 if score is None else score for score in scores],
            "types": [TITLE_TYPES.index(kind) for kind in titles["type"]],
            "languages": [-1 if code is None else LANGUAGE_INDEX[code] for code in languages],
            "genres": self._genre_bits,
        }
        for name, values in numbers.items():
            packed = np.asarray(values).astype("<i4" if name == "genres" else "<i2").tobytes()
            self._connection.execute("INSERT INTO numbers VALUES (?, ?)", (name, packed))

    def _write_vocabulary(self) -> None:
        known = sorted(self._texts)
        self._connection.executemany("INSERT INTO words VALUES (?, ?, ?, ?)", ((n, word, self._names[word], self._texts[word]) for n, word in enumerate(known)))
        forms = (
            (form, number)
            for number, word in enumerate(known)
            if word[0] != SIGN and (self._names[word] or self._texts[word] >= _MIN_TEXTS)
            for form in list_forms(word)
        )
        self._connection.executemany("INSERT OR IGNORE INTO misspelt VALUES (?, ?)", sorted(forms))

    def _write_about(self, as_of: str | None) -> None:
        languages = {word[2:]: count for word, count in self._texts.items() if word.startswith(SIGN + "l")}
        tags = {tag: self._texts[f"{SIGN}v{number}"] for tag, number in self._tags.items()}
        about = {
            "format": FORMAT,
            "content": self._digest(),
            "titles": len(self._order),
            "works": int((self._work_rows == np.arange(len(self._order))).sum()),
            "genres": {genre: self._genres[genre] for genre in GENRES},
            "languages": dict(sorted(languages.items(), key=lambda one: (-one[1], one[0]))),
            "tags": dict(sorted(tags.items(), key=lambda one: (-one[1], one[0]))),
            "tag_numbers": self._tags,
            "as_of": as_of,
        }
        self._connection.executemany("INSERT INTO about VALUES (?, ?)", [(name, json.dumps(value, ensure_ascii=False)) for name, value in about.items()])

    def _digest(self) -> str:
        """Return a fingerprint of all that a list may hold or be ordered by: what cursors are bound to."""
        digest = hashlib.blake2b(digest_size=8)
        for table, order in (("titles", "row"), ("reviews", "row, position"), ("rankings", "span, rank"), ("insights", "row")):
            for record in self._connection.execute(f"SELECT * FROM {table} ORDER BY {order}"):
                digest.update(repr(record).encode())
        return digest.hexdigest()


def _find_work_rows(content: CatalogueContent, works: Order, order: Order) -> Order:
    """Return, per row, the row that speaks for its work."""
    row_of = np.empty(len(order), dtype=np.int64)
    row_of[order] = np.arange(len(order))
    return np.asarray(row_of[choose_speakers(content, works)][works[order]], dtype=np.int64) if len(order) else order


def _clean_record(record: dict[str, Any]) -> dict[str, Any]:
    for name, value in record.items():
        if isinstance(value, str) and name not in _KEPT_WHOLE:
            record[name] = clean_text(value, _LIMITS.get(name, MAX_FIELD_CHARS))
    record["genres"] = list(record["genres"] if record["genres"] is not None else [])
    record["year"], record["votes"] = (None if record[name] is None else int(record[name]) for name in ("year", "votes"))
    day = record["release_date"]
    record["release_date"] = day.isoformat()[:10] if isinstance(day, dt.date) else None
    if isinstance(record["language"], str):
        record["language"] = find_language(record["language"]) or clean_text(record["language"], MAX_FIELD_CHARS)
    return record


def _clean_review(values: list[Any]) -> tuple[Any, ...]:
    review = dict(zip(_REVIEW_COLUMNS, values, strict=True))
    for name, value in review.items():
        if isinstance(value, str):
            review[name] = clean_text(value, {"text": MAX_REVIEW_CHARS, "url": MAX_URL_CHARS}.get(name, MAX_FIELD_CHARS))
    review["spoiler"] = int(bool(review["spoiler"]))
    return tuple(review.values())
