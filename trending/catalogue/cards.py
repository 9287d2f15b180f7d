"""What is shown of titles and reviews: rows of the catalogue as answers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from trending.answers import Attribution, GenreScore, ReviewItem, TitleCard
from trending.catalogue.words import BLURB_CHARS, cut_text

_COLUMNS = (
    "row, title_id, title, type, year, genres, predicted, tags, score, rating, votes, language, country, source, data_licence, url, "
    f"substr(plot, 1, {BLURB_CHARS + 1}) AS blurb"
)


def read_cards(connection: sqlite3.Connection, rows: Sequence[int]) -> list[TitleCard]:
    """Return the cards of rows, in their order."""
    marks = ", ".join("?" * len(rows))
    found = {record["row"]: record for record in connection.execute(f"SELECT {_COLUMNS} FROM titles WHERE row IN ({marks})", list(rows))}
    return [_make_card(found[row]) for row in rows]


def _make_card(record: sqlite3.Row) -> TitleCard:
    blurb = record["blurb"]
    return TitleCard(
        title_id=record["title_id"],
        title=record["title"],
        type=record["type"],
        year=record["year"],
        genres=json.loads(record["genres"]),
        predicted=[GenreScore(genre=genre, probability=probability) for genre, probability in json.loads(record["predicted"])],
        tags=json.loads(record["tags"]),
        score=record["score"],
        rating=record["rating"],
        votes=record["votes"],
        language=record["language"],
        country=record["country"],
        blurb=None if blurb is None else cut_text(blurb, BLURB_CHARS),
        attribution=Attribution(source=record["source"], licence=record["data_licence"], url=record["url"]),
    )


def make_review(record: sqlite3.Row) -> ReviewItem:
    """Return a row of `reviews` as an answer."""
    return ReviewItem(
        review_id=record["review_id"],
        text=record["text"],
        headline=record["headline"],
        rating=record["rating"],
        date=record["review_date"],
        language=record["language"],
        spoiler=bool(record["spoiler"]),
        attribution=Attribution(source=record["source"], licence=record["data_licence"], url=record["url"]),
    )
