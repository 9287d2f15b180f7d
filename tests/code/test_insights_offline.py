"""The offline provider: extracts, figures and quotes that stand in the material, the same every time, whatever the material holds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trending.genres import GENRES
from trending.insights.hostile import clean_passage, has_markup, strip_hidden
from trending.insights.maker import InsightMaker
from trending.insights.offline import cut_ending, write_insights
from trending.insights.orders import is_order
from trending.insights.reading import MAX_REVIEWS, read_material
from trending.insights.schema import Insights, Material, ReviewText
from trending.insights.sentences import fold_quote, split_sentences
from trending.insights.themes import list_themes
from trending.insights.vibes import find_vibes, list_vibes

LONG_PLOT = " ".join(
    f"In chapter {number} the crew of the ferry meets another storm and mends another sail before the morning comes." for number in range(1, 16)
)


def review(number: int, text: str, **more: object) -> ReviewText:
    return ReviewText(review_id=str(number), text=text, **more)  # type: ignore[arg-type]


def quotes_of(insights: Insights) -> list[tuple[str, str | None]]:
    return [(quote.text, quote.review_id) for theme in (*insights.praise, *insights.complaints) for quote in theme.quotes]


def test_nothing_comes_of_nothing() -> None:
    """No plot, no summary; no rating nor review, no score; and it says what it read."""
    made = write_insights(Material(title="Unknown"))
    assert (made.summary, made.score, made.score_reasons, made.tags, made.praise, made.complaints) == (None, None, [], [], [], [])
    assert (made.provenance.from_plot, made.provenance.from_reviews, made.provenance.maker) == (False, 0, "offline-1")


def test_a_summary_is_the_beginning_of_the_plot() -> None:
    """Word for word, about 60 words at most, never the last third of a long plot."""
    made = write_insights(Material(plot=LONG_PLOT))
    assert made.summary is not None
    assert LONG_PLOT.startswith(made.summary)
    assert len(made.summary.split()) <= 60
    assert "chapter 11" not in cut_ending(LONG_PLOT)
    endless = write_insights(Material(plot="word " * 2_000)).summary
    assert endless is not None
    assert len(endless) <= 600


@pytest.mark.parametrize(
    "ending", ["In the end the captain turns out to be the thief.", "Finally, Mara dies in the storm.", "It is revealed that the ferry never left port."]
)
def test_a_summary_does_not_tell_the_ending(ending: str) -> None:
    made = write_insights(Material(plot=f"A ferry loses its way in a storm. {ending} Everyone goes home."))
    assert made.summary == "A ferry loses its way in a storm."


def test_abbreviations_end_no_sentence() -> None:
    assert split_sentences("Dr. Lee meets Mr. J. R. Hale. They talk! \u201cReally?\u201d She laughs.") == [
        "Dr. Lee meets Mr. J. R. Hale.",
        "They talk!",
        "\u201cReally?\u201d",
        "She laughs.",
    ]


def test_praise_raises_the_score_and_blame_lowers_it() -> None:
    """Also where the words are those of horror and crime; the reasons hold the figures."""
    good = [
        review(step, text)
        for step, text in enumerate(
            ("A terrifying masterpiece of horror.", "Brutal, disturbing and utterly brilliant.", "The murders are chilling and superbly filmed.")
        )
    ]
    bad = [
        review(step, text)
        for step, text in enumerate(("A boring, lifeless horror film.", "Not scary at all, just dull and badly acted.", "A waste of a good cast."))
    ]
    high, low = write_insights(Material(reviews=good)), write_insights(Material(reviews=bad))
    assert high.score is not None
    assert low.score is not None
    assert high.score > 70
    assert low.score < 50
    assert high.score_reasons[0].startswith("3 of 3 reviews read as favourable")
    assert low.score_reasons[0].startswith("0 of 3 reviews")


def test_few_votes_weigh_little() -> None:
    """The score moves from the middle to the rating as votes come in, and says how many there are."""
    scores = [write_insights(Material(rating=9.5, votes=votes)).score for votes in (1, 50, 1_000, 100_000)]
    assert scores == sorted(scores)
    assert scores[0] is not None
    assert scores[0] < 65
    assert scores[-1] is not None
    assert scores[-1] > 90
    assert write_insights(Material(rating=0.0, votes=0)).score is None, "no votes, no rating"
    assert "from 1,000 votes" in write_insights(Material(rating=9.5, votes=1_000)).score_reasons[0]


def test_a_review_in_another_language_counts_by_its_rating_alone() -> None:
    text = "Una pel\u00edcula maravillosa con unos actores estupendos y una historia preciosa."
    assert write_insights(Material(reviews=[review(1, text)])).score is None
    rated = write_insights(Material(reviews=[review(1, text, rating=9)]))
    assert rated.score is not None
    assert rated.score_reasons[0] == "1 reviewer gave 9.0 of 10 on average."


def test_quotes_stand_in_the_review_they_name() -> None:
    """Word for word; praise and complaint apart; none of a spoiler."""
    reviews = [
        review(1, "The acting is superb throughout. The pacing, sadly, is dreadfully slow and boring."),
        review(2, "What wonderful performances by the whole cast! The ending is a terrible disappointment."),
        review(3, "The brilliant twist is that the nurse is the killer, a wonderful story.", spoiler=True),
        review(4, "A superb story in which it turns out to be a dream."),
    ]
    made = write_insights(Material(reviews=reviews))
    texts = {one.review_id: one.text for one in reviews}
    assert all(text in texts[str(number)] for text, number in quotes_of(made))
    assert {"3", "4"}.isdisjoint(number for _, number in quotes_of(made))
    assert {"acting"} <= {theme.theme for theme in made.praise}
    assert {"pacing", "ending"} <= {theme.theme for theme in made.complaints}
    assert {theme.theme for theme in (*made.praise, *made.complaints)} <= set(list_themes())


def test_no_vibe_rests_on_a_spoiler() -> None:
    made = write_insights(Material(reviews=[review(step, f"Number {step} is so funny, hilarious even.", spoiler=True) for step in range(3)]))
    assert made.tags == []


def test_vibes_come_with_the_words_that_spoke_for_them() -> None:
    """A denied word speaks for nothing; one reviewer's word isn't enough."""
    plot = "A quirky, offbeat tale of a haunted house with ghosts."
    tags = {tag.name: tag.evidence for tag in find_vibes(plot, [])}
    assert tags["quirky"] == ["quirky"]
    assert tags["scary"] == ["ghosts", "haunted"]
    assert not find_vibes("A film that is not scary and never funny.", [])
    assert not find_vibes("", ["So funny."])
    assert [tag.name for tag in find_vibes("", ["So funny.", "Hilarious from start to end."])] == ["funny"]


def test_about_forty_vibes_whose_cues_can_be_found() -> None:
    """Each name is a clean tag, and each cue, put into a sentence, is seen."""
    vibes = list_vibes()
    assert 38 <= len(vibes) <= 50
    for vibe in vibes:
        assert len(vibe) <= 40
        assert vibe == vibe.casefold()
    assert find_vibes("It has twists and turns and it makes you think.", [])[0].evidence


def test_genres_are_canonical() -> None:
    """The model's, else the listed ones; a label that isn't one of the 20 goes."""
    assert write_insights(Material(plot="x", predicted_genres=["Horror", "Spam", "Action"], listed_genres=["Drama"])).genres == ["Action", "Horror"]
    assert write_insights(Material(plot="x", listed_genres=["Drama"])).genres == ["Drama"]
    assert set(write_insights(Material(predicted_genres=list(GENRES))).genres) == set(GENRES)


def test_copies_count_once_and_masses_are_bounded() -> None:
    """The same review a thousand times is one opinion; 300 reviews of a megabyte are read in part, in good time."""
    one = Material(reviews=[review(1, "A dull and boring film with weak acting.")])
    many = Material(reviews=[review(step, "A dull and  boring film with weak acting.") for step in range(60)])
    assert write_insights(one).score == write_insights(many).score
    huge = Material(plot="A man walks. " * 80_000, reviews=[review(step, f"{step} great acting! <b>" * 20_000) for step in range(60)])
    began = time.perf_counter()
    assert write_insights(huge).provenance.from_reviews <= MAX_REVIEWS
    assert time.perf_counter() - began < 30


def test_contact_details_and_markup_never_come_out() -> None:
    text = "Great acting, mail me at bob@mail.example now. Superb story <a href='http://x.example'>here</a>! The cast is superb, call 212-555-0182 today."
    made = write_insights(Material(plot=f"A nurse hides a man. {text}", reviews=[review(1, text)]))
    shown = made.model_dump_json()
    assert "example" not in shown
    assert "555" not in shown


@pytest.mark.parametrize(
    "domain", ["evil.ru", "scam.xyz", "evil.zip", "x.co", "t.co", "bit.ly", "...evil.ru", "EVIL.RU", "amazon.com.It", "evil.photography/x", "evil.xn--p1ai"]
)
def test_a_bare_domain_is_a_link(domain: str) -> None:
    """The sentence it stands in is neither told nor quoted."""
    text = f"The acting is wonderful and brilliant, see {domain} today."
    made = write_insights(Material(plot=f"{text} A detective arrives.", reviews=[review(1, text)]))
    assert made.summary == "A detective arrives."
    assert quotes_of(made) == []


@pytest.mark.parametrize(
    "text", ["The end.The acting is great.it moved me.", "In the U.S.A. at 5 p.m., e.g. in St.Louis with will.i.am.", "No pain.so what.Watch it, Mr.Page."]
)
def test_full_stops_within_sentences_are_no_links(text: str) -> None:
    assert clean_passage(text, 300) == text


def test_the_same_material_gives_the_same_insights() -> None:
    material = Material(
        plot=LONG_PLOT, reviews=[review(step, f"Number {step}: superb acting and a gripping, tense story.") for step in range(9)], rating=7, votes=90
    )
    assert write_insights(material) == write_insights(Material.model_validate_json(material.model_dump_json()))


def test_a_batch_is_in_order_and_lazy() -> None:
    """Fifty thousand titles need not be held at once."""
    maker = InsightMaker.from_settings()
    endless = (Material(plot=f"Story number {number} begins at sea.") for number in iter(int, 1))
    batch = maker.make_batch(endless)
    assert [next(batch).summary for _ in range(3)] == ["Story number 0 begins at sea."] * 3
    assert not maker.has_model


def test_it_is_fast_enough_for_a_catalogue() -> None:
    """A plot in about a millisecond, a title with 20 reviews in tens of them (bounds are ten times that: machines are shared)."""
    plot = "A tense and gritty thriller about a detective who returns to her home town, where a gang runs the harbour and nobody talks to the police."
    text = " ".join(["The acting is superb and the tension never lets go."] * 8 + ["A slow middle part with a weak story spoils it a little."] * 6)
    write_insights(Material(plot=plot, reviews=[review(0, text)]))
    began = time.perf_counter()
    for number in range(200):
        write_insights(Material(plot=f"{number} {plot}"))
    assert (time.perf_counter() - began) / 200 < 0.010
    began = time.perf_counter()
    write_insights(Material(plot=plot, reviews=[review(number, f"{number} {text}") for number in range(20)]))
    assert time.perf_counter() - began < 0.4


def test_ordinary_reviews_are_not_taken_for_orders() -> None:
    """Words of orders in their ordinary sense stay."""
    for text in (
        "The musical score is one of his best.",
        "I ignored the reviews and was right to.",
        "He gives the order to print the story.",
        "The system fails its children.",
        "You will never forget the ending.",
        "His answer to everything is violence.",
        "Follow the instructions of the doctor, says the nurse.",
        "I rate it 8 out of 10.",
        "Visit Paris with this film.",
        "An assistant editor falls in love.",
        "In summary, a fine film.",
        "The tag line is silly.",
        "The robot is an AI with feelings.",
    ):
        assert not is_order(text), text


def test_hardly_any_real_review_is_taken_for_an_order(shared_data) -> None:
    """At most two sentences in a thousand."""
    import pandas as pd

    sentences = [sentence for text in pd.read_parquet(shared_data / "reviews.parquet", columns=["text"])["text"][:500] for sentence in split_sentences(text)]
    assert sum(map(is_order, sentences)) <= 0.002 * len(sentences)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.lists(st.text(max_size=200), max_size=4))
def test_any_text_gives_clean_insights(plot: str, reviews: list[str]) -> None:
    """Whatever characters come in, none that nobody sees nor any markup comes out, and quotes stand in their review."""
    material = Material(plot=plot, reviews=[review(step, text) for step, text in enumerate(reviews)])
    made = write_insights(material)
    for text in filter(None, [made.summary, *(text for text, _ in quotes_of(made))]):
        assert strip_hidden(text) == text
        assert not has_markup(text)
    kept = {one.review_id: fold_quote(one.text) for one in read_material(material).reviews}
    assert all(fold_quote(text) in kept[str(number)] for text, number in quotes_of(made))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_cleaning_a_clean_passage_changes_nothing(text: str) -> None:
    once = clean_passage(text, 300)
    assert clean_passage(once, 300) == once
