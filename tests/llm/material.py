"""What insights are made of in tests: a plot, ratings, and reviews of which one gives the ending away."""

from __future__ import annotations

from trending.insights.schema import Material, ReviewText

MATERIAL = Material(
    title="The Lighthouse Keepers",
    type="movie",
    year=2019,
    plot="Two keepers of a remote lighthouse distrust each other while a storm keeps every ship away. The younger one, Ansel, finds a diary under the floor.",
    reviews=[
        ReviewText(review_id="a", text="The acting of both leads is superb and the tension never lets go. I loved the grey sea.", rating=9),
        ReviewText(review_id="b", text="A slow film with a weak story, but the photography is beautiful.", rating=6),
        ReviewText(review_id="c", text="Ansel turns out to be the killer of the old keeper.", rating=7, spoiler=True),
    ],
    rating=7.4,
    votes=1200,
)
