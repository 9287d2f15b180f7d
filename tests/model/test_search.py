"""The search for hyper-parameters: the same twice, the same after a kill, no longer than it may, and shown on a page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from trending.errors import UsageError
from trending.features.examples import Part, select_part
from trending.models.base import build_model
from trending.models.search import SearchBudget, SearchResult, search_parameters
from trending.models.spaces import SPACES
from trending.models.xgb import XGBoostModel
from trending.processes import child_environment
from trending.reports.search_report import render_search, tabulate_trials
from trending.settings import load_settings

FIXED = {"n_estimators": 50, "max_features": 1_000, "ngrams": 1}
TRIALS = 10


@pytest.fixture(autouse=True)
def _no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches are of trees here; what an encoder adds to them is tested elsewhere."""
    monkeypatch.setenv("TRENDING_ENCODER", "none")
    load_settings.cache_clear()


@pytest.fixture(scope="session")
def parts(examples: pd.DataFrame) -> tuple[Part, Part]:
    """What is learnt from and what is judged by."""
    return select_part(examples[examples["split"] == "train"].head(200), "train", "described"), select_part(examples, "validation", "described")


def search(parts: tuple[Part, Part], folder: Path, trials: int, *, minutes: float = 60.0, seed: int = 3, fixed: dict[str, Any] = FIXED) -> SearchResult:
    learnt, held = parts
    budget = SearchBudget(trials=trials, minutes=minutes)
    return search_parameters("xgboost", learnt.texts, learnt.labels, (held.texts, held.labels), seed, budget, folder, fixed)


def tell(result: SearchResult) -> list[dict[str, Any]]:
    return [one.model_dump(exclude={"seconds"}) for one in result.trials]


