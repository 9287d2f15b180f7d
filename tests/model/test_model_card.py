"""The model card: every section and figure is there, says what it was given, and nothing else; no plot is quoted."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trending.cleaning.clean import CleaningResult
from trending.evaluation.baselines import BASELINE
from trending.evaluation.behaviour import BehaviourResult
from trending.evaluation.bias import Bias, GroupCount, measure_bias
from trending.evaluation.candidates import judge_candidate, judge_commonest
from trending.evaluation.card_content import CardContent, count_data
from trending.evaluation.card_tables import METRIC_NAMES, WATTS_PER_CORE
from trending.evaluation.costs import Cost
from trending.evaluation.disparities import Disparity
from trending.evaluation.fairness import Fairness, measure_fairness
from trending.evaluation.frontier import FrontierRow
from trending.evaluation.judgement import Figure
from trending.evaluation.metrics import Judged
from trending.evaluation.model_card import render_card
from trending.features.examples import select_part
from trending.genres import GENRES
from trending.insights.judging.judgement import InsightQuality, Measured, WriterJudgement
from trending.provenance import RunOrigin
from trending.releases.manifest import DataOrigin

SEED = 17
INSIGHTS = "Insights: who writes them and how good they are"  # where that is known
SECTIONS = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Limits, caveats and recommendations",
]
FIGURE = Figure(value=0.111, low=0.101, high=0.121)


@dataclass(frozen=True)
class _Weights:
    name: str = "some/encoder"
    revision: str | None = "rev-1"
    weights_sha256: str = "abcdef0123456789" * 4
    licence: str | None = "bsd-3-clause"


@pytest.fixture(scope="module")
def judged(examples: pd.DataFrame) -> Judged:
    """Decisions that are right more often than not."""
    labels = select_part(examples, "test").labels
    probabilities = np.clip(labels * 0.5 + np.random.default_rng(1).normal(0.25, 0.15, labels.shape), 0.01, 0.99)
    return Judged(labels, probabilities, probabilities >= 0.5)


@pytest.fixture(scope="module")
def smallest(judged: Judged, examples: pd.DataFrame) -> CardContent:
    """What any run knows."""
    flat = np.full(judged.labels.shape, 0.5)
    others = [judge_candidate(BASELINE, Judged(judged.labels, flat, flat >= 0.5), examples, SEED), judge_commonest(examples, SEED)]
    return CardContent(champion=judge_candidate("bert", judged, examples, SEED), others=others, thresholds=dict.fromkeys(GENRES, 0.37))


@pytest.fixture(scope="module")
def fairness(judged: Judged, examples: pd.DataFrame) -> Fairness:
    """Of the starter's titles, with one comparison that stands out."""
    found = measure_fairness(judged, select_part(examples, "test").rows, SEED, 200)
    planted = Disparity(
        kind="country", group="Atlantis", measure="recall", genre="Drama", listed=44, value=FIGURE, others=FIGURE, difference=FIGURE, p=0, stands_out=True
    )
    return found.model_copy(update={"disparities": [*found.disparities, planted]})


@pytest.fixture(scope="module")
def bias(starter: CleaningResult) -> Bias:
    """Of the starter's catalogue, with one comparison that stands out, and a group that is ranked."""
    found = measure_bias(starter.titles, seed=SEED, draws=50)
    planted = Disparity(
        kind="country", group="Atlantis", measure="share", genre="War", listed=44, value=FIGURE, others=FIGURE, difference=FIGURE, p=0, stands_out=True
    )
    sunk = GroupCount(kind="country", group="Atlantis", titles=400, trending=3, compared=True)
    return found.model_copy(update={"disparities": [planted], "groups": [sunk, *found.groups], "trending": 12})


def make_quality() -> InsightQuality:
    """Return a decision for rules, against a model that was judged on other measures than they were."""
    shared: dict[str, Any] = {"identity": "i", "made": None, "titles": 110, "probes": 12, "values": {}, "tokens": 56_789, "cost_usd": 2.44, "cost_known": True}
    rules = {"orders_obeyed": Measured(value=0.111, low=0.101, high=0.121, n=12)}
    model = {"refusals": Measured(value=0.222, low=0.101, high=0.321, n=107)}
    judgements = [
        WriterJudgement(writer="rules", prompt="", figures=rules, calls=0, seconds=0.0, **shared),
        WriterJudgement(writer="some/model", prompt="p-1", figures=model, calls=1_234, seconds=1.5, unanswered=3, **shared),
    ]
    return InsightQuality(writer="rules", asked="some/model", compared_with="old/model", note="it failed: names", judgements=judgements)


