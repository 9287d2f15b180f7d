"""What a model wrote is checked against what it was given: a faithful answer passes in its own words, one that leaves out or gives away doesn't."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.llm.material import MATERIAL
from tests.llm.server import write_good
from trending.insights.draft import ask_about
from trending.insights.offline import describe_reading
from trending.insights.prompts import load_prompt
from trending.insights.reading import read_material
from trending.insights.schema import Insights, Material, ReviewText
from trending.insights.verify import Refused, check_draft


def test_a_faithful_answer_in_other_words_passes() -> None:
    """The checks let through what a good model writes: own words, the plot's names, its own tag with evidence, a quote spaced otherwise."""
    reading = read_material(MATERIAL)
    measured = describe_reading(reading)
    question = ask_about(reading, measured.score, load_prompt())
    answer = {
        "summary": "On a remote lighthouse cut off by a storm, two keepers distrust one another. Ansel, the younger, discovers a diary under the floor.",
        "score": measured.score,
        "score_reasons": ["Reviewers praise the acting and the photography.", "Catalogues rate it 7.4 of 10."],
        "tags": [{"name": "Tense", "evidence": ["tension"]}, {"name": "lonely", "evidence": ["remote lighthouse"]}],
        "genres": ["Thriller", "Drama"],
        "praise": [{"theme": "acting", "quotes": [{"text": "The acting of both leads  is superb", "review": 1}]}],
        "complaints": [{"theme": "story", "quotes": [{"text": "A slow film with a weak story", "review": 2}]}],
    }
    made = check_draft(json.dumps(answer), question, reading, measured)
    assert [tag.controlled for tag in made.tags] == [True, False]
    assert made.genres == ["Drama", "Thriller"]


def check_answer(material: Material, **parts: Any) -> Insights:
    """Check a faithful answer about some material with parts of it replaced."""
    reading = read_material(material)
    measured = describe_reading(reading)
    question = ask_about(reading, measured.score, load_prompt())
    return check_draft(json.dumps(write_good({"messages": question.messages}) | parts), question, reading, measured)


def test_a_quote_leaves_nothing_out_between_its_words() -> None:
    """An ellipsis of the reviewer's own may be quoted in either form; dots at the ends are nobody's words."""
    material = MATERIAL.model_copy(update={"reviews": [ReviewText(review_id="a", text="The pacing is not ... good at all, though the acting is superb.")]})

    def quote(text: str) -> Insights:
        return check_answer(material, praise=[{"theme": "pacing", "quotes": [{"text": text, "review": 1}]}])

    for text in ("pacing is not ... good at all", "pacing is not \u2026 good at all", "...the acting is superb..."):
        assert quote(text).praise[0].quotes[0].text == text
    for text in ("pacing is ... not good at all", "pacing is not good at all"):
        with pytest.raises(Refused, match="isn't in the review"):
            quote(text)


def test_a_death_that_opens_the_plot_may_be_told() -> None:
    """What the plot's premise says is no ending; the same words without it are."""
    premise = "When the old keeper of a lighthouse is killed, two others distrust each other while a storm keeps every ship away."
    assert check_answer(MATERIAL.model_copy(update={"plot": premise}), summary=premise).summary == premise
    with pytest.raises(Refused, match="may give the ending away"):
        check_answer(MATERIAL, summary="Two keepers of a remote lighthouse distrust each other until the younger one is killed.")
