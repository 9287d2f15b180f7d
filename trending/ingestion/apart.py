"""Cleans one shard and prints its account: `python -m trending.ingestion.apart SHARD FOLDER`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from trending.ingestion.shards import clean_shard
from trending.reviews.privacy import load_salt
from trending.settings import load_settings


def main() -> None:
    """Clean one shard."""
    parser = argparse.ArgumentParser(prog="python -m trending.ingestion.apart", description="Clean the records of a shard; print the account as JSON.")
    parser.add_argument("shard", type=Path, help="folder of records")
    parser.add_argument("folder", type=Path, help="of the clean rows; there, and empty")
    arguments = parser.parse_args()
    print(json.dumps(clean_shard(arguments.shard, arguments.folder, load_salt(load_settings().home)).as_dict()))


if __name__ == "__main__":
    main()
