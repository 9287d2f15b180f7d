"""The README's commands, run in the order they stand there, in a folder that looks like a fresh clone.

As they stand but that training takes two models only: with a BERT it takes minutes, three times. `test_as_it_stands_training_publishes` leaves it whole.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trending.sources import SourceConfig, open_source

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", TEXT, flags=re.DOTALL)
TESTS_THEMSELVES = "make test"
QUICK = "--set 'models=[majority,tfidf_logreg]'"


def blocks_with(*words: str) -> list[str]:
    return [block for block in BLOCKS if any(word in block for word in words)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the project's files and an environment, and the `titles.csv` of a user."""
    folder = tmp_path_factory.mktemp("clone")
    for entry in ROOT.iterdir():
        if entry.name not in ("var", ".git"):
            (folder / entry.name).symlink_to(entry)
    with (folder / "titles.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["title", "type", "plot", "genres"])
        writer.writerows([row["title"], row["type"], row["plot"], ", ".join(row["genres"])] for row in open_source(SourceConfig()).records())
    return folder


@pytest.fixture(scope="module")
def environment(clone: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZENML_", "TRENDING_", "PYTHONPATH"))}
    return {
        **kept,
        "TRAIN_ARGS": QUICK,
        "ZENML_CONFIG_PATH": str(clone / "zenml"),
        "ZENML_LOCAL_STORES_PATH": str(clone / "stores"),
        "ZENML_ANALYTICS_OPT_IN": "false",
    }


def run(block: str, clone: Path, environment: dict[str, str], timeout: int = 600) -> str:
    if "TRAIN_ARGS" in environment:
        block = re.sub(r"(--pipeline training.*)", rf"\1 {QUICK}", block)
    script = f"set -euo pipefail\n[ -d .venv ] && source .venv/bin/activate\n{block}"
    outcome = subprocess.run(["bash", "-c", script], cwd=clone, env=environment, capture_output=True, text=True, timeout=timeout, check=False)
    assert outcome.returncode == 0, f"{block}\n{outcome.stdout}\n{outcome.stderr}"
    return outcome.stdout


@pytest.fixture(scope="module")
def trained(clone: Path, environment: dict[str, str]) -> str:
    """What the README's first command says."""
    assert BLOCKS[0].strip() == "make train"
    return run(BLOCKS[0], clone, environment)


@pytest.fixture(scope="module")
def server(clone: Path, environment: dict[str, str], trained: str) -> Iterator[None]:
    """The README's `serve` command, running."""
    (command,) = blocks_with("serve all")
    process = subprocess.Popen(["bash", "-c", f"source .venv/bin/activate\nexec {command}"], cwd=clone, env=environment)
    for _ in range(600):
        if subprocess.run(["curl", "-sf", "localhost:8000/ready"], capture_output=True, check=False).returncode == 0:
            break
        assert process.poll() is None
        time.sleep(0.1)
    else:
        pytest.fail("the API did not become ready")
    yield
    process.terminate()
    process.wait(timeout=20)


def test_first_command_ends_with_a_release_and_the_next_command(trained: str) -> None:
    assert "published" in trained
    assert "majority baseline" in trained
    assert "Next: python run.py predict" in trained


def test_predict_names_genres_with_their_words(clone: Path, environment: dict[str, str], trained: str) -> None:
    (block,) = blocks_with("run.py predict")
    assert "detectives" in run(block, clone, environment)


def test_the_api_answers_as_shown(clone: Path, environment: dict[str, str], server: None) -> None:
    (block,) = blocks_with("curl")
    answer = run(block, clone, environment)
    assert '"Western"' in answer
    assert '"threshold"' in answer
    assert '"next_cursor"' in answer


def test_the_page_comes_up_on_the_same_port(server: None) -> None:
    for _ in range(600):
        page = subprocess.run(["curl", "-s", "localhost:8000/"], capture_output=True, text=True, check=True).stdout
        if "gradio" in page:
            return
        time.sleep(0.1)
    pytest.fail(f"the page did not come up: {page[:300]}")


def test_the_chat_answers_with_titles(clone: Path, environment: dict[str, str], trained: str) -> None:
    (block,) = blocks_with("run.py chat")
    assert "starter:" in run(block, clone, environment)


def test_release_and_doctor_commands(clone: Path, environment: dict[str, str], trained: str) -> None:
    (block,) = blocks_with("release list")
    assert "whole" in run(block, clone, environment)


@pytest.mark.slow
def test_own_titles(clone: Path, environment: dict[str, str], trained: str) -> None:
    (block,) = blocks_with("path=titles.csv")
    assert "1,268 titles from titles" in run(block, clone, environment)


@pytest.mark.slow
def test_ingestion_makes_a_version_that_training_takes(clone: Path, environment: dict[str, str], trained: str) -> None:
    (ingestion,) = blocks_with("--pipeline ingestion")
    said = run(ingestion, clone, environment)
    assert "1,268 = 1,268 parsed + 0 failed" in said
    assert "Next: python run.py --pipeline training --set source=catalogue" in said
    (data,) = blocks_with("data list")
    assert "from catalogue" in run(data, clone, environment)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_as_it_stands_training_publishes(clone: Path, environment: dict[str, str]) -> None:
    said = run(BLOCKS[0], clone, {name: value for name, value in environment.items() if name != "TRAIN_ARGS"} | {"TRENDING_HOME": str(clone / "whole")}, 1_500)
    assert "published" in said
    assert "bert" in said


@pytest.mark.slow
def test_dashboard_opens_and_closes(clone: Path, environment: dict[str, str], trained: str) -> None:
    (block,) = blocks_with("run.py dashboard")
    quiet = {**environment, "ZENML_AUTO_OPEN_DASHBOARD": "false"}
    try:
        run(block, clone, quiet)
        page = subprocess.run(["curl", "-sf", "http://127.0.0.1:8237/"], capture_output=True, text=True, check=True).stdout
        assert "ZenML" in page
    finally:
        run("python run.py dashboard --stop", clone, quiet)


def test_no_command_is_left_untried() -> None:
    tried = [
        BLOCKS[0],
        *blocks_with(
            "run.py predict", "serve all", "run.py chat", "curl", "release list", "path=titles.csv", "run.py dashboard", "--pipeline ingestion", "data list"
        ),
        *blocks_with(TESTS_THEMSELVES),
    ]
    assert set(tried) == set(BLOCKS)


def test_every_picture_and_page_it_links_to_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if not link.startswith("http")]
    assert links
    assert all((ROOT / link).is_file() for link in links)
