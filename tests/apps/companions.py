"""Reviews and trends for the starter catalogue's titles, made for tests: the product's own starter release has none of either.

Nobody wrote these reviews of these titles, and nobody counted these views.
"""

from __future__ import annotations

import datetime as dt
import hashlib

import numpy as np
import pandas as pd

from trending.ingestion.trends import HISTORY_WEEKS
from trending.tables import REVIEW_SCHEMA, TREND_SCHEMA
from trending.titles import TITLE_TYPES
from trending.trends import score_titles

AS_OF = dt.date(2026, 11, 16)
TRENDING = 40  # titles that have views
_REVIEWED = (25, 8, 5, 4, 3, 3, 2, 2, 1, 1)  # reviews of the first titles, by title
_WEEKS = 30  # of views
_SENTENCES: tuple[tuple[float, bool, str], ...] = (
    (9.0, False, "Made for tests. A superb, beautifully shot film with a haunting score. I was moved to tears and would watch it again tomorrow."),
    (2.0, False, "Made for tests. Dull and far too long. The dialogue is wooden, the acting is terrible, and I was bored after ten minutes."),
    (8.0, False, "Made for tests. Wonderful performances all round and a clever script. The pacing drags a little in the middle, but the ending is perfect."),
    (4.0, True, "Made for tests. The twist that the narrator was the culprit all along spoils an otherwise decent mystery. Disappointing."),
    (7.0, False, "Made for tests. Funny, warm and charming. My children laughed out loud, and so did I. The effects have not aged well."),
    (10.0, False, "Made for tests. A masterpiece of suspense: terrifying, atmospheric, unforgettable. The direction is brilliant."),
    (5.0, False, "Made for tests. An average story with a strong cast. The plot is predictable, but the photography is gorgeous."),
    (3.0, False, "Made for tests. Confusing plot, poor sound and a weak ending. The lead actor does what he can."),
)


def make_reviews(titles: pd.DataFrame) -> pd.DataFrame:
    """Return reviews of the first titles, as columns of `REVIEW_SCHEMA`: many of the first title, fewer of the next ones."""
    rows = []
    for title_id, number in zip(titles["title_id"], _REVIEWED, strict=False):
        for index in range(number):
            rating, spoiler, text = _SENTENCES[index % len(_SENTENCES)]
            rows.append(
                {
                    "review_id": f"tests:{hashlib.sha256(f'{title_id} {index}'.encode()).hexdigest()[:12]}",
                    "title_id": title_id,
                    "source": "tests",
                    "author_hash": hashlib.sha256(f"author {index}".encode()).hexdigest()[:32],
                    "rating": rating,
                    "headline": f"Made for tests, number {index + 1}",
                    "text": text,
                    "language": "en",
                    "review_date": AS_OF - dt.timedelta(days=3 * index + 1),
                    "spoiler": spoiler,
                    "url": f"https://example.org/reviews/{index}",
                    "data_licence": "CC0-1.0",
                    "rights_class": "open_tests",
                }
            )
    return pd.DataFrame(rows, columns=REVIEW_SCHEMA.names)


def make_trends(titles: pd.DataFrame) -> pd.DataFrame:
    """Return trends of 13 weeks, as columns of `TREND_SCHEMA`, scored from made-up weekly views of `TRENDING` titles."""
    views = _make_views(titles)
    about = titles.set_index("title_id")
    days = [AS_OF - dt.timedelta(weeks=week) for week in range(HISTORY_WEEKS)]
    rows = []
    for day in days:
        for kind in TITLE_TYPES:
            known = views[(views["title_key"].map(about["type"]) == kind) & (views["period_start"] + pd.Timedelta(days=7) <= pd.Timestamp(day))]
            for rank, one in enumerate(score_titles(known, day), 1):
                parts = [{"name": part.name, "value": part.value, "sentence": part.sentence} for part in one.parts] if day == AS_OF else []
                title = about.loc[one.title_key, "title"]
                rows.append((one.title_key, one.title_key, title, kind, day, rank, one.score, parts))
    return pd.DataFrame(rows, columns=TREND_SCHEMA.names)


def _make_views(titles: pd.DataFrame) -> pd.DataFrame:
    """Return weekly views: every title's level and growth differ, and some begin late."""
    draw = np.random.default_rng(5)
    rows = []
    spread = titles["title_id"].iloc[np.linspace(0, len(titles) - 1, TRENDING).astype(int)]
    for number, title_id in enumerate(spread):
        level, growth = 50_000 / (1 + number), draw.normal(0, 0.06)
        for week in range(_WEEKS if number % 5 else 6):
            value = float(round(level * np.exp(-growth * week + draw.normal(0, 0.05))))
            start = pd.Timestamp(AS_OF) - pd.Timedelta(weeks=week + 1)
            rows.append((title_id, "tests", "views", start, 7, value, 1.0))
    return pd.DataFrame(rows, columns=["title_key", "source", "kind", "period_start", "days", "value", "weight"])
