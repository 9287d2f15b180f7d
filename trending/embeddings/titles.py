"""What of a title is embedded: its name and its plot, so that a query may mean either."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from trending.embeddings.encoder import MODEL_FILE, TextEncoder
from trending.embeddings.store import Embedded, embed_texts
from trending.provenance import hash_file

_MAX_CHARS = 2_000  # more than the encoder reads: no need to tokenise the rest


def embed_titles(titles: pd.DataFrame, folder: Path, cache: Path) -> Embedded:
    """Return a vector per title.

    Args:
        titles: With `title` and `plot`, which may be missing.
        folder: An encoder's.
        cache: Folder for vectors that were computed, a file per encoder.
    """
    texts = [describe_title(title, plot) for title, plot in titles[["title", "plot"]].itertuples(index=False)]
    return embed_texts(TextEncoder.load(folder), texts, cache / f"{hash_file(folder / MODEL_FILE)[:16]}.sqlite")


def describe_title(title: str, plot: str | None) -> str:
    """Return the text that stands for a title."""
    return f"{title}. {plot}"[:_MAX_CHARS] if isinstance(plot, str) and plot else title
