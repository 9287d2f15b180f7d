"""Settings of the machine the project runs on, from `TRENDING_*` environment variables.

What a pipeline does is set by its YAML config and `--set`; what is here is only where things lie and how the services behave.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from trending.errors import UsageError


def _split_commas(given: str | list[str]) -> list[str]:
    return [part.strip() for part in given.split(",") if part.strip()] if isinstance(given, str) else given


CommaList = Annotated[list[str], NoDecode, BeforeValidator(_split_commas)]


class Settings(BaseSettings):
    """Every setting, its default and its limits; each is read from the variable `TRENDING_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="TRENDING_", extra="ignore")

    home: Path = Field(Path("var"), description="Folder for all that the project writes: releases and caches.")
    releases: str = Field("", description="Where releases lie: a folder or an fsspec address such as s3://bucket/releases.")
    feature_store: str = Field("", description="Where the feature store lies: a folder, or an address such as s3://bucket/features.")
    data: str = Field("", description="Where data versions lie: a folder or an fsspec address such as s3://bucket/data.")
    experiments: str = Field("", description="Where the logs of experiments lie: a folder, or an address such as s3://bucket/experiments.")
    feedback: str = Field("", description="Where answers lie that were flagged: a folder, or an address such as s3://bucket/feedback.")
    contact: str = Field(
        "https://example.org/trending-now",
        pattern=r"^[\x21-\x7e]+$",
        description="Where a site's owner reaches whoever runs the crawls: a page or an e-mail address, sent with every request.",
    )
    author_salt: SecretStr | None = Field(None, description="Key of reviewers' pseudonyms, where several machines must agree; else one is kept in `home`.")
    actor: str = Field("", description="Who acts, as the audit trail names them; empty: the user and the machine.")
    tmdb_key: SecretStr | None = Field(None, description="Your own TMDB key (v4 token or v3 key), for the source tmdb.")
    encoder: str = Field(
        "auto", description="Weights of the sentence encoder: a folder, a hub id with @revision, `auto` (the installed package, if any) or `none`."
    )
    llm_model: str = Field("", description="LiteLLM's name of the model that writes insights and chats, such as openai/gpt-5-mini; empty: rules, no model.")
    llm_fallback_model: str = Field("", description="Asked when the first model fails; after it the offline provider answers.")
    llm_api_base: str = Field("", description="Address of an OpenAI-compatible server (Ollama, vLLM, llama.cpp); empty: the model's own.")
    llm_api_key: SecretStr | None = Field(None, description="Key of the model's service; LiteLLM also reads the service's own variable.")
    llm_timeout: float = Field(20.0, gt=0, le=600, description="Seconds until an answer has to be there, retries and fallbacks included.")
    llm_budget_usd: float = Field(1.0, ge=0, description="Most that models may cost in a day (UTC); beyond it the offline provider answers.")
    llm_requests_per_minute: int = Field(60, ge=1, le=100_000, description="Most calls of models in a minute; beyond it the offline provider answers.")
    api_keys: CommaList = Field([], description="Keys the REST API asks for in X-API-Key or as bearer token, separated by commas; none: open.")
    mcp_tokens: CommaList = Field([], description="Bearer tokens the MCP server takes over HTTP, separated by commas; needed beyond loopback.")
    allowed_hosts: CommaList = Field([], description="Host names (with port, or :*) that HTTP requests may name, beside loopback's; separated by commas.")
    cors_origins: CommaList = Field([], description="Origins whose pages may call the API, separated by commas.")
    rate_limit: str = Field("600/minute", pattern=r"^([1-9]\d{0,6}/(second|minute|hour))?$", description="Requests per client; empty: no limit.")
    log_format: Literal["", "json", "text"] = Field("", description="How services log; by default text on a terminal, else JSON.")
    metrics: Literal["", "emf"] = Field("", description="emf: services also write their metrics on stdout, a line a minute, as CloudWatch reads them.")
    monitoring: str = Field(
        "", description="Where recordings of what is asked and answered lie: a folder, an address such as s3://bucket/monitoring, or `off`."
    )
    monitoring_texts: bool = Field(False, description="Keep the texts that users write in the samples of recordings, beside their descriptors.")
    service_name: str = Field("trending-now", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="What logs, metrics and traces call the service.")
    max_body_bytes: int = Field(1_000_000, ge=1_000, le=100_000_000, description="Largest request body the API reads.")
    max_text_chars: int = Field(20_000, ge=100, le=1_000_000, description="Longest text the API scores.")

    @field_validator("home")
    @classmethod
    def _expand(cls, home: Path) -> Path:
        try:
            return home.expanduser().absolute()
        except RuntimeError as error:
            raise ValueError(str(error)) from error

    @property
    def feedback_url(self) -> str:
        """Where flagged answers lie: `TRENDING_FEEDBACK`, or `feedback/` under the home folder."""
        return self.feedback or str(self.home / "feedback")

    @property
    def releases_url(self) -> str:
        """Where releases lie: `TRENDING_RELEASES`, or `releases/` under the home folder."""
        return self.releases or str(self.home / "releases")

    @property
    def data_url(self) -> str:
        """Where data versions lie: `TRENDING_DATA`, or `data/` under the home folder."""
        return self.data or str(self.home / "data")

    @property
    def experiments_url(self) -> str:
        """Where the logs of experiments lie: `TRENDING_EXPERIMENTS`, or `experiments/` under the home folder."""
        return self.experiments or str(self.home / "experiments")

    @property
    def monitoring_url(self) -> str:
        """Where recordings lie: `TRENDING_MONITORING`, or `monitoring/` under the home folder; empty if nothing is recorded."""
        return "" if self.monitoring == "off" else self.monitoring or str(self.home / "monitoring")

    def key_of(self, source: str) -> str | None:
        """Return the API key of a live source, if one is set."""
        key = {"tmdb": self.tmdb_key}.get(source)
        return key.get_secret_value() if key else None

    @property
    def cache_dir(self) -> Path:
        """A folder whose loss costs time only."""
        return self.home / "cache"


@lru_cache(maxsize=1)
def load_settings() -> Settings:
    """Read the settings once per process.

    Raises:
        UsageError: If a `TRENDING_*` variable has a value that can't be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "TRENDING_" + str(first["loc"][0]).upper()
        raise UsageError(first["msg"], where=name, mend=f"got {first['input']!r}: change or unset it") from error