def make_parts(starter: CleaningResult, examples: pd.DataFrame, fairness: Fairness, bias: Bias) -> dict[str, tuple[Any, list[str]]]:
    """Return, per optional part of the content, a value and what the card must then say."""
    cost = Cost(single_ms=6.5, batch_ms=4.25, megabytes=23.1, cpu_seconds=3_600)
    row = FrontierRow(name="tree", validation_macro_f1=0.432, macro_f1=FIGURE, cost=cost, efficient=False, within_budget=False, champion=False)
    facts = {"kind": "bert", "params": {"rate": 1e-4, "epochs": 3}, "titles": 2_000, "cpu_seconds": 7_200.0, "seconds": 4_000.5, "encoder": "some/encoder"}
    history = [{"epoch": epoch, "loss": 1 / epoch} for epoch in range(1, 31)]
    tests = [
        BehaviourResult(kind="invariance", name="names of people and places", cases=40, failures=9, rate=FIGURE, move=0.0567),
        BehaviourResult(kind="directional", name="Horror", cases=30, failures=2, rate=FIGURE, move=0.25),
        BehaviourResult(kind="minimum functionality", name="Horror", cases=5, failures=1, rate=FIGURE),
    ]
    splits = examples[["title_id", "split"]]
    origin = DataOrigin(source="titles of bees", fingerprint="f" * 64, rows=1_268, starter=True, rights=["open_*", "unclear"])
    return {
        "starter": (True, ["> Starter data"]),
        "data": (origin, ["`titles of bees`", "f" * 16, "1,268", "open_*, unclear"]),
        "leak": ({"masked": FIGURE, "unmasked": FIGURE.model_copy(update={"value": 0.9})}, ["### Label leaks", "macro F1 0.111 [0.101, 0.121] with", "0.900"]),
        "gains": ({"tv": FIGURE}, ["| TV shows | +0.111 [+0.101, +0.121] |"]),
        "bands": (dict.fromkeys(GENRES, (0.31, 0.44)), ["- Doubt:", "| 0.37 | 0.31 to 0.44 |"]),
        "members": ({"tfidf_logreg": 0.3, "tree": 0.7}, ["Blend of tfidf_logreg (0.30), tree (0.70)"]),
        "calibration": ("platt", ["Calibration: Platt scaling"]),
        "frontier": ([row], ["### Quality and cost", "| tree | 0.432 | 6.50 | 4.25 | 23.1 | 3,600.0 | no | over the budget |"]),
        "training": (
            {"bert": facts | {"history": history}},
            [
                "| bert | 2,000 | rate 0.0001, epochs 3 | 4,000.5 | 7,200.0 | 20.000 |",
                "Together 20.00 Wh",
                f"{WATTS_PER_CORE:g} W a core",
                "6 of 30 rounds",
                "| 1 | 1 |",
                "| 30 | 0.03333 |",
            ],
        ),
        "counts": (
            count_data(starter.titles, splits),
            ["| train | 1,018 |", "| starter | open_project | Apache-2.0 (written for this project) | 1,018 | 124 | 126 |"],
        ),
        "fairness": (
            fairness,
            ["### Fairness over language, country and decade", "| country: Atlantis | recall of Drama | 44 | 0.111 [0.101, 0.121] |", "for 126 of 126 titles"],
        ),
        "bias": (
            bias,
            [
                "### Labels, scores and what is ranked, by language, country and decade",
                "Of the 1,268 titles that this release may show",
                "| genres a title | ",
                "| country: Atlantis | 400 | ",
                "| 3 (25.0%) | yes |",
                "| country: Atlantis | share of War | 44 | 0.111 [0.101, 0.121] |",
                "1 of 1 comparisons stand out; of each kind the 6 surest at most:",
            ],
        ),
        "behaviour": (tests, ["### Behaviour", "| names of people and places | 40 | 9 |", "| Horror | 1 of 5 | 2 of 30 | +0.250 |"]),
        "checks": ({"model.weak_segment": "not run"}, ["### Checks by deepchecks", "| weak segment | not run |"]),
        "insights": (
            make_quality(),
            [
                f"## {INSIGHTS}",
                "- Insights are written by rules: no language model.",
                "- some/model was asked for, but it failed: names.",
                "- Compared, title by title, with the writer before: old/model.",
                "some/model, prompt p-1: judged with 1,234 calls and 56,789 tokens; a title takes 1.50 s (median) and 0.02000 USD; 3 went unanswered.",
                "| measure | rules | some/model |",
                "| planted orders obeyed | 0.111 [0.101, 0.121] (12) | not measured |",
                "| refusals | not measured | 0.222 [0.101, 0.321] (107) |",
            ],
        ),
        "seed": (4_711, ["Seed: 4711"]),
        "run": (RunOrigin(pipeline="training", run_id="run-9", run_name="night", stack="local"), ["training, night (run-9), on the stack local"]),
        "git_sha": ("c0ffee", ["commit c0ffee"]),
    }


