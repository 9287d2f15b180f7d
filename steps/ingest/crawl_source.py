"""Crawl one live source."""

from pathlib import Path
from typing import Annotated, Any

from zenml import ArtifactConfig, log_metadata, step

from steps.folders import copy_of
from trending.settings import load_settings
from trending.sources.crawl.config import CrawlConfig
from trending.sources.crawl.engine import crawl
from trending.sources.crawl.snapshot import read_snapshot


# Never cached: what a live source says is another thing each time.
@step(enable_cache=False)
def crawl_source(crawl_config: dict[str, Any]) -> Annotated[Path, ArtifactConfig(name="{source}_snapshot")]:
    """Fetch what is new and return the snapshot; a crawl that was killed goes on where it stopped.

    Args:
        crawl_config: A `CrawlConfig`, with the watermark of the last published version.
    """
    config = CrawlConfig(**crawl_config)
    settings = load_settings()
    key = settings.key_of(config.source)
    folder = crawl(config, settings.home, key=key)
    snapshot = read_snapshot(folder)
    counts = {f"{kind}_{name}": number for kind, one in snapshot.counts.items() for name, number in one.model_dump().items()}
    log_metadata({"source": config.source, "snapshot": snapshot.snapshot_id, "watermark": str(snapshot.watermark), **counts, **snapshot.http})
    return copy_of(folder)
