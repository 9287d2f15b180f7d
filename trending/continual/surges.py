"""Reviews that come all at once: what planted ones look like, whatever they say."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import pandas as pd
from pydantic import BaseModel, ConfigDict

from trending.continual.settings import PromotionRules


class Surge(BaseModel):
    """Far more new reviews of a title than it had, and than others got."""

    model_config = ConfigDict(extra="forbid")

    title_id: str
    new: int
    before: int
    usual: float
    authors: int
    mean_rating: float | None
    mean_before: float | None

    def __str__(self) -> str:
        """As a sentence's part."""
        rated = "" if self.mean_rating is None else f", mean rating {self.mean_rating:.1f}"
        rated += "" if self.mean_rating is None or self.mean_before is None else f" after {self.mean_before:.1f}"
        return f"{self.new:,} new reviews of {self.title_id} by {self.authors:,} authors (it had {self.before:,}, others got {self.usual:.0f}{rated})"


def find_surges(reviews: pd.DataFrame, known: AbstractSet[str], rules: PromotionRules) -> list[Surge]:
    """Return the titles whose reviews surge, most first.

    A title's own history counts, and what most others got in the same batch: a source that is read for the first time is no surge.

    Args:
        reviews: All there are now: `review_id`, `title_id`, `author_hash`, `rating`.
        known: Ids of those that were there before.
        rules: What a surge is.
    """
    is_new = ~reviews["review_id"].isin(known)
    fresh, before = reviews[is_new], reviews[~is_new]
    counts, had = fresh["title_id"].value_counts(), before["title_id"].value_counts()
    usual = float(counts.median()) if len(counts) > 1 else 0.0
    found = []
    for title_id, new in counts.items():
        own = int(had.get(title_id, 0))
        if new < rules.surge or new < rules.surge_factor * max(own, usual, 1.0):
            continue
        mine, old = fresh[fresh["title_id"] == title_id], before[before["title_id"] == title_id]
        rating, rated = mine["rating"].mean(), old["rating"].mean()
        found.append(
            Surge(
                title_id=str(title_id),
                new=int(new),
                before=own,
                usual=usual,
                authors=int(mine["author_hash"].nunique()),
                mean_rating=None if pd.isna(rating) else float(rating),
                mean_before=None if pd.isna(rated) else float(rated),
            )
        )
    return found
