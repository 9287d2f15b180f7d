"""Configuration of pipelines: a YAML file per use, overridden key by key from the command line, checked before ZenML is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from trending.cleaning.rights import DEFAULT_TRAINABLE, check_patterns
from trending.errors import UsageError
from trending.evaluation.baselines import BASELINE
from trending.models.base import MODEL_KINDS, build_model
from trending.sources import SourceConfig

CONFIGS = Path(__file__).parent / "configs"


class TrainingConfig(SourceConfig):
    """Keys of `configs/training*.yaml`: those of the source, and what is learnt."""

    rights: list[str] = Field(list(DEFAULT_TRAINABLE), description="Rights classes that may be learnt from and shipped.")
    seed: int = Field(17, ge=0, le=2**31 - 1)
    models: list[str] = Field(list(MODEL_KINDS), min_length=1, description="What is trained beside the baseline; the best on validation titles is published.")
    model_params: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Hyper-parameters per model that differ from its defaults.")

    def source_config(self) -> SourceConfig:
        """Return the part that says where titles come from."""
        return SourceConfig(**self.model_dump(include=set(SourceConfig.model_fields)))

    def check(self) -> None:
        """Refuse what pydantic can't see: rights patterns, parameters of models.

        Raises:
            UsageError: If a value can't be used.
        """
        check_patterns(self.rights)
        for kind in self.models:
            build_model(kind)
        if set(self.models) == {BASELINE}:
            raise UsageError(
                "the baseline alone can't be published", where="models", mend=f"add one of: {', '.join(kind for kind in MODEL_KINDS if kind != BASELINE)}"
            )
        for kind, params in self.model_params.items():
            build_model(kind, params)


def load_config(pipeline: str, path: str | None, overrides: list[str]) -> TrainingConfig:
    """Read a pipeline's configuration.

    Args:
        pipeline: Names the default file in `configs/`.
        path: Another file.
        overrides: `KEY=VALUE` with YAML values; dots reach into nested keys (`columns.plot=overview`).

    Raises:
        UsageError: If the file or a key or value can't be used.
    """
    file = Path(path) if path else CONFIGS / f"{pipeline}.yaml"
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError as error:
        raise UsageError("no such configuration", where=str(file), mend=f"those that ship are in {CONFIGS.name}/") from error
    except (yaml.YAMLError, OSError, ValueError) as error:
        raise UsageError(f"not readable as YAML ({error})", where=str(file)) from error
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise UsageError("must hold KEY: VALUE lines", where=str(file))
    for override in overrides:
        _apply(values, override)
    try:
        config = TrainingConfig(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        known = ", ".join(sorted(TrainingConfig.model_fields))
        mend = f"known keys: {known}" if first["type"] == "extra_forbidden" else f"got {str(first['input'])[:80]!r}"
        raise UsageError(first["msg"], where=f"configuration key {key!r}", mend=mend) from error
    config.check()
    return config


def _apply(values: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise UsageError(f"{override!r} is not KEY=VALUE", where="--set")
    try:
        value = yaml.safe_load(text) if text else None
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"value of {key!r} is not readable as YAML", where="--set", mend="quote it, as in --set 'rights=[open_*]'") from error
    *parents, last = key.split(".")
    place = values
    for parent in parents:
        place = place.setdefault(parent, {})
        if not isinstance(place, dict):
            raise UsageError(f"{parent!r} holds a value, not keys", where=f"--set {key}")
    place[last] = value
