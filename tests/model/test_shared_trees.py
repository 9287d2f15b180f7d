"""XGBoost's trees grown by several processes: as good as one process's, kept and read back the same, and refused in one line where Dask is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.config import TrainingConfig, load_config
from trending.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
_GROW = """
import json, sys
from pathlib import Path
import numpy as np
from benchmarks.xgboost_features import SEED, decide, load_examples
from trending.evaluation.judge import compare
from trending.features.examples import select_part
from trending.models.base import build_model, load_model
from trending.models.fitting import fit_model

def main():
    examples = load_examples(None)
    test = select_part(examples, "test", "described")
    asked = {"max_features": 5000}
    alone, _ = fit_model("xgboost", asked, examples, SEED)
    apart, facts = fit_model("xgboost", {**asked, "workers": 2}, examples, SEED)
    groups = test.rows["group_id"].astype(str).tolist()
    gain = compare(decide(apart, examples, "described"), decide(alone, examples, "described"), groups, SEED)
    apart.save(Path(sys.argv[1]))
    kept = load_model(Path(sys.argv[1]))
    same = np.array_equal(kept.predict_proba(test.texts), apart.predict_proba(test.texts))
    print(json.dumps({"low": gain.low, "high": gain.high, "same": same, "rounds": facts["rounds"], "history": facts["history"]}))

if __name__ == "__main__":
    main()
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one process and two grew from the starter catalogue."""
    folder = tmp_path_factory.mktemp("grown")
    script = folder / "grow.py"
    script.write_text(_GROW, encoding="utf-8")
    pytest.importorskip("distributed", reason="the project is installed without [scale]")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TRENDING_ENCODER": "none", "TRENDING_HOME": str(folder / "home")}
    command = [sys.executable, str(script), str(folder / "model")]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=280, env=environment, cwd=folder, check=False)
    assert outcome.returncode == 0, outcome.stderr
    result: dict[str, Any] = json.loads(outcome.stdout.splitlines()[-1])
    return result


def test_trees_grown_by_two_processes_are_as_good_as_one_s(grown: dict[str, Any]) -> None:
    """The interval of the paired difference in macro F1 holds zero, or lies above it, and is narrower than what a bad model would be worse by."""
    assert grown["high"] >= 0
    assert grown["low"] > -0.1


def test_they_stop_where_validation_titles_gain_nothing_more_and_tell_how_they_grew(grown: dict[str, Any]) -> None:
    losses = [row["loss"] for row in grown["history"]]
    assert losses.index(min(losses)) == grown["rounds"] - 1
    assert losses[0] > 1.1 * min(losses)


def test_they_are_kept_and_read_back_as_the_same(grown: dict[str, Any]) -> None:
    assert grown["same"]


def test_without_dask_a_sharded_training_is_refused_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="needs Dask's scheduler, which isn't installed; install the project with"):
        load_config(TrainingConfig, None, ["scale=sharded", "shards=2"])


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["shards=2"], "shards is 2 but scale is single"),
        (["scale=sharded", "models=[majority,tfidf_logreg]"], "xgboost isn't trained"),
        (["scale=many"], "'scale'"),
        (["scale=sharded", "shards=0"], "'shards'"),
    ],
)
def test_a_scale_that_makes_no_sense_is_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_config(TrainingConfig, None, overrides)
