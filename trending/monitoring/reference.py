"""The reference that drift is measured against: rows of the titles a release was tuned and judged on, which travel with it.

Not the titles it was trained on: of those it is surer than of anything it will ever see.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trending.catalogue.content import CatalogueContent
from trending.embeddings.encoder import Vectors
from trending.monitoring.descriptors import COLUMNS, describe_rows

REFERENCE_FILE = "reference.parquet"
MAX_ROWS, MAX_VECTORS = 2_000, 500
_VECTOR, _SEED = "vector", 17


def write_reference(directory: Path, content: CatalogueContent, vectors: Vectors | None) -> None:
    """Write the reference of a bundle: at most 2,000 rows, 500 of them with the title's vector in half precision.

    Args:
        directory: Of the bundle.
        content: Of its catalogue, whose titles have splits, probabilities and decisions.
        vectors: Of the same titles, if the release has an encoder.
    """
    titles = content.titles
    held_out = np.flatnonzero(content.splits.isin(["validation", "test"]).to_numpy() & titles["plot"].notna().to_numpy())
    chosen = np.random.default_rng(_SEED).permutation(held_out)[:MAX_ROWS]
    rows = describe_rows(titles.iloc[chosen], content.probabilities[chosen], content.decisions[chosen].sum(axis=1))
    table = pa.Table.from_pandas(rows.astype("float32"), preserve_index=False)
    if vectors is not None:
        kept = [row if number < MAX_VECTORS else None for number, row in enumerate(np.asarray(vectors, dtype=np.float16)[chosen])]
        table = table.append_column(_VECTOR, pa.array(kept, type=pa.list_(pa.float16())))
    pq.write_table(table.replace_schema_metadata(None), directory / REFERENCE_FILE, compression="zstd")


def read_reference(directory: Path) -> tuple[pd.DataFrame, Vectors | None]:
    """Return a bundle's reference: its rows of `COLUMNS`, and the vectors of some of them, if it has an encoder."""
    table = pq.read_table(directory / REFERENCE_FILE)
    rows = table.select(list(COLUMNS)).to_pandas().astype("float64")
    if _VECTOR not in table.column_names:
        return rows, None
    known = table.column(_VECTOR).drop_null().to_pylist()
    return rows, np.array(known, dtype=np.float32) if known else None
