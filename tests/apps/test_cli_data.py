"""`run.py data`: what it prints, what it answers as JSON, and how it refuses."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apps.cli.data import run
from tests.data.dataset_samples import Publisher, make_tables, make_title, read_all
from trending.datasets.store import DataStore
from trending.errors import InputError, NotFoundError, UsageError


@dataclass
class Desk:
    """A store with two versions, and the command line over it."""

    publisher: Publisher
    old: str
    new: str
    capture: pytest.CaptureFixture[str]

    def call(self, action: str, version: str | None = None, other: str | None = None, *, as_json: bool = False) -> tuple[dict[str, Any], str]:
        """Return the result and what was printed."""
        result = run(argparse.Namespace(action=action, version=version, other=other, json=as_json))
        return result, self.capture.readouterr().out


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """The second version has a changed, an added and a removed title."""
    publisher = Publisher(DataStore.from_settings(), tmp_path / "incoming")
    tables = make_tables(4)
    old = publisher.publish(tables)
    tables["titles"][0] |= {"plot": "Another plot."}
    tables["titles"] = [*tables["titles"][:3], make_title(77), *tables["titles"][4:]]
    new = publisher.publish(tables)
    capsys.readouterr()
    return Desk(publisher, old, new, capsys)


def test_list_names_all_and_marks_the_latest(desk: Desk) -> None:
    result, text = desk.call("list")
    assert [(row["version"], row["latest"], row["parent"]) for row in result["versions"]] == [(desk.old, False, None), (desk.new, True, desk.old)]
    assert result["latest"] == desk.new
    assert result["versions"][0]["rows"]["titles"] == 8
    lines = text.splitlines()
    assert [line[: 2 + len(desk.old)] for line in lines] == [f"  {desk.old}", f"* {desk.new}"]
    assert "titles 8, identifiers 8" in lines[0]
    assert lines[0].endswith("tvmaze, wikipedia")


def test_list_of_an_empty_store_is_empty_and_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(argparse.Namespace(action="list", version=None, other=None, json=False)) == {"versions": [], "latest": None}
    assert "python run.py --pipeline ingestion" in capsys.readouterr().out


def test_list_shows_a_damaged_version_among_the_others(desk: Desk) -> None:
    (Path(desk.publisher.store.url) / "versions" / f"{desk.old}.json").write_text("{}")
    result, text = desk.call("list")
    assert [("damaged" in row, row["version"]) for row in result["versions"]] == [(True, desk.old), (False, desk.new)]
    assert text.startswith(f"! {desk.old}  data version {desk.old}: its manifest is damaged")


def test_show_is_readable_and_as_json_it_is_the_whole_manifest(desk: Desk) -> None:
    result, text = desk.call("show")
    assert result == desk.publisher.store.manifest().model_dump(mode="json")
    for shown in (desk.new, desk.old, "titles", "Somebody, CC BY-SA 4.0 (open_cc_by_sa); watermark 17", "fetched", "quarantined", "total"):
        assert shown in text
    assert desk.call("show", desk.old[:12])[0]["version"] == desk.old
    assert desk.call("show", as_json=True)[1] == ""


def test_pull_says_where_the_version_lies(desk: Desk) -> None:
    result, text = desk.call("pull", desk.old)
    assert text.splitlines()[0] == result["folder"]
    assert result["version"] == desk.old
    assert result["rows"]["titles"] == 8
    assert read_all(Path(result["folder"])) == read_all(desk.publisher.folder / "day-1")


def test_diff_is_with_the_parent_or_with_the_other(desk: Desk) -> None:
    result, text = desk.call("diff")
    assert (result["a"], result["b"], result["same"]) == (desk.old, desk.new, False)
    titles = result["tables"]["titles"]
    assert (titles["added"], titles["removed"], titles["changed"], titles["unchanged"], titles["columns"]) == (1, 1, 1, 6, {"plot": 1})
    for shown in ("titles       +1 -1 ~1 =6", "tvmaze", "changed columns: plot 1", "added: tvmaze:00077", "removed: tvmaze:00003"):
        assert shown in text
    back, _ = desk.call("diff", "latest", desk.old)
    assert (back["a"], back["b"], back["tables"]["titles"]["sample"]["added"]) == (desk.new, desk.old, [{"title_id": "tvmaze:00003"}])
    json.dumps(back)


def test_refusals_are_one_line_of_the_right_class(desk: Desk) -> None:
    for error, action, version, other in [
        (NotFoundError, "show", "1999", None),
        (NotFoundError, "pull", "1999", None),
        (NotFoundError, "diff", desk.new, "1999"),
        (UsageError, "show", "2030", None),
        (UsageError, "list", desk.new, None),
        (UsageError, "pull", desk.new, desk.old),
        (UsageError, "diff", desk.old, None),
    ]:
        with pytest.raises(error) as refusal:
            desk.call(action, version, other)
        assert "\n" not in str(refusal.value)
        assert "python run.py data list" in str(refusal.value) or "use: data" in str(refusal.value)
        assert desk.capture.readouterr().out == ""
    (Path(desk.publisher.store.url) / "LATEST").write_text("?")
    with pytest.raises(InputError, match="LATEST is damaged"):
        desk.call("show")


LOADED = """
import argparse, json, sys
from apps.cli.data import run
for action in ("list", "show"):
    run(argparse.Namespace(action=action, version=None, other=None, json=True))
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_list_and_show_load_no_dvc(desk: Desk) -> None:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=root, capture_output=True, text=True, check=True)
    assert not {"dvc", "dvc_data", "zenml", "torch", "deepchecks", "scrapy"} & set(json.loads(done.stdout))
