"""Reports and cards: whole pages with charts that say what was measured and let nothing from the data act as markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pandas as pd
import pytest

from trending.cleaning.clean import CleaningReport, CleaningResult
from trending.evaluation.baselines import COMMONEST
from trending.evaluation.candidates import judge_candidate, judge_commonest
from trending.evaluation.card_content import CardContent
from trending.evaluation.costs import Cost
from trending.evaluation.frontier import FrontierRow, draw_frontier
from trending.evaluation.judgement import Figure, Judgement
from trending.evaluation.metrics import Judged
from trending.evaluation.model_card import METRIC_NAMES, render_card
from trending.genres import GENRES
from trending.reports.data_report import render_data_summary
from trending.reports.evaluation_report import confusion_shares, render_comparison, render_evaluation

SEED = 17
SCRIPT, IMAGE = "<script>alert(1)</script>", '"><img src=x onerror=alert(2)>'


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and the names of its attributes."""
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.text += data

    def check(self) -> None:
        """Assert that nothing on the page can run or load anything."""
        assert not {"script", "img", "iframe", "object", "embed", "link"} & set(self.elements)
        assert not {name for name in self.attributes if name.startswith("on")}


@pytest.fixture(scope="session")
def hostile(examples: pd.DataFrame) -> pd.DataFrame:
    """Examples from sources with names nobody would choose in good faith."""
    source = [SCRIPT if row % 2 else IMAGE for row in range(len(examples))]
    return examples.assign(source=source)


@pytest.fixture(scope="session")
def judgements(judged: dict[str, Judged], hostile: pd.DataFrame) -> dict[str, Judgement]:
    """Every figure of two models, sliced by those sources."""
    return {kind: judge_candidate(kind, judged[kind], hostile, SEED) for kind in ("majority", "tfidf_logreg")} | {COMMONEST: judge_commonest(hostile, SEED)}


@pytest.fixture(scope="session")
def evaluation(judgements: dict[str, Judgement], judged: dict[str, Judged]) -> str:
    """The evaluation page of the TF-IDF model."""
    return render_evaluation(judgements["tfidf_logreg"], judgements["majority"], judged["tfidf_logreg"], [f"note {SCRIPT}"])


def frontier(judgements: dict[str, Judgement]) -> list[FrontierRow]:
    validation = {"majority": 0.2, "tfidf_logreg": 0.456}
    costs = {name: Cost(single_ms=0.5, batch_ms=0.2, megabytes=3.0, cpu_seconds=7.0) for name in validation}
    return draw_frontier(validation, judgements, costs, [], "tfidf_logreg")


def comparison(judgements: dict[str, Judgement], leak: dict[str, Figure]) -> str:
    difference = {"tfidf_logreg": Figure(value=0.123, low=0.101, high=0.145)}
    return render_comparison(
        list(judgements.values()), "tfidf_logreg", {"majority": 0.2, "tfidf_logreg": 0.456}, difference, leak, frontier(judgements), [IMAGE]
    )


def test_the_evaluation_page_shows_sources_and_notes_as_text(evaluation: str) -> None:
    page = Page(evaluation)
    page.check()
    assert f"source: {SCRIPT}" in page.text
    assert f"source: {IMAGE}" in page.text
    assert f"note {SCRIPT}" in page.text


def test_the_evaluation_page_has_its_charts_every_figure_and_the_baseline_beside_it(evaluation: str, judgements: dict[str, Judgement]) -> None:
    page = Page(evaluation)
    assert page.elements.count("svg") == 3
    ours, baseline = judgements["tfidf_logreg"], judgements["majority"]
    for key, name in METRIC_NAMES.items():
        figure = ours.metrics[key]
        assert f"{figure.value:.3f}{name} [{figure.low:.3f}, {figure.high:.3f}]" in page.text
    for genre in GENRES:
        one = ours.per_genre[genre]
        assert f"{genre}{one.n}{one.precision:.2f}{one.recall:.2f}{one.f1}{baseline.per_genre[genre].f1.value:.2f}" in page.text


def test_the_same_judgement_gives_the_same_page(evaluation: str, judgements: dict[str, Judgement], judged: dict[str, Judged]) -> None:
    """Steps are cached by content."""
    assert render_evaluation(judgements["tfidf_logreg"], judgements["majority"], judged["tfidf_logreg"], [f"note {SCRIPT}"]) == evaluation


def test_the_comparison_escapes_and_marks_the_champion(judgements: dict[str, Judgement]) -> None:
    page = comparison(judgements, {})
    read = Page(page)
    read.check()
    assert IMAGE in read.text
    assert page.count('<tr class="best"><td>tfidf_logreg</td><td>0.456</td>') == 2  # among the models, and in the table of costs
    assert "+0.123 [+0.101, +0.145]" in read.text
    assert "majority" in read.text
    assert "Label leaks" not in read.text


