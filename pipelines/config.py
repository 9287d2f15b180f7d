"""Configuration of pipelines: a YAML file per use, overridden key by key from the command line, checked before ZenML is imported."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from trending.cleaning.rights import DEFAULT_TRAINABLE, check_patterns
from trending.continual.settings import AssemblySettings, PromotionRules, TriggerSettings
from trending.errors import UsageError
from trending.evaluation.baselines import BASELINE
from trending.evaluation.costs import Budget
from trending.evaluation.suite_settings import ModelCheckSettings
from trending.insights.judging.settings import InsightCheckSettings
from trending.matching import MatchSettings
from trending.models.base import MODEL_KINDS, build_model
from trending.models.search import SearchBudget
from trending.models.spaces import SPACES
from trending.models.xgb_dask import check_dask
from trending.sources import SourceConfig
from trending.sources.crawl.config import LIVE_SOURCES, CrawlConfig, LiveName
from trending.validation.settings import CheckSettings, GateSettings

IngestedName = Literal[LiveName, "files", "starter"]
CONFIGS = Path(__file__).parent / "configs"


class _TitlesConfig(SourceConfig):
    """Keys of pipelines that read titles: those of the source."""

    def source_config(self) -> SourceConfig:
        """Return the part that says where titles come from."""
        return SourceConfig(**self.model_dump(include=set(SourceConfig.model_fields)))


class _ScaledConfig(BaseModel):
    """Keys of pipelines that can share work out."""

    scale: Literal["single", "sharded"] = Field("single", description="Whether work is shared out among processes, pods or jobs: see docs/scale.md.")
    shards: int | None = Field(None, ge=1, le=1_000, description="Among how many; by default as many as this machine has cores.")

    def check_scale(self) -> None:
        """Refuse shards of a run that has none.

        Raises:
            UsageError: If there are some.
        """
        if self.shards and self.scale == "single":
            raise UsageError(f"shards is {self.shards} but scale is single", where="scale", mend="add --set scale=sharded")

    def count_shards(self) -> int:
        """Return among how many work is shared out: 1 if it isn't."""
        return 1 if self.scale == "single" else self.shards or len(os.sched_getaffinity(0))


class TrainingConfig(_TitlesConfig, _ScaledConfig):
    """Keys of `configs/training*.yaml`: those of the source, and what is learnt."""

    pipeline: ClassVar[str] = "training"

    rights: list[str] = Field(list(DEFAULT_TRAINABLE), description="Rights classes that may be learnt from and shipped.")
    seed: int = Field(17, ge=0, le=2**31 - 1)
    models: list[str] = Field(list(MODEL_KINDS), min_length=1, description="What is trained beside the baseline; the best on validation titles is published.")
    model_params: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Hyper-parameters per model that differ from its defaults.")
    search: dict[str, SearchBudget] = Field(default_factory=dict, description="Hyper-parameters to search for: e.g. {xgboost: {trials: 20, minutes: 10}}.")
    budget: Budget = Field(default_factory=Budget, description="What the published model may cost: max_ms a title, max_megabytes.")
    checks: ModelCheckSettings = Field(default_factory=ModelCheckSettings, description="Conditions of deepchecks' checks on the champion.")
    insight_checks: InsightCheckSettings = Field(default_factory=InsightCheckSettings, description="What the writer of insights must hold: docs/insights.md.")
    market: str = Field("global", description="With an ingested version, whose signals the trending score reads: global or a country code.")
    ingestion: dict[str, Any] = Field(default_factory=dict, description="With a live source, keys of its ingestion, which runs first.")

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
        for kind in self.search:
            if kind not in SPACES or kind not in self.models:
                raise UsageError(f"no search for {kind!r}", where="search", mend=f"choose from those of models that can be searched: {', '.join(SPACES)}")
        self.check_scale()
        if self.scale == "sharded" and "xgboost" not in self.models:
            raise UsageError("in training only XGBoost's trees are shared out, and xgboost isn't trained", where="scale", mend="add xgboost to models")
        if self.list_params().get("xgboost", {}).get("workers", 1) > 1:
            check_dask()

    def list_params(self) -> dict[str, dict[str, Any]]:
        """Return the hyper-parameters per model that differ from its defaults, and among how many processes work is shared out."""
        if self.scale == "single":
            return self.model_params
        return self.model_params | {"xgboost": {"workers": self.count_shards()} | self.model_params.get("xgboost", {})}


class ContinualConfig(TrainingConfig):
    """Keys of `configs/continual_learning*.yaml`: those of training, and when, from what and under which rules a challenger is made."""

    pipeline: ClassVar[str] = "continual_learning"

    schedule: str | None = Field(
        None, pattern=r"^\S+( \S+){4}$", description="Don't run now, but have the stack's orchestrator run it: five fields of cron, such as 17 4 * * 3."
    )
    triggers: TriggerSettings = Field(default_factory=TriggerSettings, description="When there is reason to learn anew.")
    assembly: AssemblySettings = Field(default_factory=AssemblySettings, description="From what is learnt.")
    gate: PromotionRules = Field(default_factory=PromotionRules, description="What must hold before a challenger replaces the champion.")


