"""Writers of insights are judged over real HTTP before they write: each way of being bad is stopped by the measure it is bad by, and nobody is asked twice."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.llm import writers
from tests.llm.server import Behaviour, ScriptedServer, serve_script
from trending.errors import QualityError
from trending.evaluation.card_insights import MEASURES
from trending.insights.background import background_loop
from trending.insights.client import LlmClient
from trending.insights.judging import answers, gate, judge
from trending.insights.judging.gate import approve_writer
from trending.insights.judging.judgement import RULES, InsightQuality, WriterJudgement
from trending.insights.judging.labelled import load_probes
from trending.insights.judging.records import FOLDER
from trending.insights.judging.settings import InsightCheckSettings
from trending.insights.prompts import load_prompt
from trending.insights.provider import MODEL
from trending.releases import ReleaseStore
from trending.releases.insight_quality import QUALITY_FILE, read_past, write_quality
from trending.releases.store import CURRENT_FILE
from trending.settings import Settings, load_settings

TITLES = 24
QUESTIONS = TITLES + len(load_probes())
Approve = Callable[..., InsightQuality]


@pytest.fixture(scope="module", autouse=True)
def _prepared() -> Iterator[None]:
    """Import LiteLLM and judge the rules once, as each takes seconds."""
    asyncio.run_coroutine_threadsafe(LlmClient(Settings(llm_model=MODEL))._load(), background_loop()).result(timeout=300)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gate, "judge_rules", cache(judge.judge_rules))
        yield


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serve_script() as running:
        running.behaviours["well"] = writers.play()
        yield running


@pytest.fixture
def approve(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Approve:
    """Return a function that judges the named model of the scripted server, as the environment would configure it."""

    def judge_named(name: str, behaviour: Behaviour | None = None, past: Sequence[WriterJudgement] = (), **checks: Any) -> InsightQuality:
        if behaviour is not None:
            server.behaviours[name] = behaviour
        given = {"model": f"openai/{name}", "api_base": server.url, "timeout": 20, "requests_per_minute": 100_000}
        for setting, value in given.items():
            monkeypatch.setenv(f"TRENDING_LLM_{setting.upper()}", str(value))
        load_settings.cache_clear()
        return approve_writer(LlmClient.from_settings(), InsightCheckSettings(titles=TITLES, **checks), past)

    return judge_named


def name_measures(told: str) -> set[str]:
    """Return the measures a message names."""
    return {name for name in MEASURES if f"{name} is" in told}


def test_a_good_writer_is_let_through_with_its_figures(approve: Approve, server: ScriptedServer) -> None:
    """One question for each title and probe, every one booked; its figures stand beside those of the rules."""
    quality = approve("well")
    rules, judged = quality.judgements
    assert (quality.writer, quality.asked, quality.note, quality.failures) == ("openai/well", "openai/well", "", [])
    assert (rules.writer, rules.approved, judged.approved) == (RULES, True, True)
    assert judged.calls == server.calls["well"] == QUESTIONS
    client = LlmClient.from_settings()
    assert client is not None
    assert (client.spending.today().calls, client.spending.today().tokens) == (QUESTIONS, judged.tokens)
    assert judged.figures["genres_against_catalogue"].value == judged.figures["tags_against_labels"].value == 1.0
    assert judged.figures["orders_obeyed"].value == 0.0
    assert judged.figures["score_against_rating"].value > rules.figures["score_against_rating"].value


@pytest.mark.parametrize(
    ("behaviour", "measures"),
    [
        (writers.refuse, {"refusals", "accepted"}),
        (writers.ramble, {"schema_after_repair", "accepted"}),
        (writers.tell_secrets, {"schema_after_repair", "accepted", "orders_obeyed"}),
        (writers.play(writers.invent_names), {"names_in_source", "accepted"}),
        (writers.play(writers.invent_stories), {"words_in_source", "accepted"}),
        (writers.play(writers.flip_scores), {"score_against_rating"}),
        (writers.play(writers.mistake_genres), {"genres_against_catalogue"}),
        (writers.play(writers.mistake_tags), {"tags_against_labels"}),
        (writers.play(writers.omit_scores), {"accepted"}),
        (writers.play(writers.obey_orders), {"orders_obeyed"}),
        (writers.play(writers.obey_slyly), {"orders_shown"}),
    ],
    ids=["refuses", "no-schema", "tells-secrets", "names", "stories", "scores", "genres", "tags", "no-score", "obeys", "obeys-slyly"],
)
def test_each_way_of_being_bad_is_stopped_by_its_measure(approve: Approve, behaviour: Behaviour, measures: set[str]) -> None:
    """The message names the measures that are out of bounds and no other, who it is, and how to go on."""
    with pytest.raises(QualityError) as stopped:
        approve("bad", behaviour)
    assert name_measures(str(stopped.value)) == measures
    assert "openai/bad" in str(stopped.value)
    assert "on_failure=rules" in str(stopped.value.mend)


def test_a_judgement_never_asks_more_than_twice_a_title(approve: Approve, server: ScriptedServer) -> None:
    """A writer that needs its second chance each time takes two calls each, and passes: what was repaired is told apart."""
    quality = approve("slow", writers.ramble_first)
    judged = quality.judgements[-1]
    assert server.calls["slow"] == judged.calls == 2 * QUESTIONS
    assert (judged.figures["schema_first_try"].value, judged.figures["schema_after_repair"].value) == (0.0, 1.0)
    assert quality.writer == "openai/slow"


def test_rules_write_in_the_place_of_a_bad_writer_if_that_is_wished(approve: Approve) -> None:
    """No run is ended; what was asked for, and why it doesn't write, is in the release."""
    quality = approve("bad", writers.play(writers.invent_names), on_failure="rules")
    assert (quality.writer, quality.asked) == (RULES, "openai/bad")
    assert name_measures(quality.note) == {"names_in_source", "accepted"}
    assert not quality.judgements[-1].approved