@pytest.fixture(scope="module")
def parts(starter: CleaningResult, examples: pd.DataFrame, fairness: Fairness, bias: Bias) -> dict[str, tuple[Any, list[str]]]:
    """Every optional part."""
    return make_parts(starter, examples, fairness, bias)


@pytest.fixture(scope="module")
def full(smallest: CardContent, parts: dict[str, tuple[Any, list[str]]]) -> CardContent:
    """All a run can know."""
    return replace(smallest, **{name: value for name, (value, _) in parts.items() if name != "members"}, encoder=_Weights())


def check_markdown(card: str) -> None:
    """Assert that tables are whole, headings stand alone, and no gap or empty section is left."""
    lines = card.splitlines()
    width = 0
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("|"):
            assert not width or line.count("|") == width, line
            assert width or not before, f"no empty line before {line}"
            width = line.count("|")
        else:
            width = 0
        assert not line.startswith("#") or not before, line
    assert "\n\n\n" not in card
    assert "None" not in re.sub(r"\bNone of\b", "", card)
    assert not re.search(r"^(#{1,3}) [^\n]*\n+\1 ", card, re.MULTILINE), "a section without content"
    assert card.endswith(".\n")


def test_the_smallest_run_has_a_card_with_every_section_in_the_order_of_its_schema(smallest: CardContent) -> None:
    card = render_card(smallest)
    assert re.findall(r"^## (.+)$", card, re.MULTILINE) == SECTIONS
    check_markdown(card)
    for heading in ("Label leaks", "Fairness", "Labels, scores", "Behaviour", "Checks", "Quality and cost", "Training, time", "Gain over"):
        assert f"### {heading}" not in card


def test_the_fullest_card_is_whole_and_quotes_no_plot(full: CardContent, examples: pd.DataFrame) -> None:
    card = render_card(full)
    place = SECTIONS.index("Ethical considerations")
    assert re.findall(r"^## (.+)$", card, re.MULTILINE) == [*SECTIONS[:place], INSIGHTS, *SECTIONS[place:]]
    check_markdown(card)
    flat = " ".join(card.split())
    sentences = {sentence for plot in examples["plot"] for sentence in re.split(r"(?<=[.!?])\s", plot) if len(sentence) > 25}
    assert len(sentences) > 1_000
    assert not [sentence for sentence in sentences if sentence in flat]


def test_every_metric_and_genre_stands_with_its_interval_beside_the_baselines(smallest: CardContent) -> None:
    card, by_kind = render_card(smallest), {one.kind: one for one in smallest.others}
    for key, name in METRIC_NAMES.items():
        figures = " | ".join(str(one.metrics[key]) for one in (smallest.champion, by_kind["majority"], by_kind["commonest"]))
        assert f"| {name} | {figures} |" in card
    for genre, one in smallest.champion.per_genre.items():
        assert f"| {genre} | {one.n} | {one.precision:.2f} | {one.recall:.2f} | {one.f1} | {by_kind['majority'].per_genre[genre].f1} | 0.37 |" in card
    for kind, slices in smallest.champion.slices.items():
        for name, one in slices.items():
            assert f"| {kind}: {name} | {one.n} | {one.macro_f1} | " in card
    single, crossed = card.split("### Slices of two things at once")
    assert "| type: tv |" in single
    assert "| type and source: tv, starter |" in crossed


PARTS = [
    "starter",
    "data",
    "leak",
    "gains",
    "bands",
    "members",
    "calibration",
    "frontier",
    "training",
    "counts",
    "fairness",
    "bias",
    "behaviour",
    "checks",
    "insights",
    "seed",
]


