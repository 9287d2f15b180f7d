"""Catalogues made for tests: few titles whose every fact is known, or many made at random by a seed."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trending.catalogue import Catalogue
from trending.catalogue.content import CatalogueContent
from trending.catalogue.write import write_catalogue
from trending.embeddings import VectorIndex
from trending.genres import GENRES
from trending.tables import REVIEW_SCHEMA
from trending.titles import TITLE_COLUMNS

# fmt: off
WORDS = [
    "lantern", "harbour", "river", "winter", "orchard", "copper", "signal", "meadow", "thunder", "violin",
    "castle", "desert", "marble", "engine", "garden", "shadow", "mirror", "island", "tunnel", "comet",
    "anchor", "basket", "candle", "dolphin", "eclipse", "falcon", "glacier", "hammock", "iceberg", "jasmine",
    "kettle", "lagoon", "magnet", "needle", "oyster", "pepper", "quarry", "ribbon", "saddle", "turbine",
]
# fmt: on
TAGS = ("dark", "funny", "tense", "moving", "slow-burning")
MakeCatalogue = Callable[..., Catalogue]


def make_titles(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return titles as clean data have them; what a record doesn't say is missing."""
    given = [
        {
            "title_id": f"test:{number}",
            "type": "movie",
            "genres": [],
            "source": "test",
            "source_id": str(number),
            "group_id": f"g{number}",
            "rights_class": "open_test",
            "data_licence": "CC0-1.0",
            **record,
        }
        for number, record in enumerate(records)
    ]
    return pd.DataFrame(given, columns=list(TITLE_COLUMNS)).astype({"votes": float, "popularity": float, "rating": float, "year": float})


def make_content(records: Sequence[Mapping[str, Any]], **more: Any) -> CatalogueContent:
    """Return content of titles; `predicted` (genres), `score` and `tags` of a record become predictions and insights."""
    titles = make_titles([{name: value for name, value in one.items() if name not in {"predicted", "score", "tags"}} for one in records])
    decisions = np.array([[genre in one.get("predicted", ()) for genre in GENRES] for one in records], dtype=bool).reshape(len(records), len(GENRES))
    insights = pd.DataFrame(
        {"title_id": titles["title_id"], "score": [one.get("score") for one in records], "tags": [one.get("tags", []) for one in records], "document": None}
    )
    return CatalogueContent(titles, pd.Series([None] * len(titles), dtype=object), decisions * 0.75, decisions, **{"insights": insights, **more})


def open_catalogue(path: Path, content: CatalogueContent, vectors: VectorIndex | None = None) -> Catalogue:
    """Write a catalogue and open it."""
    write_catalogue(path, content)
    return Catalogue(path, vectors)


def make_random_records(count: int, seed: int) -> list[dict[str, Any]]:
    """Return titles of two or three words with every fact one can filter by, some of them missing.

    A third of the plots has the word beacon, one in two hundred the word obelisk.
    """
    randomness = random.Random(seed)
    return [
        {
            "title": " ".join(word.capitalize() for word in randomness.sample(WORDS, randomness.randint(2, 3))),
            "type": randomness.choice(["movie", "tv"]),
            "year": randomness.choice([None, *range(1950, 2026)]),
            "plot": randomness.choice(
                [None, " ".join([*randomness.sample(WORDS, 6), *(["beacon"] if number % 3 == 0 else []), *(["obelisk"] if number % 200 == 0 else [])])]
            ),
            "genres": randomness.sample(GENRES, randomness.randint(0, 3)),
            "predicted": randomness.sample(GENRES, randomness.randint(0, 2)),
            "language": randomness.choice([None, "en", "en", "English", "fr", "Japanese"]),
            "votes": randomness.choice([None, randomness.randint(0, 100_000)]),
            "score": randomness.choice([None, randomness.randint(0, 100)]),
            "tags": randomness.sample(TAGS, randomness.randint(0, 2)),
        }
        for number in range(count)
    ]


def make_reviews(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return reviews as data versions hold them."""
    given = [{"review_id": f"test:r{number}", "source": "test", "text": f"Review {number}.", "spoiler": False, **row} for number, row in enumerate(rows)]
    return pd.DataFrame(given, columns=list(REVIEW_SCHEMA.names))


def make_trends(scores: Mapping[str, Sequence[float | None]], last: dt.date) -> pd.DataFrame:
    """Return weekly trending scores per title id, the last of each on `last`; None: not listed that week."""
    rows = [
        {
            "as_of": last - dt.timedelta(weeks=len(weeks) - 1 - at),
            "work_id": f"w-{title_id}",
            "title_id": title_id,
            "title": title_id,
            "type": "movie",
            "rank": 1,
            "score": score,
            "parts": [{"name": "level", "value": score, "sentence": f"{score} above the typical title."}],
        }
        for title_id, weeks in scores.items()
        for at, score in enumerate(weeks)
        if score is not None
    ]
    return pd.DataFrame(rows)