class IngestionConfig(_ScaledConfig):
    """Keys of `configs/ingestion*.yaml`: where records come from, how they are asked for, and what must hold before a version is published."""

    model_config = ConfigDict(extra="forbid")
    pipeline: ClassVar[str] = "ingestion"

    source: Annotated[list[IngestedName], BeforeValidator(lambda given: [given] if isinstance(given, str) else given)] = Field(
        ["tvmaze"], description="One source or several: live ones, `files` or `starter`."
    )
    full: bool = Field(False, description="Ask live sources for everything, not only for what changed since the last version.")
    # YAML reads a bare number or day as such.
    since: Annotated[str | None, BeforeValidator(lambda given: None if given is None else str(given))] = Field(
        None, description="Begin at this watermark of the one live source instead of the last version's: see docs/sources.md."
    )
    base_url: str | None = Field(None, pattern=r"^https?://\S+$", description="Another address of the one live source: a mirror, a recording.")
    limit: int | None = Field(None, ge=1, description="Stop after about so many titles per source.")
    delay: float | None = Field(None, ge=0, description="Seconds between requests to one host; by default what the source asks for.")
    concurrency: int | None = Field(None, ge=1, le=64, description="Requests to one host at a time; by default what the source asks for.")
    timeout: float = Field(60.0, gt=0, le=600, description="Seconds until a request is given up.")
    retries: int = Field(5, ge=0, le=20, description="How often a request that failed for the moment is tried again.")
    options: dict[LiveName, dict[str, Any]] = Field(default_factory=dict, description="Per live source, what only it understands: see docs/sources.md.")
    path: str | None = Field(None, description="For `files`, as in training; so are preset, columns, constants and encoding.")
    preset: str = "auto"
    columns: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)
    encoding: str = "utf-8-sig"
    gates: GateSettings = Field(default_factory=GateSettings, description="What a crawl must hold, or the run ends here.")
    checks: CheckSettings = Field(default_factory=CheckSettings, description="Conditions of the deepchecks reports.")
    matching: MatchSettings = Field(default_factory=MatchSettings, description="When rows of several sources are the same title.")
    market: str = Field("global", description="Whose signals the trending score reads: global or a country code.")
    as_of: dt.date | None = Field(None, description="The day of the trending score; by default the end of the latest known period.")
    memory: str = Field("1GB", pattern=r"^([1-9]\d{2,} ?MB|[1-9]\d* ?GB)$", description="What DuckDB may hold in memory, from 100MB.")
    threads: int = Field(2, ge=1, le=256, description="Threads of DuckDB.")

    def crawl_config(self, source: LiveName, since: str | None) -> CrawlConfig:
        """Return the part that says how one live source is crawled."""
        shared = self.model_dump(include={"base_url", "limit", "delay", "concurrency", "timeout", "retries"})
        return CrawlConfig(source=source, since=None if self.full else self.since or since, options=self.options.get(source, {}), **shared)

    def source_config(self, source: str) -> SourceConfig:
        """Return the part that says how `files` or `starter` is read."""
        keys = {"path", "preset", "columns", "constants", "encoding", "limit"} if source == "files" else {"limit"}
        return SourceConfig(source=source, **self.model_dump(include=keys))

    def check(self) -> None:
        """Refuse what pydantic can't see.

        Raises:
            UsageError: If a value can't be used.
        """
        live = [name for name in self.source if name in LIVE_SOURCES]
        if len(set(self.source)) != len(self.source) or not self.source:
            raise UsageError("each source once, and at least one", where="source", mend=f"choose from: {', '.join((*LIVE_SOURCES, 'files', 'starter'))}")
        for name, value in (("base_url", self.base_url), ("since", self.since)):
            if value and len(live) != 1:
                raise UsageError(f"{name} goes with one live source", where=name, mend="run the sources one by one")
        if self.path and "files" not in self.source:
            raise UsageError(f"path is given but source is {', '.join(self.source)}", where="source", mend="add --set source=files")
        self.check_scale()
        if "files" in self.source and not self.path:
            raise UsageError("source 'files' needs a path", where="path", mend="add --set path=FILE.parquet (or .csv, .jsonl)")


class BatchScoringConfig(_TitlesConfig, _ScaledConfig):
    """Keys of `configs/batch_scoring*.yaml`: those of the source, and what scores it."""

    pipeline: ClassVar[str] = "batch_scoring"

    source: Literal["starter", "files", "catalogue", LiveName] = "catalogue"
    release: str = Field("current", description="The release whose model scores: its version, or current.")
    rights: list[str] = Field(list(DEFAULT_TRAINABLE), description="Rights classes that may be shown.")
    batch_size: int = Field(2_048, ge=1, le=65_536, description="Titles in memory at a time.")
    market: str = Field("global", description="With an ingested version, whose signals the trending score reads: global or a country code.")
    insight_checks: InsightCheckSettings = Field(default_factory=InsightCheckSettings, description="What the writer of insights must hold: docs/insights.md.")

    def check(self) -> None:
        """Refuse what pydantic can't see: rights patterns, shards of a run that has none.

        Raises:
            UsageError: If a value can't be used.
        """
        check_patterns(self.rights)
        self.check_scale()


ConfigType = TypeVar("ConfigType", TrainingConfig, ContinualConfig, IngestionConfig, BatchScoringConfig)


def load_config(config_type: type[ConfigType], path: str | None, overrides: list[str]) -> ConfigType:
    """Read a pipeline's configuration.

    Args:
        config_type: The model of its keys; names the default file in `configs/`.
        path: Another file.
        overrides: `KEY=VALUE` with YAML values; dots reach into nested keys (`columns.plot=overview`).

    Raises:
        UsageError: If the file or a key or value can't be used.
    """
    file = Path(path) if path else CONFIGS / f"{config_type.pipeline}.yaml"
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
        config = config_type(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        known = ", ".join(sorted(config_type.model_fields))
        mend = f"known keys: {known}" if first["type"] == "extra_forbidden" and len(first["loc"]) == 1 else f"got {str(first['input'])[:80]!r}"
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
