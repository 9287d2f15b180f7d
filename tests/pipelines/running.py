"""How tests run the command line: with a ZenML state and a home of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# The two models a release needs; the others, which take minutes where cores have no wide vectors, are trained in one slow test.
QUICK = ["--set", "models=[majority,tfidf_logreg]"]


@dataclass(frozen=True)
class Runner:
    """Runs `run.py` with a ZenML state and a home of its own."""

    folder: Path
    root: Path = ROOT
    home_name: str = "home"
    encoder: str = "none"

    @property
    def home(self) -> Path:
        """Where the project writes."""
        return self.folder / self.home_name

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the runs: nothing of the developer's own settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZENML_", "TRENDING_"))}
        return {
            **kept,
            "ZENML_CONFIG_PATH": str(self.folder / "zenml"),
            "ZENML_LOCAL_STORES_PATH": str(self.folder / "stores"),
            "ZENML_ANALYTICS_OPT_IN": "false",
            "TRENDING_HOME": str(self.home),
            "TRENDING_ENCODER": self.encoder,
        }

    def run(self, *arguments: str, timeout: int = 300) -> subprocess.CompletedProcess[str]:
        """Run the command line and return how it ended."""
        command = [sys.executable, str(self.root / "run.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=self.environment, cwd=self.root, check=False)

    def train(self, *arguments: str, timeout: int = 300) -> dict[str, Any]:
        """Run the training pipeline and return what it says with `--json`."""
        outcome = self.run("--pipeline", "training", "--json", *arguments, timeout=timeout)
        assert outcome.returncode == 0, outcome.stderr
        result: dict[str, Any] = json.loads(outcome.stdout)
        return result

    def ingest(self, *arguments: str) -> dict[str, Any]:
        """Run the ingestion pipeline and return what it says with `--json`."""
        outcome = self.run("--pipeline", "ingestion", "--json", *arguments)
        assert outcome.returncode == 0, outcome.stderr
        result: dict[str, Any] = json.loads(outcome.stdout)
        return result

    def with_home(self, name: str) -> Runner:
        """Return a runner with a home of its own, and no encoder, beside the same ZenML state."""
        return replace(self, home_name=name, encoder="none")

    def with_encoder(self, *made: Path) -> Runner:
        """Return a runner whose releases carry the encoder, if its weights are installed, and whose home has what was made already: folders of a cache."""
        for folder in made:
            shutil.copytree(folder, self.home / "cache" / folder.name, dirs_exist_ok=True)
        return replace(self, encoder="auto")

    def python(self, code: str) -> Any:
        """Run Python beside the runs' ZenML state and return the JSON it prints last."""
        # ZenML takes the place of the main script as the root of all sources; code given on the command line has none.
        code = f"from zenml.utils import source_utils\nsource_utils.set_custom_source_root({str(self.root)!r})\n{code}"
        outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=self.environment, cwd=self.root, check=False)
        assert outcome.returncode == 0, outcome.stderr
        return json.loads(outcome.stdout.strip().splitlines()[-1])

    def current(self) -> str | None:
        """Return what `CURRENT` names."""
        pointer = self.home / "releases" / "CURRENT"
        return pointer.read_text(encoding="utf-8").strip() if pointer.exists() else None
