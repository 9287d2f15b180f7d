"""The account of model calls and the cache of their answers, as several processes use them at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trending.insights.cache import InsightCache
from trending.insights.offline import write_insights
from trending.insights.prompts import load_prompt
from trending.insights.schema import Material
from trending.insights.spending import Spending, SpendingRefused

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
    assert spending.wait_seconds() == 0
    assert 0 < Spending(spending.path, 1.0, calls_per_minute=2).wait_seconds() <= 60


def test_a_cached_answer_belongs_to_prompt_model_and_material(tmp_path: Path) -> None:
    """Any of them changed is another key; an answer that can't be read counts as none."""
    cache, material = InsightCache(tmp_path / "c.sqlite"), Material(plot="A nurse hides a stranger.")
    keys = {
        cache.make_key("p", "m", material),
        cache.make_key("q", "m", material),
        cache.make_key("p", "n", material),
        cache.make_key("p", "m", material.model_copy(update={"plot": "A nurse hides a stranger!"})),
    }
    assert len(keys) == 4
    key = keys.pop()
    assert cache.get(key) is None
    cache.put(key, write_insights(material))
    found = cache.get(key)
    assert found is not None
    assert found.provenance.cached
    assert all(cache.get(other) is None for other in keys)
    (tmp_path / "c.sqlite").write_bytes(b"damaged" * 500)
    assert cache.get(key) is None


def test_an_edited_prompt_is_another_version() -> None:
    """The version holds the hash of the text, so that answers of an older wording are never taken for the new one's."""
    prompt = load_prompt()
    assert prompt.version.startswith("insights-1-")
    assert {"{boundary}", "{canary}", "{vibes}", "{genres}", "{themes}"} <= {word.strip(".,;:") for word in prompt.text.split()}
