"""The account of model calls and the cache of their answers, as several processes use them at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from trending.insights import cache as cache_module
from trending.insights import prompts
from trending.insights.cache import InsightCache
from trending.insights.client import _bound_tokens
from trending.insights.prompts import load_prompt
from trending.insights.spending import MinuteFull, Spending, SpendingRefused
from trending.insights.vibes import list_vibes

ROOT = Path(__file__).resolve().parents[2]
PROCESSES, TRIES = 4, 30


def book_from_many(path: Path, budget: float, calls_per_minute: int) -> int:
    """Book a cent at a time from several processes until each is refused or has tried often; return how many calls were booked."""
    code = (
        "import sys; from pathlib import Path; from trending.insights.spending import Spending, SpendingRefused\n"
        f"spending, booked = Spending(Path(sys.argv[1]), {budget}, {calls_per_minute}), 0\n"
        f"for _ in range({TRIES}):\n"
        "    try: spending.book('m', 10, 0.01); booked += 1\n"
        "    except SpendingRefused as error:\n"
        "        assert 'counted' not in str(error), error\n"
        "        break\n"
        "print(booked)"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
    return sum(int(process.communicate(timeout=120)[0]) for process in running)


def test_processes_share_one_budget(tmp_path: Path) -> None:
    """Together they spend the budget and not a cent more."""
    assert book_from_many(tmp_path / "a.sqlite", budget=0.505, calls_per_minute=10_000) == 50
    assert Spending(tmp_path / "a.sqlite", 1.0, 1).today().cost_usd == pytest.approx(0.50)


def test_processes_share_one_minute(tmp_path: Path) -> None:
    assert book_from_many(tmp_path / "a.sqlite", budget=100.0, calls_per_minute=37) == 37


def test_what_was_not_used_is_given_back(tmp_path: Path) -> None:
    """A call is booked at the most it can cost and corrected afterwards; one of a model without a price counts by its tokens."""
    spending = Spending(tmp_path / "a.sqlite", budget_usd=0.10, calls_per_minute=100)
    call = spending.book("m", 1_000, 0.09)
    with pytest.raises(SpendingRefused, match=r"budget of 0\.10 USD"):
        spending.book("m", 1_000, 0.09)
    spending.settle(call, 20, 0.01)
    spending.book("m", 1_000, 0.09)
    spending.book("unknown", 500, None)
    today = spending.today()
    assert (today.calls, today.tokens, today.unpriced) == (3, 1_520, 1)
    with pytest.raises(MinuteFull, match="2 calls a minute"):
        Spending(spending.path, 1.0, calls_per_minute=2).book("m", 10, 0.0)


@pytest.mark.parametrize(
    "text",
    [
        "A detective arrives in a village. ",
        "\u4e00\u540d\u5e74\u8f7b\u7684\u4fa6\u63a2\u6765\u5230\u6e14\u6751",
        "\u0e19\u0e31\u0e01\u0e2a\u0e37\u0e1a\u0e2a\u0e32\u0e27",
    ],
    ids=["English", "Chinese", "Thai"],
)
def test_no_writing_takes_more_than_is_booked(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chinese takes several tokens a character; the schema of tools counts too."""
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    from litellm import token_counter

    tools = [{"type": "function", "function": {"name": "find", "description": text * 50, "parameters": {"type": "object", "properties": {}}}}]
    messages = [{"role": "user", "content": text * 100}]
    taken = token_counter(model="gpt-4o", messages=messages) + token_counter(model="gpt-4o", text=text * 50)
    assert taken <= _bound_tokens(messages, tools) < 6 * taken


def test_a_cached_answer_belongs_to_prompt_model_and_material(tmp_path: Path) -> None:
    """Any of them changed is another key; a file that can't be read counts as empty."""
    cache = InsightCache(tmp_path / "c.sqlite")
    keys = {cache.make_key(*parts) for parts in (("p", "m", "one"), ("q", "m", "one"), ("p", "n", "one"), ("p", "m", "one!"))}
    assert len(keys) == 4
    key = keys.pop()
    assert cache.get(key) is None
    cache.put(key, "a draft")
    found = cache.get(key)
    assert found is not None
    assert found.text == "a draft"
    assert time.time() - found.made.timestamp() < 60
    assert all(cache.get(other) is None for other in keys)
    (tmp_path / "c.sqlite").write_bytes(b"damaged" * 500)
    assert cache.get(key) is None


def test_the_cache_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go; what is written again is new."""
    monkeypatch.setattr(cache_module, "MOST_KEPT", 3)
    cache = InsightCache(tmp_path / "c.sqlite")
    for key in ("a", "b", "c", "a", "d"):
        cache.put(key, key)
    assert [key for key in "abcd" if cache.get(key)] == ["a", "c", "d"]


def test_nobody_waits_for_a_cache_that_another_process_holds(tmp_path: Path) -> None:
    cache = InsightCache(tmp_path / "c.sqlite")
    cache.put("a", "kept")
    with closing(sqlite3.connect(cache.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        assert cache.get("a") is None
        cache.put("b", "lost")
        assert time.monotonic() - began < 1
    assert cache.get("a") is not None


def test_an_edited_prompt_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version holds the hash of the text and of the lists in it, so that answers of an older wording are never taken for the new one's."""
    prompt = load_prompt()
    assert prompt.version.startswith("insights-1-")
    assert {"{boundary}", "{canary}"} <= {word.strip(".,;:") for word in prompt.text.split()}
    assert ", ".join(list_vibes()) in prompt.text
    monkeypatch.setattr(prompts, "list_vibes", lambda: ("windy", *list_vibes()))
    assert load_prompt.__wrapped__().version != prompt.version
