"""The server that an assistant starts: quick to say hello, nothing but the protocol on stdout, and telling what is wrong where nothing can be served."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.apps.mcp_clients import ROOT, Checked, make_environment, talk_stdio

HELLO = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}, "clientInfo": {"name": "by hand", "version": "1"}}}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def speak(home: Path, messages: Sequence[Any], answers: int) -> tuple[list[dict[str, Any]], str, int]:
    """Write lines to `run.py serve mcp` and read so many back, then end its input; returns them, stderr and the exit code."""
    command = [sys.executable, "run.py", "serve", "mcp"]
    process = subprocess.Popen(command, cwd=ROOT, env=make_environment(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    for message in messages:
        process.stdin.write((message if isinstance(message, str) else json.dumps(message)) + "\n")
    process.stdin.flush()
    lines = [process.stdout.readline() for _ in range(answers)]
    rest, errors = process.communicate(timeout=60)
    lines += rest.splitlines()
    return [json.loads(line) for line in lines], errors, process.returncode


def test_a_handshake_of_2025_by_hand(published_home: Path) -> None:
    version = "2025-06-18"
    hello = {**HELLO, "params": {**HELLO["params"], "protocolVersion": version}}  # type: ignore[dict-item]
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "search_titles", "arguments": {"query": "ship", "limit": 1}}}
    answers, errors, code = speak(published_home, [hello, READY, call], 2)
    assert [answer["id"] for answer in answers] == [1, 2]
    assert answers[0]["result"]["protocolVersion"] == version
    assert answers[0]["result"]["serverInfo"]["name"] == "trending-now"
    assert set(answers[0]["result"]["capabilities"]) >= {"tools", "resources", "prompts", "completions"}
    assert len(answers[1]["result"]["structuredContent"]["titles"]) == 1
    assert (errors, code) == ("", 0)


def test_nonsense_is_answered_or_passed_over_and_the_server_goes_on(published_home: Path) -> None:
    hello = {**HELLO, "params": {**HELLO["params"], "protocolVersion": "2025-06-18"}}  # type: ignore[dict-item]
    lone = '{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"search_titles","arguments":{"query":"\\ud800 ship"}}}'
    listing = {"jsonrpc": "2.0", "id": 9, "method": "tools/list"}
    answers, _, code = speak(published_home, [hello, READY, "not json", "[]", '{"jsonrpc":"2.0"}', lone, "\x00\x1b[31m", listing], 2)
    by_id = {answer.get("id"): answer for answer in answers}
    assert len(by_id[9]["result"]["tools"]) == 9
    assert code == 0


def test_every_transport_gives_the_same_answers(published_home: Path) -> None:
    async def story(checked: Checked) -> None:
        found = await checked.call("search_titles", query="detective", limit=2)
        assert (await checked.call("get_title", title_id=found["titles"][0]["title_id"]))["plot"]
        assert "search for the title" in await checked.fail("get_title", title_id="nobody:0")

    talk_stdio(published_home, story)
    talk_stdio(published_home, story, mode="legacy")


def test_without_a_release_each_call_says_how_to_get_one(tmp_path: Path) -> None:
    async def story(checked: Checked) -> str:
        assert len((await checked.client.list_tools()).tools) == 9
        return await checked.fail("search_titles", query="ship")

    assert "python run.py --pipeline training" in talk_stdio(tmp_path / "empty", story)


def test_a_release_published_later_is_served(tmp_path: Path, bundle: Path) -> None:
    from trending.releases import ReleaseStore

    home = tmp_path / "late"

    async def story(checked: Checked) -> None:
        import anyio

        await checked.fail("search_titles", query="ship")
        ReleaseStore(str(home / "releases"), home / "cache" / "releases").publish(bundle)
        for _ in range(60):
            if not (await checked.client.call_tool("search_titles", {"query": "ship"})).is_error:
                return
            await anyio.sleep(0.5)
        raise AssertionError("it was never served")

    talk_stdio(home, story)


def test_hello_is_said_before_anything_heavy_is_imported() -> None:
    script = """
import sys
from contextlib import nullcontext
import run
from apps.mcp import create_server, run_stdio
class Live:
    lease = nullcontext
create_server(Live())
heavy = ("numpy", "pandas", "pyarrow", "sklearn", "onnxruntime", "litellm", "gradio", "fastapi", "zenml", "torch", "trending.service.service")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
