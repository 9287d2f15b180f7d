"""The item pipeline all spiders share: records are checked, reviews lose their authors' names, and both records and failures are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import orjson
from scrapy.crawler import Crawler

from trending.sources.crawl.lines import LineFile
from trending.sources.crawl.snapshot import FAILURES, RECORDS
from trending.sources.crawl.spider import FailedItem
from trending.tables import KINDS

_WITHHELD = "withheld: it may name its author; the address has it"


class RecordWriter:
    """Writes the two files of a snapshot into the job's `out` folder."""

    def __init__(self, crawler: Crawler) -> None:
        """Take the folder to write to, and the salt that reviews' authors are hashed with."""
        self._stats: Any = crawler.stats
        self._folder, self._salt = Path(crawler.settings["CRAWL_OUT"]), bytes.fromhex(crawler.settings["CRAWL_SALT"])

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make it, as Scrapy does."""
        return cls(crawler)

    def open_spider(self) -> None:
        """Begin both files."""
        self._records, self._failures = LineFile(self._folder / RECORDS), LineFile(self._folder / FAILURES)

    def close_spider(self) -> None:
        """Finish both files."""
        self._records.close()
        self._failures.close()

    def process_item(self, item: Any) -> Any:
        """Write one item; what is no record becomes a failure."""
        if "record" not in item:
            self._write_failure(item)
            return item
        kind = item["kind"]
        try:
            line = self._line(kind, item["record"])
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            self._stats.inc_value(f"records/{kind}/parsed", -1)
            self._stats.inc_value(f"records/{kind}/failed")
            evidence = _WITHHELD if kind == "review" else repr(item["record"])[:2_000]
            self._write_failure(FailedItem(kind=kind, url="", reason=f"not a record: {type(error).__name__}: {error}"[:300], evidence=evidence))
        else:
            self._records.write(line)
        return item

    def _line(self, kind: str, record: Any) -> bytes:
        if kind not in KINDS or not isinstance(record, dict):
            raise ValueError(f"{kind} {type(record).__name__}")
        if kind == "review":
            from trending.reviews.privacy import pseudonymise_raw

            record = pseudonymise_raw(record, self._salt)
        return orjson.dumps({"kind": kind, "record": record}, option=orjson.OPT_APPEND_NEWLINE)

    def _write_failure(self, failure: FailedItem) -> None:
        kept = failure if failure["kind"] != "review" else {**failure, "evidence": _WITHHELD}
        self._failures.write(orjson.dumps(kept, option=orjson.OPT_APPEND_NEWLINE, default=str))
