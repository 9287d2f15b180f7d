"""The floor: every text gets each genre's share of the training titles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trending.features.labels import FloatMatrix, IntMatrix
from trending.models.base import GenreModel, Labelled, WeightedTerms


class MajorityModel(GenreModel):
    """Knows how common each genre is and nothing else; every figure is reported beside its."""

    kind = "majority"

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """There is nothing to set."""
        return {}

    def fit(self, texts: Sequence[str], labels: IntMatrix, seed: int, validation: Labelled | None = None) -> None:
        """Count."""
        self.shares = labels.mean(axis=0)

    def predict_proba(self, texts: Sequence[str]) -> FloatMatrix:
        """Return the shares, once per text."""
        return np.tile(np.asarray(self.shares, dtype=np.float64), (len(texts), 1))

    def explain(self, texts: Sequence[str], genres: Sequence[Sequence[int]], top: int) -> list[list[WeightedTerms]]:
        """No word had a say."""
        return [[[] for _ in asked] for asked in genres]

    def _save_state(self, directory: Path) -> None:
        (directory / "shares.json").write_text(json.dumps([float(share) for share in self.shares]), encoding="utf-8")

    def _load_state(self, directory: Path) -> None:
        self.shares = np.asarray(json.loads((directory / "shares.json").read_text(encoding="utf-8")))
