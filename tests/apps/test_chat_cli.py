"""`run.py chat` as a process: one question, a conversation on standard input, JSON, refusals, and a terminal that hostile text can't touch."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.apps.conftest import ROOT, RunCli


def test_one_question_is_answered_on_stdout_and_its_calls_on_stderr(run_main: RunCli, chat_home: Path) -> None:
    """The answer alone is on stdout; which tools were called with what is on stderr."""
    done = run_main("chat", "what's trending in horror?", home=chat_home)
    assert done.returncode == 0, done.stderr
    assert "Cellar of Teeth [made:t3] (2025)" in done.stdout
    assert "get_trending" not in done.stdout
    assert "get_trending(window='week', genre=['Horror'], limit=5) → 2 titles" in done.stderr


def test_json_is_one_object_with_calls_and_citations(run_main: RunCli, chat_home: Path) -> None:
    """Machines get the whole answer and nothing else on stdout."""
    done = run_main("chat", "--json", "is Moonlight Bakery any good?", home=chat_home)
    answer = json.loads(done.stdout)
    assert [one["name"] for one in answer["calls"]] == ["search_titles", "get_insights", "get_reviews"]
    assert answer["maker"] == "rules"
    assert answer["titles"][0]["title_id"] == "made:t1"
    assert "**86 of 100**" in answer["text"]


def test_refusals_are_one_line(run_main: RunCli, chat_home: Path, tmp_path: Path) -> None:
    """A blank or endless question, and a home without a release, end in one line that says how to mend it."""
    for question, code, home in (("  ", 2, chat_home), ("a" * 5_000, 2, chat_home), ("hello", 1, tmp_path)):
        done = run_main("chat", question, home=home)
        assert done.returncode == code, done.stderr
        assert done.stdout == ""
        assert done.stderr.startswith("run.py: ")
        assert done.stderr.count("\n") == 1


def test_piped_lines_are_a_conversation_without_control_characters(run_cli: RunCli, chat_home: Path) -> None:
    """Each line is a question that may look back on those before; escape codes of titles and questions arrive as words, on both streams."""
    lines = ["what's trending in horror?", "", "is the second one any good?", "a" * 5_000, "films about fog", "\x1b[31mred\x07"]
    done = run_cli("chat", home=chat_home, stdin="\n".join(lines))
    assert done.returncode == 0, done.stderr
    assert "how good Evil" in done.stdout  # the second one, whose title is hostile
    assert "Fog Parade" in done.stdout
    assert "run.py: question: 5,000 characters" in done.stderr  # and the conversation went on
    for stream in (done.stdout, done.stderr):
        assert {char for char in stream if ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u202e\u2066"} <= {"\n"}


def test_without_a_model_nothing_heavy_is_imported(run_python: RunCli, chat_home: Path) -> None:
    """The first answer waits for no library it doesn't need."""
    code = """
import sys
from types import SimpleNamespace
from apps.cli import chat
chat.run(SimpleNamespace(question="hello", json=False))
print(sorted({"litellm", "gradio", "torch", "transformers", "zenml", "fastapi", "duckdb"} & set(sys.modules)))
"""
    done = run_python("-c", code, home=chat_home)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


def test_conversation_ends_cleanly_at_the_keyboard(chat_home: Path) -> None:
    """In a terminal, Ctrl-D after an answer and Ctrl-C at the prompt both end it with exit code 0 and no traceback."""
    for ending in ("\x04", "\x03"):
        screen, code = _type(chat_home, [("Ctrl-D ends it.", "hello\n"), ("Ask me what is trending", ending)])
        assert "Traceback" not in screen
        assert code == 0, screen


_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


def _type(home: Path, typed: list[tuple[str, str]]) -> tuple[str, int]:
    """Run the chat in a pseudo-terminal, type each text when what it waits for and then a prompt was shown, and return what was seen and the exit code."""
    screen = b""
    parent, child = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRENDING_")} | {"TRENDING_HOME": str(home), "TERM": "xterm"}
    # It makes the pseudo-terminal its own, so that Ctrl-C reaches the chat.
    login = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, [sys.executable, 'run.py', 'chat'])"
    process = subprocess.Popen([sys.executable, "-c", login], cwd=ROOT, env=environment, stdin=child, stdout=child, stderr=child, start_new_session=True)
    os.close(child)
    deadline, answered = time.monotonic() + 120, 0
    while time.monotonic() < deadline:
        ready, _, _ = select.select([parent], [], [], 0.5)
        try:
            screen += os.read(parent, 4096) if ready else b""
        except OSError:  # the terminal closes with its process
            break
        # Python loses a Ctrl-C that comes before input() waits for keys, so type as people do: when the prompt stands still.
        _, _, line = _ESCAPES.sub(b"", screen).rpartition(b"\n")
        if not ready and answered < len(typed) and typed[answered][0].encode() in screen and line.strip(b"\r") == b"> ":
            os.write(parent, typed[answered][1].encode())
            answered += 1
    assert answered == len(typed), screen
    try:
        return screen.decode(errors="replace"), process.wait(30)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
        os.close(parent)
