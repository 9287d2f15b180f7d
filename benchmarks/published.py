"""A home with a published release, for what measures services."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def add_home(parser: argparse.ArgumentParser) -> None:
    """Let the user name a home."""
    parser.add_argument("--home", type=Path, help="a TRENDING_HOME with a published release; default: trains on the starter catalogue")


@contextmanager
def publish_home(home: Path | None) -> Iterator[Path]:
    """Yield the home given, or one with a release learnt from the starter catalogue that is deleted afterwards."""
    if home is not None:
        yield home.absolute()
        return
    from benchmarks.plain_training import main as train

    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ["TRENDING_ENCODER"] = "none"
        train(Path(folder) / "home", ["source=starter", "models=[majority,tfidf_logreg]"])
        yield Path(folder) / "home"
