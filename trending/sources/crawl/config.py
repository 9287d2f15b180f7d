"""Which live sources there are, what is known of each, and how a crawl of one is configured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

LiveName = Literal["tvmaze", "wikipedia", "tmdb", "netflix_top10", "schema_org"]


@dataclass(frozen=True)
class LiveSource:
    """What is known of a source before it is asked anything."""

    base_url: str  # empty where the user names the sites
    licence: str
    rights_class: str
    attribution: str
    delay: float  # seconds between requests to one host, as its terms or manners ask
    concurrency: int  # requests to one host at a time
    needs_key: bool = False


LIVE_SOURCES: dict[str, LiveSource] = {
    # At least 20 calls every 10 seconds are allowed from one address.
    "tvmaze": LiveSource("https://api.tvmaze.com", "CC BY-SA 4.0", "open_cc_by_sa", "TVmaze", delay=0.5, concurrency=2),
    # The API's etiquette: one request at a time is always fine, a user agent with a contact is required.
    "wikipedia": LiveSource("https://en.wikipedia.org", "CC BY-SA 4.0", "open_cc_by_sa", "Wikipedia", delay=0.25, concurrency=1),
    "tmdb": LiveSource("https://api.themoviedb.org", "TMDB API terms", "tmdb_restricted", "TMDB", delay=0.1, concurrency=4, needs_key=True),
    "netflix_top10": LiveSource("https://www.netflix.com", "published by Netflix for public use", "unclear", "Netflix Top 10", delay=1.0, concurrency=1),
    "schema_org": LiveSource("", "the site's own terms", "schema_org_restricted", "the site", delay=1.0, concurrency=2),
}
if set(LIVE_SOURCES) != set(get_args(LiveName)):
    raise ImportError("LIVE_SOURCES and LiveName disagree")


class CrawlConfig(BaseModel):
    """One crawl. What a source alone understands is in `options`, and its spider checks it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: LiveName
    base_url: str | None = Field(None, pattern=r"^https?://\S+$", description="Another address of the same service: a mirror, a recording.")
    since: str | None = Field(None, description="The watermark of the last published crawl, in the source's own terms; None fetches all.")
    limit: int | None = Field(None, ge=1, description="Stop asking for more after about so many titles.")
    delay: float | None = Field(None, ge=0, description="Seconds between requests to one host; by default what the source asks for.")
    concurrency: int | None = Field(None, ge=1, le=64, description="Requests to one host at a time; by default what the source asks for.")
    timeout: float = Field(60.0, gt=0, le=600, description="Seconds until a request is given up.")
    retries: int = Field(5, ge=0, le=20, description="How often a request that failed for the moment is tried again.")
    options: dict[str, Any] = Field(default_factory=dict, description="What only this source understands.")

    @property
    def known(self) -> LiveSource:
        """What is known of the source."""
        return LIVE_SOURCES[self.source]

    @property
    def root(self) -> str:
        """The address requests start from, without a closing slash."""
        return (self.base_url or self.known.base_url).rstrip("/")
