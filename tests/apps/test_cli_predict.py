"""`run.py predict` as a process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trending.releases import Release

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]
PLOTS = ["A sheriff rides out to find the men who robbed the stagecoach.", "مسافر وحيد 🌙 يعبر الصحراء", "Two detectives search for a missing child."]


def _expected(release: Release, texts: list[str]) -> dict[str, Any]:
    predictions = [one.model_dump(mode="json") for one in release.predictor.predict(texts)]
    return {"release": release.manifest.version, "starter": True, "predictions": predictions}


def _refused(done: subprocess.CompletedProcess[str], code: int) -> str:
    """Assert a refusal: the exit code, one line on stderr, nothing on stdout; return the line."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("run.py")
    return done.stderr


def test_text_as_json_is_one_object_alone_on_stdout(run_cli: RunCli, release: Release) -> None:
    done = run_cli("predict", "--text", PLOTS[0], "--json")
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout) == _expected(release, PLOTS[:1])


def test_text_for_people_shows_genre_probability_and_words(run_cli: RunCli, release: Release) -> None:
    done = run_cli("predict", "--text", PLOTS[0])
    first = release.predictor.predict(PLOTS[:1])[0].genres[0]
    assert done.returncode == 0
    assert first.genre in done.stdout.splitlines()[0]
    assert f"{first.probability:.0%}" in done.stdout
    assert first.evidence[0].text in done.stdout
    assert "starter catalogue" in done.stderr


@pytest.mark.parametrize("way", ["file", "stdin"])
def test_each_line_of_a_file_or_of_stdin_is_predicted_in_order(run_cli: RunCli, release: Release, tmp_path: Path, way: str) -> None:
    """Blank lines and Windows line ends count for nothing."""
    content = "\r\n\n".join(PLOTS) + "\n\n"
    file = tmp_path / "plots.txt"
    file.write_bytes(content.encode())
    done = run_cli("predict", "--file", str(file), "--json") if way == "file" else run_cli("predict", "--file", "-", "--json", stdin=content)
    assert json.loads(done.stdout) == _expected(release, PLOTS)


def test_a_line_of_a_file_ends_at_a_newline_and_nowhere_else(run_cli: RunCli, release: Release, tmp_path: Path) -> None:
    """Scraped plots hold U+2028, U+0085, form feeds: one plot a line is still one plot a line."""
    plots = [f"A sheriff rides out.{mark}He finds the robbers." for mark in ("\u2028", "\x85", "\x0c", "\x1c")]
    file = tmp_path / "plots.txt"
    file.write_bytes("\n".join(plots).encode())
    done = run_cli("predict", "--file", str(file), "--json")
    assert len(json.loads(done.stdout)["predictions"]) == len(plots)


def test_a_file_of_many_lines_is_predicted_whole(run_main: RunCli, tmp_path: Path) -> None:
    file = tmp_path / "plots.txt"
    file.write_text("".join(f"{PLOTS[0]} Part {number}.\n" for number in range(600)))
    assert len(json.loads(run_main("predict", "--file", str(file), "--json").stdout)["predictions"]) == 600


def test_text_that_looks_like_markup_is_shown_as_it_is(run_main: RunCli, tmp_path: Path) -> None:
    file = tmp_path / "plots.txt"
    file.write_text("[bold]not markup[/bold] [/]\n[red]A sheriff rides.\n")
    done = run_main("predict", "--file", str(file))
    assert done.returncode == 0
    assert "[bold]not markup[/bold] [/]" in done.stdout


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 20_001], ids=["empty", "blank", "too long"])
def test_text_that_can_not_be_scored_is_refused(run_main: RunCli, text: str) -> None:
    assert "--text" in _refused(run_main("predict", "--text", text, "--json"), 2)


def test_a_line_that_is_too_long_is_refused_by_its_number(run_main: RunCli, tmp_path: Path) -> None:
    file = tmp_path / "plots.txt"
    file.write_text("fine\n" + "x" * 20_001 + "\n")
    assert f"{file}:2" in _refused(run_main("predict", "--file", str(file)), 2)


@pytest.mark.parametrize(("content", "says"), [(None, "No such file"), (b"", "no lines"), (b"\n \n", "no lines"), (b"caf\xe9 society\n", "UTF-8")])
def test_a_file_that_can_not_be_read_is_refused_by_name(run_main: RunCli, tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "plots.txt"
    if content is not None:
        file.write_bytes(content)
    line = _refused(run_main("predict", "--file", str(file), "--json"), 2)
    assert str(file) in line
    assert says in line


def test_a_folder_in_place_of_a_file_is_refused(run_main: RunCli, tmp_path: Path) -> None:
    assert str(tmp_path) in _refused(run_main("predict", "--file", str(tmp_path)), 2)


def test_stdin_that_is_not_utf8_is_refused(run_cli: RunCli) -> None:
    assert "UTF-8" in _refused(run_cli("predict", "--file", "-", "--json", stdin=b"caf\xe9 society\n"), 2)


@pytest.mark.parametrize("arguments", [["predict"], ["predict", "--text", "a", "--file", "b"], ["predict", "--text"], ["predicct"], []])
def test_a_wrong_command_line_is_refused_in_one_line(run_main: RunCli, arguments: list[str]) -> None:
    assert "--help" in _refused(run_main(*arguments), 2)


def test_without_a_release_it_says_how_to_make_one(run_cli: RunCli, tmp_path: Path) -> None:
    assert "--pipeline training" in _refused(run_cli("predict", "--text", "A sheriff.", "--json", home=tmp_path), 1)
