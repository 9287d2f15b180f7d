"""What scoring leaves behind: the table of predictions, and the report of what was found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from trending.genres import GENRES

PREDICTION_SCHEMA = pa.schema(
    [
        ("title_id", pa.string()),
        *((genre, pa.float32()) for genre in GENRES),  # calibrated probabilities to four digits, as every answer has them
        ("genres", pa.list_(pa.string())),  # those predicted, likeliest first
        ("uncertain", pa.list_(pa.string())),  # those too near their threshold to say yes or no
        ("release", pa.string()),
        ("scored_at", pa.timestamp("ms", tz="UTC")),
    ]
)


@dataclass(frozen=True)
class ScoringReport:
    """What scoring found and took: titles read, those scored (all that have a plot), those with a genre in doubt, those without any, seconds."""

    titles: int
    scored: int
    uncertain: int
    without_genre: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)
