"""Two prompts of the chat beside each other: a conversation keeps its prompt, and an answer that the rules had to give is the prompt's failure."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from apps.chat import prompting
from apps.demo.chat import Exchange, converse
from apps.mcp.server import create_server
from tests.apps.chat_model import serve_model
from tests.apps.chat_release import Lender
from trending.experiments.experiment import Experiment, HarmRules, Variant
from trending.experiments.log import ExposureLog
from trending.service.trial import Trial
from trending.settings import load_settings

HORROR = {"calls": [("get_trending", {"genre": ["Horror"], "limit": 3})]}
GOOD = "Trending in horror:\n- [Cellar of Teeth](made:t3) (2025), number 2 this week.\n"


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    """A trial of the prompt `chat-two` beside the usual one."""
    usual, folder = prompting.load_prompt(), tmp_path / "prompts"
    folder.mkdir()
    (folder / "chat-1.md").write_text(usual, encoding="utf-8")
    (folder / "chat-two.md").write_text("The second prompt. " + usual, encoding="utf-8")
    monkeypatch.setattr(prompting, "_folder", lambda: folder)
    prompting.load_prompt.cache_clear()
    running = Trial(make_experiment("chat-two"), None, ExposureLog(str(tmp_path / "log")))
    yield running
    running.close()
    prompting.load_prompt.cache_clear()


def make_experiment(prompt: str) -> Experiment:
    variants = {"control": Variant(release="1-a"), "treatment": Variant(release="1-a", prompt=prompt)}
    harm = HarmRules(error_ratio=None)
    return Experiment(name="prompts", kind="ab", share=0.5, metric="error_rate", started=dt.datetime.now(dt.UTC), harm=harm, **variants)


def converse_with(monkeypatch: pytest.MonkeyPatch, home: Path, trial: Trial, conversations: int, broken: bool = False) -> list[list[str]]:
    """Hold conversations of two questions; return the beginnings of the prompts that the model was given in each."""
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it asks the network for prices
    units = count()
    monkeypatch.setattr("apps.demo.chat.secrets.token_hex", lambda _: f"conversation-{next(units)}")
    server, told = create_server(Lender(home)), []

    async def hold(exchanges: list[Exchange]) -> None:
        for _ in range(2):
            async for _ in converse(server, "what's trending in horror?", exchanges, trial):
                pass

    for _ in range(conversations):
        steps: tuple[Any, ...] = ({"status": 500},) if broken else (HORROR, {"text": GOOD}, HORROR, {"text": GOOD})
        with serve_model(*steps) as model:
            for name, value in (("MODEL", "openai/scripted"), ("API_BASE", model.url), ("API_KEY", "none"), ("REQUESTS_PER_MINUTE", "1000")):
                monkeypatch.setenv(f"TRENDING_LLM_{name}", value)
            load_settings.cache_clear()
            asyncio.run(hold([]))
            told.append([request["messages"][0]["content"][:18] for request in model.requests])
    return told


def test_a_conversation_keeps_its_prompt_and_both_are_used(trial: Trial, chat_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = converse_with(monkeypatch, chat_home, trial, 8)
    assert all(len(set(prompts)) == 1 for prompts in told)
    assert {prompts[0] == "The second prompt." for prompts in told} == {True, False}
    trial.close()
    lines = [line for hour in ExposureLog(str(tmp_path / "log")).read("prompts").values() for line in hour]
    treated = sum(prompts[0] == "The second prompt." for prompts in told)
    assert sum(line["requests"] for line in lines if line["variant"] == "treatment") == 2 * treated
    assert sum(line["requests"] for line in lines) == 16
    assert not any(line.get("errors") for line in lines)


def test_an_answer_by_the_rules_is_an_error_of_the_prompt(trial: Trial, chat_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    converse_with(monkeypatch, chat_home, trial, 1, broken=True)
    trial.close()
    (line,) = (line for hour in ExposureLog(str(tmp_path / "log")).read("prompts").values() for line in hour)
    assert (line["requests"], line["errors"]) == (2, 2)


def test_a_prompt_that_this_code_does_not_have_is_tried_on_nobody(chat_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    unknown = Trial(make_experiment("chat-of-tomorrow"), None, ExposureLog(str(tmp_path / "log")))
    told = converse_with(monkeypatch, chat_home, unknown, 6)
    unknown.close()
    assert len({prompts[0] for prompts in told}) == 1
    lines = [line for hour in ExposureLog(str(tmp_path / "log")).read("prompts").values() for line in hour]
    assert {line["variant"] for line in lines} <= {"control"}


def test_the_usual_prompt_is_one_of_those_there_are() -> None:
    assert prompting.USUAL in prompting.list_prompts()
    assert "{today}" in prompting.load_prompt()