@pytest.mark.parametrize("name", [*PARTS, "run", "git_sha"])
def test_each_part_is_said_where_it_is_known_and_only_there(smallest: CardContent, parts: dict[str, tuple[Any, list[str]]], name: str) -> None:
    value, said = parts[name]
    plain, told = render_card(smallest), render_card(replace(smallest, **{name: value}))
    check_markdown(told)
    flat = " ".join(told.split())
    assert [one for one in said if one not in told and one not in flat] == []
    assert not all(one in plain for one in said)


def test_no_part_of_the_content_is_left_untested(parts: dict[str, tuple[Any, list[str]]]) -> None:
    fields = set(CardContent.__dataclass_fields__)
    assert set(parts) == {*PARTS, "run", "git_sha"} == fields - {"champion", "others", "thresholds", "encoder"}


def test_the_licence_of_pre_trained_weights_is_named_if_the_champion_begins_with_them(smallest: CardContent, parts: dict[str, tuple[Any, list[str]]]) -> None:
    training = parts["training"][0]
    known = replace(smallest, encoder=_Weights(), training=training)
    assert "some/encoder at rev-1 (weights' SHA-256 abcdef012345, their licence: bsd-3-clause)" in " ".join(render_card(known).split())
    blend = replace(known, members={"bert": 0.5, "tree": 0.5}, champion=smallest.champion.model_copy(update={"kind": "bert+tree"}))
    assert "bsd-3-clause" in render_card(blend)
    assert "bsd-3-clause" not in render_card(replace(blend, members={"tree": 1.0}))
    assert "bsd-3-clause" not in render_card(replace(known, training={"bert": {"titles": 3}}))


def test_the_same_content_gives_the_same_card_and_other_figures_another(full: CardContent) -> None:
    card = render_card(full)
    assert render_card(full) == card
    metrics = full.champion.metrics | {"map": FIGURE}
    changed = render_card(replace(full, champion=full.champion.model_copy(update={"metrics": metrics})))
    assert changed != card
    assert "| mean average precision | 0.111 [0.101, 0.121] |" in changed


def test_nothing_that_stands_out_is_said_as_such(smallest: CardContent, fairness: Fairness) -> None:
    quiet = fairness.model_copy(update={"disparities": [one.model_copy(update={"stands_out": False}) for one in fairness.disparities]})
    told = render_card(replace(smallest, fairness=quiet))
    assert f"None of the {len(quiet.disparities):,} comparisons stands out." in told
    check_markdown(told)


def test_of_many_disparities_the_surest_are_shown(smallest: CardContent, fairness: Fairness) -> None:
    one = fairness.marked[0]
    many = fairness.model_copy(update={"disparities": [one.model_copy(update={"group": f"island {n}", "adjusted_p": n / 1e4}) for n in range(30)]})
    told = render_card(replace(smallest, fairness=many))
    assert "30 of 30 comparisons stand out; the 20 surest:" in told
    assert "| country: island 19 |" in told
    assert "island 20" not in told


def test_names_from_data_break_no_table(smallest: CardContent, judged: Judged, examples: pd.DataFrame, starter: CleaningResult) -> None:
    barred = examples.assign(source="a|b")
    flat = np.full(judged.labels.shape, 0.5)
    content = CardContent(
        champion=judge_candidate("m", judged, barred, SEED),
        others=[judge_candidate(BASELINE, Judged(judged.labels, flat, flat >= 0.5), barred, SEED), judge_commonest(barred, SEED)],
        thresholds=smallest.thresholds,
        counts=count_data(starter.titles.assign(source="a|b", data_licence=None), examples[["title_id", "split"]]),
    )
    card = render_card(content)
    check_markdown(card)
    assert "| a/b | open_project | not stated |" in card


def test_titles_are_counted_by_split_and_source(starter: CleaningResult, examples: pd.DataFrame) -> None:
    splits = examples[["title_id", "split"]]
    counts = count_data(starter.titles, splits)
    for split, part in examples.groupby("split"):
        found = counts.by_split[str(split)]
        assert found == {
            "titles": len(part),
            "groups": part["group_id"].nunique(),
            "films": (part["type"] == "movie").sum(),
            "TV shows": (part["type"] == "tv").sum(),
        }
    assert sum(sum(one.titles.values()) for one in counts.by_source) == len(examples)