@pytest.fixture(scope="session")
def found(parts: tuple[Part, Part], tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """A search that nothing disturbed."""
    folder = tmp_path_factory.mktemp("searches")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRENDING_ENCODER", "none")
        load_settings.cache_clear()
        result = search(parts, folder, TRIALS)
    load_settings.cache_clear()
    return result


def test_a_search_begins_with_the_defaults_and_ends_with_the_best(found: SearchResult) -> None:
    defaults = build_model("xgboost").params
    assert found.trials[0].params == {name: defaults[name] for name in SPACES["xgboost"]}
    assert found.default_value == found.trials[0].value
    whole = [one for one in found.trials if not one.pruned]
    assert found.best_value == max(one.value for one in whole) >= found.default_value
    assert found.best_parameters in [one.params for one in whole]
    assert len({json.dumps(one.params) for one in found.trials}) == TRIALS  # nothing is tried twice
    assert set(found.importances) == set(SPACES["xgboost"])
    assert sum(found.importances.values()) == pytest.approx(1, abs=1e-3)


def test_the_best_is_worth_what_the_search_says(found: SearchResult, parts: tuple[Part, Part]) -> None:
    """A model that is fitted with what was found has that figure when it stops."""
    learnt, held = parts
    model = XGBoostModel(**FIXED, **found.best_parameters)
    model.fit(learnt.texts, learnt.labels, 3, (held.texts, held.labels))
    facts = model.describe_fit()
    assert facts["history"][facts["rounds"] - 1]["validation_map"] == pytest.approx(found.best_value, abs=1e-6)


def test_trials_that_fall_behind_are_stopped(found: SearchResult, parts: tuple[Part, Part], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []
    grow = XGBoostModel.grow

    def count(self: XGBoostModel, *given: Any) -> None:
        seen = [0]
        watch = given[-1]

        def note(step: int, value: float) -> None:
            seen[0] = step
            watch(step, value)

        try:
            grow(self, *given[:-1], note)
        finally:
            rounds.append(seen[0])

    monkeypatch.setattr(XGBoostModel, "grow", count)
    again = search(parts, tmp_path, TRIALS)
    assert tell(again) == tell(found)  # with one seed, two searches are the same
    stopped = [one.number for one in again.trials if one.pruned]
    assert stopped
    assert all(rounds[number] < FIXED["n_estimators"] and rounds[number] % 10 == 0 for number in stopped)
    assert all(again.trials[number].value < again.best_value for number in stopped)


RUN = """
import json, os, sys
from pathlib import Path
import pandas as pd
from trending.features.examples import select_part
from trending.models.search import SearchBudget, search_parameters
from trending.models.xgb import XGBoostModel
examples, folder, die_at, trials, fixed = pd.read_parquet(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), json.loads(sys.argv[5])
learnt = select_part(examples[examples["split"] == "train"].head(200), "train", "described")
held = select_part(examples, "validation", "described")
grow, grown = XGBoostModel.grow, [0]
def count(self, learnt, held, seed, watch):
    grown[0] += 1
    def note(step, value):
        watch(step, value)
        if grown[0] == die_at and step == 10:
            os._exit(9)  # in the middle of a trial
    grow(self, learnt, held, seed, note)
XGBoostModel.grow = count
budget = SearchBudget(trials=trials, minutes=60)
result = search_parameters("xgboost", learnt.texts, learnt.labels, (held.texts, held.labels), 3, budget, folder, fixed)
print(json.dumps({"grown": grown[0], "trials": [one.model_dump(exclude={"seconds"}) for one in result.trials]}))
"""


@pytest.mark.slow
def test_a_killed_search_goes_on_where_it_was(found: SearchResult, examples: pd.DataFrame, tmp_path: Path) -> None:
    """Done trials aren't run again, the one that was cut off is, and all end as if nothing had happened: the first, killed, included."""
    examples.to_parquet(tmp_path / "examples.parquet")

    def run(die_at: int) -> tuple[int, Any]:
        given = [str(tmp_path / "examples.parquet"), str(tmp_path / "searches"), str(die_at), str(TRIALS), json.dumps(FIXED)]
        done = subprocess.run([sys.executable, "-c", RUN, *given], env=child_environment(), capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode in (0, 9), done.stderr[-2_000:]
        return done.returncode, json.loads(done.stdout) if done.returncode == 0 else None

    assert run(1)[0] == 9  # in the first trial
    assert run(8)[0] == 9  # in the eighth, when what was found decides what is tried
    _, told = run(0)
    assert told["grown"] == TRIALS - 7
    assert told["trials"] == tell(found)


def test_a_larger_budget_goes_on_and_a_smaller_one_runs_nothing(parts: tuple[Part, Part], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = search(parts, tmp_path, 2)
    more = search(parts, tmp_path, 3)
    assert tell(more)[:2] == tell(first)
    assert len(more.trials) == 3
    monkeypatch.setattr("trending.models.search.prepare_trials", None)
    assert tell(search(parts, tmp_path, 2)) == tell(more)


def test_no_trial_begins_when_the_time_is_up(parts: tuple[Part, Part], tmp_path: Path) -> None:
    assert len(search(parts, tmp_path, 50, minutes=1e-6).trials) == 1


def test_another_search_is_another_file(parts: tuple[Part, Part], tmp_path: Path) -> None:
    """Other data, another seed or other parameters given are no continuation."""
    learnt, held = parts
    fewer = Part(learnt.texts[:-1], learnt.labels[:-1], learnt.rows[:-1])
    relabelled = Part(learnt.texts, 1 - learnt.labels, learnt.rows)
    for change in (
        {},
        {"seed": 4},
        {"fixed": {**FIXED, "n_estimators": 59}},
    ):
        search(parts, tmp_path, 1, **change)
    search((fewer, held), tmp_path, 1)
    search((relabelled, held), tmp_path, 1)
    assert len(list(tmp_path.glob("*.sqlite"))) == 5


def test_what_is_given_is_not_searched(parts: tuple[Part, Part], tmp_path: Path) -> None:
    result = search(parts, tmp_path, 3, fixed={**FIXED, "max_depth": 2, "learning_rate": 0.2})
    assert {name for one in result.trials for name in one.params} == set(SPACES["xgboost"]) - {"max_depth", "learning_rate"}
    with pytest.raises(UsageError, match="every hyper-parameter there is to search is given"):
        search(parts, tmp_path, 1, fixed=dict.fromkeys(SPACES["xgboost"], 1))


def test_the_baseline_is_no_straw_man(parts: tuple[Part, Part], tmp_path: Path) -> None:
    learnt, held = parts
    budget = SearchBudget(trials=3)
    result = search_parameters("tfidf_logreg", learnt.texts, learnt.labels, (held.texts, held.labels), 3, budget, tmp_path, {"ngrams": 1})
    assert set(result.best_parameters) == {"C", "min_df"}
    assert result.best_value >= result.default_value > held.labels.mean()


def test_nothing_to_search(parts: tuple[Part, Part], tmp_path: Path) -> None:
    learnt, held = parts
    with pytest.raises(UsageError, match=r"nothing to search of 'majority'; choose from: xgboost, tfidf_logreg"):
        search_parameters("majority", learnt.texts, learnt.labels, (held.texts, held.labels), 3, SearchBudget(), tmp_path)


@pytest.mark.parametrize("kind", SPACES)
def test_a_space_holds_the_defaults_and_nothing_a_model_refuses(kind: str) -> None:
    defaults = build_model(kind).params
    for name, one in SPACES[kind].items():
        assert one.low <= defaults[name] <= one.high
        assert type(one.low) is type(one.high) is type(defaults[name])
        for value in (one.low, one.high):
            assert build_model(kind, {name: value}).params[name] == value


def test_the_page_shows_the_search(found: SearchResult) -> None:
    page = render_search(found)
    charts = re.findall(r'<svg role="img" aria-label="([^"]+)"', page)
    assert len(charts) == page.count("<svg") == 2 + len(SPACES["xgboost"])
    assert all(any(name in chart for chart in charts) for name in SPACES["xgboost"])
    assert f"{found.best_value:.4f}" in page
    assert f"{found.default_value:.4f}" in page
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="https?:', page)
    assert page == render_search(found)
    best = next(one for one in found.trials if one.params == found.best_parameters)
    assert f'<tr class="best"><td>{best.number}</td>' in page


def test_a_page_of_few_trials_says_nothing_of_importance(found: SearchResult) -> None:
    few = found.model_copy(update={"trials": found.trials[:2], "importances": {}})
    assert render_search(few).count("<svg") == 1 + len(SPACES["xgboost"])


def test_the_table_has_a_row_per_trial(found: SearchResult) -> None:
    table = tabulate_trials(found)
    assert table.columns.tolist() == ["kind", "number", "value", "pruned", "seconds", *SPACES["xgboost"]]
    assert table["number"].tolist() == list(range(TRIALS))
    assert table.loc[~table["pruned"], "value"].max() == found.best_value
