"""The command line as a user meets it: a process, its exit code, and what it writes where."""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.cli import predict
from trending.errors import InputError
from trending.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 60
Call = Callable[..., tuple[int, str, str]]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `run.py` in a process of its own."""
    command = [sys.executable, str(ROOT / "run.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False, env=os.environ | environment, cwd=ROOT)


def refuse(*arguments: str, code: int = 2, **environment: str) -> str:
    """Run a command that must end with `code`, nothing on stdout and one line on stderr; returns the line."""
    ended = run(*arguments, **environment)
    assert ended.returncode == code, ended.stderr
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.startswith("run.py")
    return ended.stderr


def imported_by(*arguments: str) -> set[str]:
    """Call `run.main` in a process of its own; returns the modules that are loaded at its end."""
    code = (
        "import contextlib, io, sys\nimport run\n"
        f"with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n    run.main({list(arguments)!r})\nprint(*sys.modules)"
    )
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=TIMEOUT, check=True, cwd=ROOT).stdout.split())


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """Call `run.main` in this process, which saves the seconds a new one takes to import pandas."""
    monkeypatch.syspath_prepend(str(ROOT))
    main = importlib.import_module("run").main
    handlers, on_terminate = list(logging.getLogger("trending").handlers), signal.getsignal(signal.SIGTERM)

    def run_main(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield run_main
    logging.getLogger("trending").handlers[:] = handlers
    signal.signal(signal.SIGTERM, on_terminate)


@pytest.mark.parametrize("arguments", [["--help"], ["predict", "--help"], ["release", "--help"], ["serve", "--help"]])
def test_help_answers_on_stdout(arguments: list[str]) -> None:
    ended = run(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("usage: run.py")


def test_help_imports_nothing_heavy() -> None:
    assert not imported_by("--help") & {"zenml", "pandas", "sklearn", "pydantic", "trending"}


def test_a_bad_configuration_is_refused_before_zenml_is_imported() -> None:
    loaded = imported_by("--pipeline", "training", "--set", "source=files", "--set", "path=/nowhere/titles.csv")
    assert "trending.sources" in loaded
    assert "zenml" not in loaded


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["--frobnicate"],
        ["--pipeline", "oracle"],
        ["--pipeline"],
        ["--pipeline", "training", "--set"],
        ["predict"],
        ["predict", "--text", "a", "--file", "b"],
        ["evaluate"],
        ["serve", "web"],
        ["serve", "api", "--port", "http"],
        ["release", "burn"],
        ["--set", "seed=3", "release", "list"],
        ["--pipeline", "training", "release", "list"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_is_one_line_that_points_to_help(arguments: list[str]) -> None:
    assert "--help" in refuse(*arguments)


def test_a_pipeline_on_a_missing_file_ends_at_once(tmp_path: Path) -> None:
    started = time.monotonic()
    line = refuse("--pipeline", "training", "--set", "source=files", "--set", f"path={tmp_path}/none.csv")
    assert line == f"run.py: {tmp_path}/none.csv: no such file; check the path\n"
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--pipeline", "training", "--set", "sed=3"], "'sed'"),
        (["--pipeline", "training", "--config", "/nowhere/training.yaml"], "/nowhere/training.yaml"),
        (["predict", "--text", "  "], "the text is empty"),
        (["predict", "--file", "/nowhere/plots.txt"], "/nowhere/plots.txt"),
        (["release", "show", "v0"], "no release 'v0'"),
        (["stack", "show", "moon"], "no stack 'moon'"),
        (["serve", "api", "--port", "99999"], "99999 is not a port"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line_that_names_it(arguments: list[str], part: str, call: Call) -> None:
    code, out, err = call(*arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith("run.py: ")
    assert part in err


def test_predicting_without_a_release_names_the_command_that_makes_one() -> None:
    assert "python run.py --pipeline training" in refuse("predict", "--text", "A thief plans one last job.", code=1)


@pytest.mark.parametrize("arguments", [["release", "show"], ["release", "rollback"], ["release", "verify"], ["release", "lineage"]], ids=" ".join)
def test_without_a_release_the_line_names_the_command_that_makes_one(arguments: list[str], call: Call) -> None:
    code, out, err = call(*arguments)
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert "python run.py --pipeline training" in err


@pytest.mark.parametrize(
    ("name", "value"), [("TRENDING_MAX_BODY_BYTES", "lots"), ("TRENDING_RELEASES", "ftpx://somewhere"), ("TRENDING_HOME", "~no-such-user/trending")]
)
def test_a_bad_setting_is_one_line_that_names_it(name: str, value: str, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    load_settings.cache_clear()
    code, out, err = call("release", "list")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"run.py: {name}: ")


@pytest.mark.parametrize("arguments", [["release", "list", "--json"], ["--json", "release", "list"]], ids=["after the verb", "before the verb"])
def test_json_is_the_only_thing_on_stdout(arguments: list[str], call: Call) -> None:
    """The flag is offered in both places, so it must work in both."""
    code, out, _ = call(*arguments)
    assert code == 0
    assert json.loads(out) == {"releases": [], "current": None}


def test_the_line_number_of_a_bad_plot_counts_blank_lines(tmp_path: Path) -> None:
    """The number is what an editor shows."""
    file = tmp_path / "plots.txt"
    file.write_text("A thief plans one last job.\n\n\n" + "word " * 5_000, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        predict.run(argparse.Namespace(text=None, file=str(file), json=True))
    assert str(caught.value).startswith(f"{file}:4: ")


@pytest.mark.parametrize(("content", "part"), [(b"", "no lines"), (b" \n\n", "no lines"), (b"Am\xe9lie\n", "UTF-8")])
def test_files_of_plots_that_cannot_be_read(content: bytes, part: str, tmp_path: Path) -> None:
    file = tmp_path / "plots.txt"
    file.write_bytes(content)
    with pytest.raises(InputError, match=part):
        predict.run(argparse.Namespace(text=None, file=str(file), json=True))
