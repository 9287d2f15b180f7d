"""Examples: trainable titles with the text that models read, the labels they should give, and the split they belong to."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from trending.features.facts import write_facts
from trending.features.labels import IntMatrix, encode_genres
from trending.features.masking import mask_genre_words

_COLUMNS = ["title_id", "group_id", "title", "type", "year", "country", "language", "popularity", "votes", "source", "plot", "genres"]
LEFT_OUT = "left out"  # in place of a split: of titles that are known but not learnt from again
TEXTS = ("masked", "unmasked", "described")


@dataclass(frozen=True)
class Part:
    """One split: texts (n), labels of shape (n, 20), and the rows they come from."""

    texts: list[str]
    labels: IntMatrix
    rows: pd.DataFrame


def build_examples(titles: pd.DataFrame, splits: pd.DataFrame, features: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return one row per title that takes part.

    Its columns: those that slices need, `split`, `text`, the plot with genre words masked, and `facts`, what else is known of it, as words.

    Args:
        titles: Clean titles, more than were split.
        splits: `title_id` and `split`; those with `LEFT_OUT` take no part.
        features: `title_id`, `type` and `decade` as a feature store knows them; by default the titles' own.
    """
    examples = splits[splits["split"] != LEFT_OUT].merge(titles[_COLUMNS], on="title_id", how="left", validate="one_to_one")
    examples["text"] = [mask_genre_words(plot) for plot in examples["plot"]]
    known = examples[["title_id"]].merge(features, on="title_id", how="left", validate="one_to_one") if features is not None else examples
    years = known["year" if features is None else "decade"].astype("float64")
    examples["facts"] = [write_facts(kind if isinstance(kind, str) else None, year) for kind, year in zip(known["type"], years, strict=True)]
    return examples


def select_part(examples: pd.DataFrame, split: str, text: str = "masked") -> Part:
    """Return one split of the examples, its texts being plots that are `masked`, `unmasked`, or `described`: masked, after the facts."""
    rows = examples[examples["split"] == split].reset_index(drop=True)
    texts = rows["plot"] if text == "unmasked" else rows["facts"] + rows["text"] if text == "described" else rows["text"]
    return Part(texts.tolist(), encode_genres(rows["genres"]), rows)
