"""Examples: trainable titles with the text that models read, the labels they should give, and the split they belong to."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from trending.features.facts import write_facts
from trending.features.labels import IntMatrix, encode_genres
from trending.features.masking import mask_genre_words

_COLUMNS = ["title_id", "group_id", "title", "type", "year", "country", "language", "popularity", "votes", "source", "plot", "genres"]
TEXTS = ("masked", "unmasked", "described")


@dataclass(frozen=True)
class Part:
    """One split: texts (n), labels of shape (n, 20), and the rows they come from."""

    texts: list[str]
    labels: IntMatrix
    rows: pd.DataFrame


def build_examples(titles: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Return one row per title in `splits`.

    Its columns: those that slices need, `split`, `text`, the plot with genre words masked, and `facts`, what else is known of it, as words.
    """
    examples = splits.merge(titles[_COLUMNS], on="title_id", how="left", validate="one_to_one")
    examples["text"] = [mask_genre_words(plot) for plot in examples["plot"]]
    examples["facts"] = [write_facts(kind, year) for kind, year in zip(examples["type"], examples["year"].astype("float64"), strict=True)]
    return examples


def select_part(examples: pd.DataFrame, split: str, text: str = "masked") -> Part:
    """Return one split of the examples, its texts being plots that are `masked`, `unmasked`, or `described`: masked, after the facts."""
    rows = examples[examples["split"] == split].reset_index(drop=True)
    texts = rows["plot"] if text == "unmasked" else rows["facts"] + rows["text"] if text == "described" else rows["text"]
    return Part(texts.tolist(), encode_genres(rows["genres"]), rows)
