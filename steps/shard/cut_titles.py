"""Cut the staged titles into shards."""

from pathlib import Path
from typing import Annotated

from zenml import log_metadata, step

from steps.caching import depend_on
from steps.folders import ShardsMaterializer, discard, new_folder
from trending.scoring import TITLES_FILE
from trending.scoring.shards import cut_titles as cut


@step(
    cache_policy=depend_on("scoring/__init__.py", "scoring/predictions.py", "scoring/shards.py"),
    output_materializers={"title_shards": ShardsMaterializer},
)
def cut_titles(titles: Path, shards: int, batch_size: int) -> Annotated[Path, "title_shards"]:
    """Return a folder of shards, over which scoring is mapped.

    Args:
        titles: Staged titles.
        shards: How many are wanted; small catalogues make fewer.
        batch_size: Titles that will be scored together.
    """
    folder = new_folder("cut") / "shards"
    sizes = cut(titles / TITLES_FILE, folder, shards, batch_size)
    discard(titles)
    log_metadata({"shards": len(sizes), "titles": sum(sizes), "largest": max(sizes)})
    return folder
