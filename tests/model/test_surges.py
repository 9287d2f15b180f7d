"""Planted reviews: a surge is found whatever it says, and a source that is merely new is none."""

from __future__ import annotations

import pandas as pd
import pytest

from trending.continual.settings import PromotionRules
from trending.continual.surges import find_surges

RULES = PromotionRules()


def reviews(counts: dict[str, int], prefix: str = "r", rating: float = 7.0) -> pd.DataFrame:
    rows = [(f"{prefix}:{title}:{number}", title, f"{number:032x}", rating) for title, count in counts.items() for number in range(count)]
    return pd.DataFrame(rows, columns=["review_id", "title_id", "author_hash", "rating"])


@pytest.fixture
def before() -> pd.DataFrame:
    return reviews({f"t{number}": 3 + number % 5 for number in range(100)})


def test_500_planted_reviews_are_found_however_many_authors_they_have(before: pd.DataFrame) -> None:
    batch = pd.concat([before, reviews({f"t{number}": 2 for number in range(50)}, "new"), reviews({"t7": 500}, "planted", rating=10.0)])
    (surge,) = find_surges(batch, set(before["review_id"]), RULES)
    assert (surge.title_id, surge.new, surge.before, surge.authors) == ("t7", 502, 5, 500)
    assert surge.mean_rating == pytest.approx(10.0, abs=0.02)
    assert surge.mean_before == pytest.approx(7.0)


def test_500_planted_reviews_of_a_title_nobody_reviewed_before_are_found(before: pd.DataFrame) -> None:
    batch = pd.concat([before, reviews({"t1": 2, "t2": 3, "unknown": 500}, "new")])
    assert [surge.title_id for surge in find_surges(batch, set(before["review_id"]), RULES)] == ["unknown"]


def test_a_source_that_is_read_for_the_first_time_is_no_surge() -> None:
    assert find_surges(reviews({f"t{number}": 60 + number for number in range(40)}), set(), RULES) == []


def test_a_title_that_always_gets_many_may_get_many(before: pd.DataFrame) -> None:
    loved = pd.concat([before, reviews({"t1": 400}, "old")])
    batch = pd.concat([loved, reviews({"t1": 500, "t2": 1}, "new")])
    assert find_surges(batch, set(loved["review_id"]), RULES) == []


def test_nothing_new_is_nothing(before: pd.DataFrame) -> None:
    assert find_surges(before, set(before["review_id"]), RULES) == []
