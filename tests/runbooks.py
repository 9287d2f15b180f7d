"""The commands of docs/runbooks.md, by section, run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from tests.serving import serve_process

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
_QUICK = '--set "models=[majority,tfidf_logreg]"'


def list_blocks() -> dict[str, list[str]]:
    """Return section -> its blocks of commands, in order; the lines before the first section are not among them."""
    sections = re.split(r"^#{2,3} (.+)$", TEXT, flags=re.MULTILINE)[1:]
    found = {title: re.findall(r"```bash\n(.*?)```", content, flags=re.DOTALL) for title, content in zip(sections[::2], sections[1::2], strict=True)}
    return {title: blocks for title, blocks in found.items() if blocks}


def prepare(block: str, environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment a block is run with: as it stands, but that pipelines train two models only, as more would take minutes."""
    script = re.sub(r"(--pipeline (?:training|continual_learning).*)", rf"\1 {_QUICK}", block)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return ["bash", "-c", f"set -eu -o pipefail\n{script}"], {**environment, "PATH": path}


def serve(block: str, environment: Mapping[str, str], log: Path) -> AbstractContextManager[str]:
    """Run a block that ends in a service, on a port of its own, until the `with` block ends; yields its address, once it is ready."""
    _, variables = prepare(block, environment)
    named = "exec python run.py serve all --port"
    return serve_process(lambda port: prepare(block.replace("python run.py serve all", f"{named} {port}"), environment)[0], variables, ROOT, log)


def follow(block: str, environment: Mapping[str, str]) -> str:
    """Run a block, which must succeed, and return what it printed.

    A line that begins with `!` fails its block only as the last one, by the shell's rules; the page has none elsewhere.
    """
    command, variables = prepare(block, environment)
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout
