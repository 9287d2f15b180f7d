"""Examples: trainable titles with the text that models read, the labels they should give, and the split they belong to."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from trending.features.labels import IntMatrix, encode_genres
from trending.features.masking import mask_genre_words

_COLUMNS = ["title_id", "group_id", "type", "year", "source", "plot", "genres"]
TEXT_COLUMNS = {"masked": "text", "unmasked": "plot"}


@dataclass(frozen=True)
class Part:
    """One split: texts (n), labels of shape (n, 20), and the rows they come from."""

    texts: list[str]
    labels: IntMatrix
    rows: pd.DataFrame


def build_examples(titles: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Return one row per title in `splits`: the columns slices need, `split`, and `text`, the plot with genre words masked."""
    examples = splits.merge(titles[_COLUMNS], on="title_id", how="left", validate="one_to_one")
    examples["text"] = [mask_genre_words(plot) for plot in examples["plot"]]
    return examples


def select_part(examples: pd.DataFrame, split: str, text: str = "masked") -> Part:
    """Return one split of the examples, with `masked` or `unmasked` texts."""
    rows = examples[examples["split"] == split].reset_index(drop=True)
    return Part(rows[TEXT_COLUMNS[text]].tolist(), encode_genres(rows["genres"]), rows)
