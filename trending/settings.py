"""Settings of the machine the project runs on, from `TRENDING_*` environment variables.

What a pipeline does is set by its YAML config and `--set`; what is here is only where things lie and how the services behave.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from trending.errors import UsageError


class Settings(BaseSettings):
    """Every setting, its default and its limits; each is read from the variable `TRENDING_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="TRENDING_", extra="ignore")

    home: Path = Field(Path("var"), description="Folder for all that the project writes: releases and caches.")
    releases: str = Field("", description="Where releases lie: a folder or an fsspec address such as s3://bucket/releases.")
    data: str = Field("", description="Where data versions lie: a folder or an fsspec address such as s3://bucket/data.")
    contact: str = Field(
        "https://example.org/trending-now",
        pattern=r"^[\x21-\x7e]+$",
        description="Where a site's owner reaches whoever runs the crawls: a page or an e-mail address, sent with every request.",
    )
    author_salt: SecretStr | None = Field(None, description="Key of reviewers' pseudonyms, where several machines must agree; else one is kept in `home`.")
    tmdb_key: SecretStr | None = Field(None, description="Your own TMDB key (v4 token or v3 key), for the source tmdb.")
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
    def releases_url(self) -> str:
        """Where releases lie: `TRENDING_RELEASES`, or `releases/` under the home folder."""
        return self.releases or str(self.home / "releases")

    @property
    def data_url(self) -> str:
        """Where data versions lie: `TRENDING_DATA`, or `data/` under the home folder."""
        return self.data or str(self.home / "data")

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
