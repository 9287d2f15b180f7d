"""What a prediction by a release costs over the bare onnxruntime calls of its networks, and what batches save: `python -m benchmarks.champion --home HOME`.

HOME is a `TRENDING_HOME` whose current release is served by a model with a network, alone or in a blend. The bare side tokenises and runs each network's
session once, nothing else.
"""

from __future__ import annotations

import argparse
import os
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np

from benchmarks.timing import time_pairs
from trending.embeddings.encoder import open_session
from trending.models.bert.batches import open_tokenizer
from trending.models.bert.session import TOKENIZER_FILE
from trending.releases import ReleaseStore
from trending.releases.bundle import MODEL_DIR

TEXT = "A sheriff rides across the desert to find the outlaws who robbed the stagecoach, and falls for a singer in the saloon."
ROUNDS, BATCH, BATCHES = 300, 64, 12
_days = count()


def main() -> None:
    """Measure singles against the bare call, and batches against singles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True, type=Path)
    arguments = parser.parse_args()
    os.environ["TRENDING_HOME"] = str(arguments.home)
    release = ReleaseStore.from_settings().open()
    graphs = sorted((release.directory / MODEL_DIR).rglob("*.onnx"))
    if not graphs:
        raise SystemExit(f"release {release.manifest.version} is served by {release.manifest.model_kind}, which has no network")
    networks = [(open_session(str(graph)), open_tokenizer(graph.with_name(TOKENIZER_FILE), 256)) for graph in graphs]
    predictor = release.predictor

    def fresh() -> str:
        """Return a text never seen: models remember the last ones."""
        return f"{TEXT} It is day {next(_days)}."

    def bare() -> None:
        text = fresh()
        for session, tokenizer in networks:
            session.run(None, {"input_ids": np.array([tokenizer.encode(text).ids], dtype=np.int64)})

    def single(evidence: int) -> None:
        predictor.predict([fresh()], evidence)

    def batch() -> None:
        predictor.predict([fresh() for _ in range(BATCH)], 0)

    def singles() -> None:
        for _ in range(BATCH):
            predictor.predict([fresh()], 0)

    print(f"release {release.manifest.version}, {release.manifest.model_kind}: {len(networks)} networks, {BATCH} texts a batch")
    for name, evidence in (("without evidence", 0), ("with 5 words of evidence a genre", 5)):
        ours, reference = time_pairs(partial(single, evidence), bare, ROUNDS)
        print(f"one text, {name}: {ours * 1e3:.2f} ms; bare onnxruntime calls {reference * 1e3:.2f} ms; ratio {ours / reference:.3f}")
    together, apart = time_pairs(batch, singles, BATCHES)
    print(f"a title in a batch of {BATCH}: {together / BATCH * 1e3:.2f} ms; alone {apart / BATCH * 1e3:.2f} ms; ratio {together / apart:.3f}")


if __name__ == "__main__":
    main()
