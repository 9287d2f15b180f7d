"""The starter catalogue as a data version with a planted title and planted reviews, and a search for what was planted in everything that was written."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.data.dataset_samples import make_tables, make_title
from trending.cleaning.clean import CleaningResult
from trending.tables import TITLE_SCHEMA

AUTHOR, TITLE, NAME = "f00dfeed" * 4, "shop:00077", "The Quibblefax Affair"
WORDS = "Quibblefax is how this reviewer signs"
PLOT = "A detective called Quibblefax hunts a thief through the canals of a drowned city, and finds that the thief is the mayor."
PLANTED = [text.encode() for text in (AUTHOR, TITLE, "Quibblefax", "quibblefax")]


def make_version(starter: CleaningResult) -> dict[str, list[dict[str, Any]]]:
    """Return the starter catalogue with a planted title, and planted reviews of others by one author."""
    tables = make_tables(0)
    titles = pa.Table.from_pandas(starter.titles, schema=TITLE_SCHEMA, preserve_index=False).to_pylist()
    planted = make_title(77, "shop", title=NAME, plot=PLOT, genres=["Crime"], group_id="planted")
    review = make_tables(1, ["shop"])["reviews"][0] | {"author_hash": AUTHOR, "rights_class": "open_cc_by_sa", "text": f"{WORDS}: a fine and moving film."}
    tables["titles"] = [*titles, planted]
    tables["reviews"] = [review | {"review_id": f"shop:r{number}", "title_id": titles[number]["title_id"]} for number in range(3)]
    tables["matches"] = [{"title_id": row["title_id"], "work_id": f"w{number}", "how": "single", "score": 1.0} for number, row in enumerate(tables["titles"])]
    tables["quarantine"] = []
    return tables


def read_bytes(path: Path) -> bytes:
    """Return what is in a file, unpacked where it is packed."""
    content = path.read_bytes()
    if content[:4] == b"PAR1":
        return str(pq.read_table(path).to_pylist()).encode()
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def find_planted(*folders: Path, words: list[bytes] | None = None) -> Iterator[Path]:
    """Yield the files that hold anything planted (or one of `words`), or are named after it."""
    for folder in folders:
        for path in [folder, *folder.rglob("*")]:
            if path.is_file() and any(word in read_bytes(path) or word in path.name.encode() for word in words or PLANTED):
                yield path
