"""The offline tables of the store, made from titles and what goes with them: a function of its inputs alone, so that the same data give the same bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trending.embeddings.encoder import MODEL_FILE, TextEncoder
from trending.embeddings.store import embed_texts
from trending.features.aggregates import aggregate_reviews, aggregate_trends, assign_works
from trending.features.masking import mask_genre_words
from trending.features.store.schema import FACTS, KEY, PLOT, REVIEWS, TEXT, TIMESTAMP, TRENDS, arrow_schema
from trending.provenance import hash_file


@dataclass(frozen=True)
class FeatureTables:
    """One Arrow table per view, rows sorted by title and time, and how the vectors were made.

    Attributes:
        tables: View -> its table.
        embedded: How many plots had to be embedded anew.
        encoder: SHA-256 of the encoder's graph; empty without one.
    """

    tables: dict[str, pa.Table]
    embedded: int = 0
    encoder: str = ""


def build_tables(
    titles: pd.DataFrame,
    known_at: pd.Timestamp,
    *,
    reviews: pd.DataFrame | None = None,
    trends: pd.DataFrame | None = None,
    works: pd.DataFrame | None = None,
    encoder: Path | None = None,
    cache: Path | None = None,
) -> FeatureTables:
    """Build the table of every view.

    Args:
        titles: Clean titles: `title_id, type, year, language, plot`.
        known_at: Since when they are known; UTC.
        reviews: Columns of `REVIEW_SCHEMA`.
        trends: Columns of `TREND_SCHEMA`, of one or several days.
        works: title_id, work_id: reviews and trends of a work hold for all its titles.
        encoder: Folder of the sentence encoder; without one there is no `title_text`.
        cache: Folder of vectors that were computed, a file per encoder; needed with an encoder.
    """
    ids = titles["title_id"].reset_index(drop=True)
    members = assign_works(ids, works)
    plots = [mask_genre_words(plot) if isinstance(plot, str) else None for plot in titles["plot"]]
    frames = {
        FACTS: _tell_facts(titles, known_at),
        PLOT: pd.DataFrame({KEY: ids, "text": plots, TIMESTAMP: known_at}),
        REVIEWS: aggregate_reviews(reviews, members, known_at),
        TRENDS: aggregate_trends(trends, members),
    }
    embedded = 0
    if encoder and cache:
        written = frames[PLOT].dropna(subset=["text"])
        found = embed_texts(TextEncoder.load(encoder), written["text"].tolist(), vector_cache(encoder, cache))
        embedded = found.computed
        frames[TEXT] = written[[KEY]].assign(embedding=list(found.vectors), **{TIMESTAMP: known_at})
    return FeatureTables({view: _to_arrow(frame, view) for view, frame in frames.items()}, embedded, hash_file(encoder / MODEL_FILE) if encoder else "")


def vector_cache(encoder: Path, cache: Path) -> Path:
    """Return the file that holds an encoder's vectors."""
    return cache / f"{hash_file(encoder / MODEL_FILE)[:16]}.sqlite"


def serialise(table: pa.Table) -> tuple[bytes, str]:
    """Return a table as a Parquet file, and the file's SHA-256."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    return content, hashlib.sha256(content).hexdigest()


def _tell_facts(titles: pd.DataFrame, known_at: pd.Timestamp) -> pd.DataFrame:
    years = titles["year"].astype("float64")
    return pd.DataFrame(
        {
            KEY: titles["title_id"],
            "type": titles["type"],
            "decade": (years // 10 * 10).astype("Int64"),
            "language": titles["language"],
            TIMESTAMP: known_at,
        }
    )


def _to_arrow(frame: pd.DataFrame, view: str) -> pa.Table:
    schema = arrow_schema(view)
    table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    return table.sort_by([(KEY, "ascending"), (TIMESTAMP, "ascending")]).combine_chunks()
