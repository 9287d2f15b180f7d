"""Put the titles that will be scored into a file that can be streamed."""

from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import FolderMaterializer, new_folder
from trending.scoring.titles import stage_titles as stage
from trending.sources import SourceConfig, open_source


@step(
    cache_policy=depend_on(
        "scoring/__init__.py", "scoring/titles.py", "sources", "cleaning", "datasets", "validation", "ingestion/database.py", "trends/signals.py"
    ),
    output_materializers={"staged_titles": FolderMaterializer},
)
def stage_titles(
    source: dict[str, Any], fingerprint: str, rights: list[str]
) -> tuple[Annotated[Path, "staged_titles"], Annotated[dict[str, Any], "staging_report"]]:
    """Return a folder with the clean titles of the source, and how many there are.

    Args:
        source: A `SourceConfig`.
        fingerprint: Hash of the source's content: a changed file is read again, an unchanged one comes from the cache.
        rights: Patterns of the rights classes that may be shown: there must be some.
    """
    folder = new_folder("staged") / "titles"
    staged = stage(open_source(SourceConfig(**source)), folder, rights)
    log_metadata({"fingerprint": fingerprint, **staged.as_dict()})
    return folder, staged.as_dict()
