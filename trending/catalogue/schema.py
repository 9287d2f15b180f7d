"""Tables of `catalogue.sqlite`. `row` is the place of a title in the static rank: 0 is the best known, and rows that speak for a work come before all others.

The full-text tables hold the words of those rows only, without positions and without their content: `names` has the words and keys of a work's titles,
`texts` the words of titles and plot, `keys` what nearly the same titles have in common, all three its facets. Matches come out in order of `row`, so the
best known come first without any ranking.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from array import array
from typing import Any

from trending.catalogue.facets import Numbers
from trending.titles import TITLE_COLUMNS

FORMAT = 4
NAME_SEPARATOR = "|"
KEY_SIGN = "\u00a7"  # starts the token that is a title's whole key

# `named` holds the words of every title a work goes by, as they are compared with a query's; null for rows that don't speak for one.
# The plot stands last: reading what comes before it leaves long plots on disk.
STORED_COLUMNS: tuple[str, ...] = (
    *(name for name in TITLE_COLUMNS if name != "plot"),
    "split",
    "work",
    "named",
    "score",
    "tags",
    "predicted",
    "facets",
    "plot",
)

# The ascii tokenizer splits at ASCII signs only; words are taken apart in `trending.catalogue.words` before they get here.
_FULL_TEXT = "fts5(words, content = '', detail = none, columnsize = 0, tokenize = 'ascii'{more})"

SCHEMA = f"""
PRAGMA page_size = 8192;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE titles (row INTEGER PRIMARY KEY, {", ".join(STORED_COLUMNS)});
CREATE VIRTUAL TABLE names USING {_FULL_TEXT.format(more=", prefix = '1 2 3 4'")};
CREATE VIRTUAL TABLE texts USING {_FULL_TEXT.format(more="")};
CREATE VIRTUAL TABLE keys USING {_FULL_TEXT.format(more="")};
CREATE TABLE numbers (name TEXT PRIMARY KEY, numbers BLOB) WITHOUT ROWID;
CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT, names INTEGER, texts INTEGER);
CREATE TABLE misspelt (form INTEGER, word INTEGER, PRIMARY KEY (form, word)) WITHOUT ROWID;
CREATE TABLE reviews (
  row INTEGER, position INTEGER, review_id, headline, rating, review_date, language, spoiler, source, data_licence, url, text, PRIMARY KEY (row, position)
);
CREATE TABLE insights (row INTEGER PRIMARY KEY, document TEXT);
CREATE TABLE trend_points (row INTEGER, as_of TEXT, score REAL, PRIMARY KEY (row, as_of)) WITHOUT ROWID;
CREATE TABLE trend_parts (row INTEGER PRIMARY KEY, parts TEXT);
CREATE TABLE rankings (span TEXT, rank INTEGER, row INTEGER, score REAL, PRIMARY KEY (span, rank)) WITHOUT ROWID;
"""
# Made when the rows are in, which is faster.
INDEXES = """
CREATE UNIQUE INDEX titles_by_id ON titles (title_id);
CREATE INDEX titles_by_work ON titles (work);
CREATE UNIQUE INDEX words_by_word ON words (word, names, texts);
CREATE INDEX rankings_by_row ON rankings (row, span);
"""


def read_numbers(connection: sqlite3.Connection) -> Numbers:
    """Return what is kept in memory of every row."""
    found = {}
    for name, numbers in connection.execute("SELECT name, numbers FROM numbers"):
        found[name] = array("i" if name == "genres" else "h", numbers)
        if sys.byteorder == "big":
            found[name].byteswap()
    return Numbers(**found)


def read_about(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return what was counted when the catalogue was written."""
    return {name: json.loads(value) for name, value in connection.execute("SELECT name, value FROM about")}
