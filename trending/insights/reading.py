"""Material as models and rules read it: bounded, cleaned, each opinion once. Whoever made it larger or stranger than that gains nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trending.genres import GENRE_INDEX
from trending.insights.hostile import clean_opinion, clean_passage, strip_hidden
from trending.insights.orders import is_order
from trending.insights.schema import Material, ReviewText
from trending.insights.sentences import fold_quote

MAX_PLOT_CHARS = 12_000
MAX_REVIEW_CHARS = 6_000
MAX_REVIEWS = 200
MAX_TITLE_CHARS = 200
_KEY_CHARS = 400
_INFORMATIVE_WORDS = 250


@dataclass(frozen=True)
class Reading:
    """Cleaned material. `reviews` keep their ids and ratings; a review that gives orders is gone."""

    material: Material
    plot: str
    reviews: tuple[ReviewText, ...]

    @property
    def genres(self) -> list[str]:
        """Canonical genres the release's model predicts, else the listed ones."""
        named = self.material.predicted_genres or self.material.listed_genres
        return sorted({genre for genre in named if genre in GENRE_INDEX}, key=GENRE_INDEX.__getitem__)

    @property
    def title(self) -> str | None:
        """The title, if it is one."""
        title = " ".join(strip_hidden((self.material.title or "")[:MAX_TITLE_CHARS]).split())
        return None if not title or is_order(title) else title


def read_material(material: Material) -> Reading:
    """Clean and bound material: at most 200 different reviews of 6,000 characters, a plot of 12,000."""
    return Reading(material, clean_passage(material.plot or "", MAX_PLOT_CHARS), tuple(_read_reviews(material.reviews)))


def _read_reviews(reviews: Sequence[ReviewText]) -> list[ReviewText]:
    kept: dict[str, ReviewText] = {}
    for review in reviews[: 2 * MAX_REVIEWS]:
        text = clean_opinion(review.text, MAX_REVIEW_CHARS)
        key = fold_quote(text[:_KEY_CHARS])
        # What was written once counts once, however often it is sent.
        if key and key not in kept:
            kept[key] = review if text == review.text else review.model_copy(update={"text": text})
    return list(kept.values())[:MAX_REVIEWS]


def choose_reviews(reviews: Sequence[ReviewText], budget_chars: int, most_each: int) -> list[ReviewText]:
    """Return the reviews that tell most within a budget of characters, in their own order: without spoilers first, then long ones, each cut at `most_each`."""
    ranked = sorted(range(len(reviews)), key=lambda place: (reviews[place].spoiler, -min(len(reviews[place].text.split()), _INFORMATIVE_WORDS), place))
    chosen, left = {}, budget_chars
    for place in ranked:
        text = reviews[place].text[:most_each]
        if len(text) <= left:
            chosen[place] = reviews[place].model_copy(update={"text": text})
            left -= len(text)
    return [chosen[place] for place in sorted(chosen)]
