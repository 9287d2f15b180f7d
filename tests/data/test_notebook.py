"""The notebook runs from top to bottom, on a fresh home and on a published version, and shows the figures it says it does."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.data.dataset_samples import Publisher, make_tables
from trending.cleaning.clean import CleaningResult
from trending.datasets.store import DataStore

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "docs" / "notebooks" / "eda.ipynb"


def run_notebook(home: Path) -> tuple[nbformat.NotebookNode, str]:
    """Execute the notebook as a clone with this home would, and return it with the text of all its outputs."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOK.parent)}})
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "TRENDING_HOME": str(home), "PYTHONPATH": os.pathsep.join(filter(None, paths)), "IPYTHONDIR": str(home / "ipython")}
    asyncio.run(client.async_execute(env=environment))
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    return notebook, "\n".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs)


def count_charts(notebook: nbformat.NotebookNode) -> int:
    return sum("image/svg+xml" in output.get("data", {}) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)


def test_it_is_kept_without_outputs() -> None:
    """What a run shows depends on the machine's data, which may not be published."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")


def test_on_a_fresh_home_it_describes_the_starter_catalogue(starter: CleaningResult, tmp_path: Path) -> None:
    titles = starter.titles
    notebook, text = run_notebook(tmp_path)
    assert f"starter catalogue has {len(titles):,} titles in {titles['group_id'].nunique():,} groups" in text
    assert re.search(rf"titles\s+1\s+{len(titles)}\b", text)
    drama = titles["genres"].map(lambda genres: "Drama" in genres)
    comedy = titles["genres"].map(lambda genres: "Comedy" in genres)
    assert re.search(rf"Drama\s+{drama.sum()}\s+{(drama & comedy).sum()}\b", text)
    assert count_charts(notebook) == 3
    assert re.search(r"eda\.html \d+ kB, 9 sections", text)


def test_it_describes_the_version_that_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"  # where the settings of tests point
    monkeypatch.setenv("TRENDING_HOME", str(home))
    tables = make_tables(rows=7)
    for row in tables["signals"]:
        row["period_start"] = tables["trends"][0]["as_of"]
    version = Publisher(DataStore.from_settings(), tmp_path / "work").publish(tables)
    _, text = run_notebook(home)
    assert f"{version} has 14 titles in 7 groups" in text
    assert re.search(r"reviews\s+2\s+\d+", text)
