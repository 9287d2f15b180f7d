"""docs/runbooks.md, followed as it stands where it runs pipelines: a poisoned source, and a leak of personal data. The rest: tests/apps/test_runbooks.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.data.dataset_samples import Publisher
from tests.pipelines.planted import WORDS, find_planted, make_version
from tests.pipelines.running import QUICK, Runner
from tests.runbooks import follow, list_blocks
from trending.cleaning.clean import CleaningResult
from trending.datasets.store import DataStore
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail

BLOCKS = list_blocks()
OLD = 700
LEARN = ["--pipeline", "continual_learning", "--json", "--set", "source=catalogue", *QUICK]


def open_stores(home: Runner) -> tuple[DataStore, ReleaseStore]:
    """Return a runner's stores."""
    return DataStore(str(home.home / "data"), home.home / "cache" / "data"), ReleaseStore(str(home.home / "releases"), home.home / "cache" / "releases")


def learn(home: Runner) -> dict[str, Any]:
    outcome = home.run(*LEARN)
    assert outcome.returncode == 0, outcome.stderr
    result: dict[str, Any] = json.loads(outcome.stdout)
    return result


def write_titles(file: Path, titles: pd.DataFrame, source: str, shuffled: float = 0.0) -> Path:
    """Write titles as those of a source; `shuffled`: the share of them that carry another's genres."""
    rows = np.random.default_rng(1).permutation(len(titles))[: int(shuffled * len(titles))]
    genres = titles["genres"].to_numpy(copy=True)
    genres[rows] = genres[np.roll(rows, 1)]
    columns = titles[["title", "type", "year", "plot", "source_id"]]
    columns.assign(genres=genres, source=source, data_licence="CC0", rights_class="open_cc0").to_parquet(file)
    return file


@pytest.mark.slow
def test_a_poisoned_source_is_stopped_taken_out_and_learnt_without(runner: Runner, starter: CleaningResult, tmp_path: Path) -> None:
    notice, stop, mend, check = BLOCKS["A poisoned source"]
    home = runner.with_home("poisoned")
    data, releases = open_stores(home)
    titles = starter.titles.iloc[np.random.default_rng(3).permutation(len(starter.titles))]
    home.ingest("--set", "source=files", "--set", f"path={write_titles(tmp_path / 'old.parquet', titles[:OLD], 'ours')}")
    good, before = data.latest(), learn(home)["release"]
    home.ingest("--set", "source=files", "--set", f"path={write_titles(tmp_path / 'new.parquet', titles[OLD:], 'shop', shuffled=0.2)}")
    poisoned = learn(home)
    assert (poisoned["outcome"], home.current()) == ("declined", before), poisoned
    assert "labels" in [rule["name"] for rule in poisoned["verdict"]["rules"] if not rule["held"]]

    environment = home.environment | {"SOURCE": "shop"}
    seen = follow(notice, environment)
    assert "shop" in seen.partition("->")[2], "the difference names who brought it"
    assert str(good) in follow(stop, environment)
    follow(mend, environment)
    seen = follow(check, environment)
    assert "shop" not in seen
    assert "audit trail" in seen
    assert data.manifest().parent == good
    actions = [entry.action for entry in AuditTrail.from_store(releases).entries()]
    assert actions[:3] == ["published", "declined", "data_rolled_back"]


@pytest.mark.slow
def test_personal_data_are_found_taken_out_and_in_nothing_any_more(runner: Runner, starter: CleaningResult, tmp_path: Path) -> None:
    notice, stop, mend, check = BLOCKS["Of personal data"]
    home = runner.with_home("leaked")
    data, releases = open_stores(home)
    version = make_version(starter)
    version["reviews"] = version["reviews"][:1]
    Publisher(data, tmp_path / "versions").publish(version)
    before = home.train("--set", "source=catalogue", *QUICK)["release"]
    leaked = [WORDS.encode()]
    assert {"data", "releases"} <= {path.relative_to(home.home).parts[0] for path in find_planted(home.home, words=leaked)}

    review = version["reviews"][0]
    environment = home.environment | {"REVIEW": review["review_id"], "TITLE": review["title_id"]}
    assert review["review_id"] in follow(notice, environment) or before in follow(notice, environment)
    follow(stop, environment)
    assert home.current() != before
    assert not list(find_planted(home.home / "releases" / str(home.current()), words=leaked))
    assert before in follow(mend, environment)
    follow(check, environment)
    assert not list(find_planted(home.home, words=leaked))
    assert releases.versions() == [home.current()]


def test_no_command_of_these_sections_is_left_untried() -> None:
    assert {title: len(BLOCKS[title]) for title in ("A poisoned source", "Of personal data")} == {"A poisoned source": 4, "Of personal data": 4}