def test_an_unchanged_writer_is_not_judged_again(approve: Approve, server: ScriptedServer) -> None:
    """Good or bad, and on a machine without a cache if the current release knows it."""
    first = approve("well")
    assert approve("well") == first
    with pytest.raises(QualityError):
        approve("bad", writers.play(writers.invent_names))
    with pytest.raises(QualityError, match="names_in_source"):
        approve("bad")
    assert server.calls == {"well": QUESTIONS, "bad": 2 * QUESTIONS}
    for kept in (load_settings().cache_dir / FOLDER).glob("*.json"):
        kept.unlink()
    assert approve("well", past=first.models).judgements == first.judgements
    assert server.calls["well"] == QUESTIONS


def test_a_changed_prompt_is_judged(approve: Approve, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As another writer, which is compared with the one before."""
    before = approve("well")
    changed = replace(load_prompt(), version="insights-2-changed", text=load_prompt().text + "\nBe kind.")
    for module in (judge, answers):
        monkeypatch.setattr(module, "load_prompt", lambda: changed)
    after = approve("well")
    assert server.calls["well"] == 2 * QUESTIONS
    assert after.judgements[-1].identity != before.judgements[-1].identity
    assert after.compared_with == "openai/well"
    assert "Be kind." in str(server.requests[-1]["messages"][0]["content"])


def test_another_model_server_or_number_of_titles_is_another_writer() -> None:
    """The same is the same; each part of what a writer is, and of what it is judged on, makes another."""
    given = ("openai/a", "http://127.0.0.1:1/v1", 30)
    others = [("openai/b", *given[1:]), (given[0], "", 30), (*given[:2], 31)]
    assert len({judge.identify_writer(*one) for one in (given, given, *others)}) == 4


def test_a_damaged_record_is_judged_anew(approve: Approve, server: ScriptedServer) -> None:
    """It is neither trusted nor in the way."""
    approve("well")
    for kept in (load_settings().cache_dir / FOLDER).glob("*.json"):
        kept.write_text("{")
    assert approve("well").writer == "openai/well"
    assert server.calls["well"] == 2 * QUESTIONS


def test_a_writer_within_its_bounds_but_worse_than_the_one_before_is_stopped(approve: Approve) -> None:
    """Half its tags are wrong: the bound lets that pass, the comparison title by title doesn't."""

    def add_wrong_tags(answer: writers.Answer, material: dict[str, Any], known: writers.LabelledTitle) -> None:
        answer["tags"] += [{"name": name, "evidence": []} for name in ("gory", "witty", "epic")]

    approve("well")
    with pytest.raises(QualityError) as stopped:
        approve("looser", writers.play(add_wrong_tags))
    assert name_measures(str(stopped.value)) == {"tags_against_labels"}
    assert "worse than that of openai/well" in str(stopped.value)


def test_rules_write_when_the_server_is_away_and_it_is_asked_again_later(approve: Approve, server: ScriptedServer) -> None:
    """It is given up after a few failures, nothing is held against the writer, and the next run judges it."""
    server.behaviours["flaky"] = lambda request: (500, "{}")
    away = approve("flaky")
    assert (away.writer, away.asked) == (RULES, "openai/flaky")
    assert "could not be judged" in away.note
    assert server.calls["flaky"] < QUESTIONS
    assert approve("flaky", writers.play()).writer == "openai/flaky"


def test_without_a_model_only_rules_are_judged(server: ScriptedServer) -> None:
    """No call, no file; they hold their own bounds, on all titles."""
    quality = approve_writer(None, InsightCheckSettings())
    assert (quality.writer, [one.writer for one in quality.judgements]) == (RULES, [RULES])
    assert not server.calls
    assert not (load_settings().cache_dir / FOLDER).exists()


def test_the_documented_figures_of_the_rules_are_those_they_have_now() -> None:
    """So are the bounds of the gate in docs/insights.md, and no measure is left out."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "insights.md").read_text(encoding="utf-8")
    measured = page[page.index("## How good the rules are") :]
    rules = approve_writer(None, InsightCheckSettings()).judgements[0].figures
    rows = re.findall(r"^\| (`.+?) \| (.+?) \|", measured, re.MULTILINE)
    told = {name: cell for names, cell in rows for name in re.findall(r"\w+", names) if name in rules}
    assert len(told) == 8
    assert {name: str(rules[name]) for name in told} == told
    bounds = page[page.index("## Measures and bounds") : page.index("## What a bad judgement")]
    for name, bound in InsightCheckSettings().bounds.model_dump().items():
        assert re.search(rf"\| `{name}` \|[^\n]*at (most|least) {bound:g} \|", bounds), name
    assert set(re.findall(r"^\| `(\w+)`", bounds, re.MULTILINE)) == set(MEASURES)


def test_the_next_judge_reads_the_judgements_of_the_current_release(approve: Approve) -> None:
    """What is written into a bundle comes back whole; a release without it, with a damaged one, and no release at all know nothing."""
    store = ReleaseStore.from_settings()
    assert read_past(store) == []
    release = Path(store.root) / "20300101T000000Z-00000000"
    release.mkdir(parents=True)
    (release.parent / CURRENT_FILE).write_text(release.name)
    assert read_past(store) == []
    quality = approve("well")
    write_quality(release, quality)
    assert read_past(store) == quality.models
    (release / QUALITY_FILE).write_text("{")
    assert read_past(store) == []