def test_the_comparison_shows_what_reading_genre_words_is_worth(judgements: dict[str, Judgement]) -> None:
    leak = {"masked": Figure(value=0.4, low=0.3, high=0.5), "unmasked": Figure(value=0.7, low=0.6, high=0.8)}
    text = Page(comparison(judgements, leak)).text
    assert "0.400 [0.300, 0.500]" in text
    assert "0.700 [0.600, 0.800]" in text


def test_the_data_summary_shows_what_came_in_as_text(starter: CleaningResult) -> None:
    titles = starter.titles.assign(source=SCRIPT, title=IMAGE)
    report = CleaningReport(rows_in=1300, kept=len(titles), merged=2, quarantined=30, reasons={IMAGE: 30}, repairs={SCRIPT: 1}, unknown_genres={SCRIPT: 4})
    page = Page(render_data_summary(titles, report))
    page.check()
    assert page.text.count(SCRIPT) == 3
    assert IMAGE in page.text
    assert page.elements.count("svg") == 1
    assert f"{len(titles):,}titles kept" in page.text
    assert f"{starter.titles['group_id'].nunique():,}title groups" in page.text


def test_confusion_shares_by_hand() -> None:
    """Three Action titles: one found, two also called Comedy, of which one is Comedy."""
    labels, decisions = pd.DataFrame(0, index=range(3), columns=GENRES), pd.DataFrame(0, index=range(3), columns=GENRES)
    labels["Action"], labels.loc[2, "Comedy"] = 1, 1
    decisions.loc[0, "Action"], decisions.loc[1:2, "Comedy"] = 1, 1
    shares = pd.DataFrame(confusion_shares(Judged(labels.to_numpy("int8"), decisions.to_numpy(float), decisions.to_numpy(bool))), index=GENRES, columns=GENRES)
    assert shares.at["Action", "Action"] == pytest.approx(1 / 3)
    assert shares.at["Action", "Comedy"] == pytest.approx(1 / 3)
    assert shares.at["Comedy", "Comedy"] == 1
    assert shares.to_numpy().sum() == pytest.approx(1 / 3 + 1 / 3 + 1)


@pytest.fixture(scope="session")
def card(judgements: dict[str, Judgement]) -> str:
    """The model card, with a leak."""
    leak = {"masked": Figure(value=0.4, low=0.3, high=0.5), "unmasked": Figure(value=0.7, low=0.6, high=0.8)}
    others = [judgements["majority"], judgements["commonest"]]
    return render_card(CardContent(judgements["tfidf_logreg"], others, dict.fromkeys(GENRES, 0.37), starter=True, leak=leak))


def test_the_model_card_names_the_baseline_beside_every_metric(card: str, judgements: dict[str, Judgement]) -> None:
    assert "| metric | this model | majority baseline: every genre | majority baseline: the commonest genres |" in card
    for key, name in METRIC_NAMES.items():
        figures = " | ".join(str(judgements[kind].metrics[key]) for kind in ("tfidf_logreg", "majority", "commonest"))
        assert f"| {name} | {figures} |" in card
    assert f"| majority | {judgements['majority'].metrics['macro_f1']} |" in card


def test_the_model_card_names_every_genre_with_its_figures(card: str, judgements: dict[str, Judgement]) -> None:
    for genre in GENRES:
        one = judgements["tfidf_logreg"].per_genre[genre]
        assert f"| {genre} | {one.n} | {one.precision:.2f} | {one.recall:.2f} | {one.f1} | {judgements['majority'].per_genre[genre].f1} | 0.37 |" in card


def test_the_model_card_says_what_a_first_reader_must_know(card: str, judgements: dict[str, Judgement]) -> None:
    assert "starter" in card.casefold()
    assert "0.400 [0.300, 0.500]" in card
    assert "0.700 [0.600, 0.800]" in card
    assert f"{judgements['tfidf_logreg'].groups:,} groups" in card
    assert "## Limits" in card


def test_a_source_with_a_bar_in_its_name_breaks_no_table_of_the_model_card(judged: dict[str, Judged], examples: pd.DataFrame) -> None:
    barred = examples.assign(source="a|b")
    one, baseline = (judge_candidate(kind, judged[kind], barred, SEED) for kind in ("tfidf_logreg", "majority"))
    card = render_card(CardContent(one, [baseline, judge_commonest(barred, SEED)], dict.fromkeys(GENRES, 0.37)))
    width = 0
    for line in card.splitlines():
        width = 0 if not line.startswith("|") else width or line.count("|")
        assert line.count("|") == width, line
