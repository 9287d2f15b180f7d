"""Scoring of a file of titles into a file of predictions, both Parquet, with one batch in memory at a time."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trending.features.labels import FloatMatrix, encode_genres
from trending.folders import staged_directory
from trending.genres import GENRES
from trending.models.predictor import Predictor
from trending.models.rows import predict_rows
from trending.scoring import PREDICTIONS_FILE
from trending.scoring.predictions import PREDICTION_SCHEMA, ScoringReport

_DIGITS = 4
_READ = ["title_id", "type", "year", "plot"]


def score_titles(
    predictor: Predictor,
    titles: Path,
    folder: Path,
    *,
    release: str,
    scored_at: dt.datetime,
    batch_size: int,
    report: Callable[[int, int], None] | None = None,
) -> ScoringReport:
    """Score every title that has a plot into `predictions.parquet` in `folder`, which appears when all of them are there.

    Rows keep their order. Memory is bounded by `batch_size` and by the row groups of `titles`, however many rows there are.

    Args:
        predictor: Of the release.
        titles: Parquet with title_id, type, year and plot.
        folder: Doesn't exist yet, or is empty.
        release: Version of the release, which every row names.
        scored_at: Which every row names, too.
        batch_size: Titles scored together.
        report: Told after each batch how many titles are done, and of how many.
    """
    started = time.perf_counter()
    source = pq.ParquetFile(titles, pre_buffer=False)  # else it keeps all that it has read: 52 MB of 60,000 titles instead of 6
    total = source.metadata.num_rows
    done = scored = uncertain = without_genre = 0
    with staged_directory(folder) as staging, pq.ParquetWriter(staging / PREDICTIONS_FILE, PREDICTION_SCHEMA, compression="zstd") as writer:
        for batch in source.iter_batches(batch_size=batch_size, columns=_READ):
            done += batch.num_rows
            rows = batch.filter(pc.is_valid(batch["plot"])).to_pandas()
            if len(rows):
                table = _predict(predictor, rows, release, scored_at)
                writer.write_table(table)
                scored += len(table)
                uncertain += _count_filled(table["uncertain"])
                without_genre += len(table) - _count_filled(table["genres"])
            if report:
                report(done, total)
    return ScoringReport(done, scored, uncertain, without_genre, round(time.perf_counter() - started, 3))


def _predict(predictor: Predictor, rows: pd.DataFrame, release: str, scored_at: dt.datetime) -> pa.Table:
    probabilities = predict_rows(predictor, rows)
    likeliest = np.argsort(-probabilities, kind="stable", axis=1)
    decided = predictor.decide(probabilities)
    doubtful = (probabilities >= predictor.bands[:, 0]) & (probabilities <= predictor.bands[:, 1])
    columns = {
        "title_id": rows["title_id"],
        **dict(zip(GENRES, probabilities.round(_DIGITS).T, strict=True)),
        "genres": [[GENRES[genre] for genre in order[row[order]]] for order, row in zip(likeliest, decided, strict=True)],
        "uncertain": [[GENRES[genre] for genre in np.flatnonzero(row)] for row in doubtful],
        "release": [release] * len(rows),
        "scored_at": [scored_at] * len(rows),
    }
    return pa.table({name: pa.array(values, PREDICTION_SCHEMA.field(name).type) for name, values in columns.items()}, schema=PREDICTION_SCHEMA)


def _count_filled(lists: pa.ChunkedArray) -> int:
    return int(pc.sum(pc.greater(pc.list_value_length(lists), 0)).as_py())


def align_predictions(folder: Path, title_ids: pd.Series) -> tuple[FloatMatrix, npt.NDArray[np.bool_]]:
    """Return probabilities and decisions of titles, in their order, shape (n, 20) each: zeros and none for those that were not scored.

    Args:
        folder: Of predictions.
        title_ids: Unique (n).
    """
    probabilities, decisions = np.zeros((len(title_ids), len(GENRES))), np.zeros((len(title_ids), len(GENRES)), dtype=bool)
    index = pd.Index(title_ids)
    for batch in pq.ParquetFile(folder / PREDICTIONS_FILE).iter_batches(columns=["title_id", *GENRES, "genres"]):
        places = index.get_indexer(batch["title_id"].to_pandas())
        known = places >= 0
        probabilities[places[known]] = np.column_stack([batch[genre].to_numpy() for genre in GENRES])[known]
        # Not from the probabilities, which have lost digits: one that lay at its threshold might turn.
        decisions[places[known]] = encode_genres(batch["genres"].to_pandas())[known].astype(bool)
    return probabilities, decisions
