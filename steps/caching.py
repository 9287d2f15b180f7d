"""What a step's cached result depends on: ZenML hashes a step's own body, and ours are thin, so the domain code behind it is declared here."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from zenml.config.cache_policy import CachePolicy

import trending

SOURCE_ROOT = Path(trending.__file__).resolve().parents[1]
_LIBRARIES = (
    "accelerate",
    "deepchecks",
    "duckdb",
    "feast",
    "ftfy",
    "iterative-stratification",
    "numpy",
    "onnx",
    "onnxruntime",
    "optuna",
    "pandas",
    "py3langid",
    "pyarrow",
    "rapidfuzz",
    "scikit-learn",
    "scipy",
    "tokenizers",
    "torch",
    "transformers",
    "usearch",
    "w3lib",
    "xgboost",
)
_SHARED = (
    "trending/errors.py",
    "trending/files.py",
    "trending/folders.py",
    "trending/genres.py",
    "trending/predictions.py",
    "trending/processes.py",
    "trending/provenance.py",
    "trending/settings.py",
    "trending/tables.py",
    "trending/telemetry.py",
    "trending/titles.py",
    "steps/folders.py",
    "steps/materializers.py",
)


def depend_on(*places: str) -> CachePolicy:
    """Return a policy under which an edit to any of `places` (modules or packages under `trending/`, by path) runs the step again.

    Raises:
        FileNotFoundError: If a place doesn't exist, so that a renamed module can't drop out of the cache key unseen.
    """
    files = set(_SHARED)
    for place in places:
        path = SOURCE_ROOT / "trending" / place
        found = list_files(path) if path.is_dir() else [path]
        if not found or not all(one.is_file() for one in found):
            raise FileNotFoundError(f"no code at {path}")
        files |= {one.relative_to(SOURCE_ROOT).as_posix() for one in found}
    return CachePolicy(file_dependencies=sorted(files), cache_func=describe_libraries)


def list_files(folder: Path) -> list[Path]:
    """Return code and the data that lie beside it, such as lists of words and fitted scorers: both decide what a step makes."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def describe_libraries() -> str:
    """Return the versions of the libraries whose results steps store: another scikit-learn fits another model."""
    return " ".join(f"{name}={version(name)}" for name in _LIBRARIES)
