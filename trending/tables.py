"""The tables of a data version and their columns: what ingestion writes, and what everything after it reads.

Every table but `matches` and `trends` is partitioned by source, so that a
source nobody crawled keeps its files byte for byte.
"""

from __future__ import annotations

import pyarrow as pa

# `trending.titles.Title` says what each column means.
TITLE_SCHEMA = pa.schema(
    [
        ("title_id", pa.string()),
        ("title", pa.string()),
        ("type", pa.string()),
        ("year", pa.int32()),
        ("plot", pa.string()),
        ("genres", pa.list_(pa.string())),
        ("rating", pa.float64()),
        ("votes", pa.int64()),
        ("popularity", pa.float64()),
        ("language", pa.string()),
        ("country", pa.string()),
        ("release_date", pa.date32()),
        ("source", pa.string()),
        ("source_id", pa.string()),
        ("imdb_id", pa.string()),
        ("group_id", pa.string()),
        ("data_licence", pa.string()),
        ("rights_class", pa.string()),
        ("url", pa.string()),
    ]
)

# What other catalogues call a title: `scheme` is imdb, tvmaze, tmdb_movie, tmdb_tv, thetvdb, wikidata or wikipedia.
IDENTIFIER_SCHEMA = pa.schema([("title_id", pa.string()), ("scheme", pa.string()), ("value", pa.string()), ("source", pa.string())])

REVIEW_SCHEMA = pa.schema(
    [
        ("review_id", pa.string()),  # source:hash, unique
        ("title_id", pa.string()),  # the title it is about
        ("source", pa.string()),
        ("author_hash", pa.string()),  # keyed hash: the same author, never who
        ("rating", pa.float64()),  # 0 to 10
        ("headline", pa.string()),
        ("text", pa.string()),  # names and contact details masked
        ("language", pa.string()),  # ISO 639-1
        ("review_date", pa.date32()),
        ("spoiler", pa.bool_()),
        ("url", pa.string()),
        ("data_licence", pa.string()),
        ("rights_class", pa.string()),
    ]
)

SIGNAL_SCHEMA = pa.schema(
    [
        ("title_id", pa.string()),
        ("source", pa.string()),
        ("kind", pa.string()),  # views, hours, rank, reviews, rating: see trending.trends.signals
        ("market", pa.string()),  # "global" or a country
        ("value", pa.float64()),
        ("period_start", pa.date32()),
        ("days", pa.int64()),
        ("weight", pa.float64()),
        ("data_licence", pa.string()),
        ("rights_class", pa.string()),
    ]
)

QUARANTINE_SCHEMA = pa.schema(
    [
        ("quarantine_id", pa.string()),  # hash of kind and record: the same bad record twice is one row
        ("kind", pa.string()),  # title, review or signal
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("source", pa.string()),
        ("record", pa.string()),  # JSON, as the source's spider or file gave it: what `data replay` tries again
    ]
)

DELETED_RECORD = "{}"  # of a row in quarantine that was deleted on request: there is nothing to try again

# Which rows are the same film or show. `how` names the evidence ("id:imdb", "title+year+plot", "single"); `score` is 0 to 1.
MATCH_SCHEMA = pa.schema([("title_id", pa.string()), ("work_id", pa.string()), ("how", pa.string()), ("score", pa.float64())])

TREND_SCHEMA = pa.schema(
    [
        ("work_id", pa.string()),
        ("title_id", pa.string()),  # the row that speaks for the work
        ("title", pa.string()),
        ("type", pa.string()),
        ("as_of", pa.date32()),
        ("rank", pa.int32()),
        ("score", pa.float64()),
        ("parts", pa.list_(pa.struct([("name", pa.string()), ("value", pa.float64()), ("sentence", pa.string())]))),
    ]
)

TABLES: dict[str, pa.Schema] = {
    "titles": TITLE_SCHEMA,
    "identifiers": IDENTIFIER_SCHEMA,
    "reviews": REVIEW_SCHEMA,
    "signals": SIGNAL_SCHEMA,
    "quarantine": QUARANTINE_SCHEMA,
    "matches": MATCH_SCHEMA,
    "trends": TREND_SCHEMA,
}
# The order rows are written in, which makes a table's bytes depend on its content alone.
SORT_KEYS: dict[str, tuple[str, ...]] = {
    "titles": ("title_id",),
    "identifiers": ("title_id", "scheme", "value"),
    "reviews": ("review_id",),
    "signals": ("title_id", "kind", "market", "period_start", "days"),
    "quarantine": ("quarantine_id",),
    "matches": ("title_id",),
    "trends": ("type", "rank", "work_id"),
}
PARTITIONED: tuple[str, ...] = ("titles", "identifiers", "reviews", "signals", "quarantine")
KINDS: tuple[str, ...] = ("title", "review", "signal")
