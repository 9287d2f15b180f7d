"""Makes a Python see only what the serving image has: on `PYTHONPATH`, it hides every distribution that the lock in `SERVING_LOCK` doesn't name."""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

_NOT_COPIED = {"pipelines", "stacks", "steps", "tests", "benchmarks"}
_STAND_INS = {"xgboost": "xgboost-cpu"}  # here: in the image


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class _Hide:
    def __init__(self, hidden: set[str]) -> None:
        self._hidden = hidden

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] in self._hidden:
            raise ModuleNotFoundError(f"No module named {name!r} in the serving image", name=name)


def _find_hidden(lock: Path) -> set[str]:
    locked = set(re.findall(r"^([a-z0-9-]+)==", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)) | {"trending-now"}
    found = {package: {_STAND_INS.get(_canonical(name), _canonical(name)) for name in names} for package, names in packages_distributions().items()}
    return {package for package, names in found.items() if not names & locked} | _NOT_COPIED


sys.meta_path.insert(0, _Hide(_find_hidden(Path(os.environ["SERVING_LOCK"]))))
