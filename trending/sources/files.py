"""Titles from CSV, JSONL or Parquet files, local or remote (fsspec), read as a stream."""

from __future__ import annotations

import codecs
import csv
import hashlib
import json
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import PurePosixPath
from typing import IO, Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from trending.errors import InputError, UsageError
from trending.sources.base import SourceConfig
from trending.sources.presets import resolve_columns

_FORMATS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet"}
_BATCH_ROWS = 2_048
_PEEK_ROWS = 100


class FileSource:
    """One file of titles; see `trending.sources.presets` for how its columns are found."""

    def __init__(self, config: SourceConfig) -> None:
        """Remember the configuration; nothing is opened yet."""
        self.path = config.path or ""
        self.config = config
        name = PurePosixPath(self.path.replace("\\", "/")).name
        bare = name[: -len(".gz")] if name.lower().endswith(".gz") else name
        self.name = config.constants.get("source") or bare.partition(".")[0]
        self.format = _FORMATS.get(PurePosixPath(bare).suffix.lower(), "")

    def check(self) -> None:
        """Open the file, read its columns and first row; raise `InputError` on anything that would fail later."""
        if not self.format:
            raise InputError("unknown file type", where=self.path, mend=f"give one of: {', '.join(sorted(_FORMATS))} (text ones also as .gz)")
        if next(iter(self.records()), None) is None:
            raise InputError("the file has no rows", where=self.path, mend="give a file with a header and at least one title")

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file and of how it is read."""
        digest = hashlib.sha256(self.config.model_dump_json(exclude={"path"}).encode())
        with self._open("rb", compression=None) as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield one mapping per row, from Title column to value."""
        return islice(self._mapped(), self.config.limit)

    def _mapped(self) -> Iterator[dict[str, Any]]:
        rows = self._rows()
        available = next(rows, None)
        if available is None:
            return
        mapping, constants = resolve_columns(list(available), self.config.preset, self.config.columns, self.config.constants, self.path)
        fixed = {"source": self.name, **constants}
        for row in rows:
            yield {**fixed, **{name: row[column] for name, column in mapping.items() if row.get(column) is not None}}

    def _rows(self) -> Iterator[Mapping[str, Any]]:
        """Yield first a mapping whose keys are the file's columns, then its rows."""
        match self.format:
            case "csv":
                return self._csv_rows()
            case "jsonl":
                return self._jsonl_rows()
            case _:
                return self._parquet_rows()

    def _csv_rows(self) -> Iterator[Mapping[str, Any]]:
        csv.field_size_limit(sys.maxsize)  # the length of a plot is judged by cleaning, which says why
        delimiter = "\t" if ".tsv" in self.path.lower()[-7:] else ","
        with self._open("rt") as stream:
            reader = csv.DictReader(stream, delimiter=delimiter, restkey="", strict=True)
            try:
                names = reader.fieldnames or []
                repeated = next((name for name in names if names.count(name) > 1), None)
                if repeated is not None:
                    raise InputError(f"two columns are named {repeated!r}", where=self.path, mend="rename one of them")
                if names:
                    yield dict.fromkeys(names, "")
                yield from reader
            except csv.Error as error:
                raise InputError(f"not readable as CSV ({error})", where=f"{self.path}:{reader.line_num}") from error

    def _jsonl_rows(self) -> Iterator[Mapping[str, Any]]:
        with self._open("rt") as stream:
            rows = self._parse_lines(stream)
            # Later lines may have fields that the first one lacks: those of the first hundred count as the file's columns.
            head = list(islice(rows, _PEEK_ROWS))
            if head:
                yield {name: None for row in head for name in row}
            yield from head
            yield from rows

    def _parse_lines(self, stream: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line, parse_constant=lambda _: None)  # NaN and Infinity, which pandas writes, are no values
            except (ValueError, RecursionError) as error:
                raise InputError(f"not a line of JSON ({error})", where=f"{self.path}:{number}", mend="each line must be one JSON object") from error
            if not isinstance(row, dict):
                raise InputError(f"a JSON {type(row).__name__} where an object is needed", where=f"{self.path}:{number}")
            yield row

    def _parquet_rows(self) -> Iterator[Mapping[str, Any]]:
        with self._open("rb", compression=None) as stream:
            try:
                file = pq.ParquetFile(stream)
                yield dict.fromkeys(file.schema_arrow.names)
                schema = pa.schema([field.with_type(pa.string()) if pa.types.is_binary(field.type) else field for field in file.schema_arrow])
                for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                    yield from batch.cast(schema).to_pylist()
            except (pa.ArrowException, OSError) as error:
                raise InputError(
                    f"not readable as Parquet ({_first_line(error)})", where=self.path, mend="write the file again; it may be cut short"
                ) from error

    @contextmanager
    def _open(self, mode: str, compression: str | None = "infer") -> Iterator[IO[Any]]:
        text = {"encoding": self.config.encoding, "newline": ""} if "t" in mode else {}
        try:
            with fsspec.open(self.path, mode, compression=compression, **text) as stream:
                yield stream
        except FileNotFoundError as error:
            raise InputError("no such file", where=self.path, mend="check the path") from error
        except (IsADirectoryError, PermissionError) as error:
            raise InputError(f"can't be opened ({error.strerror})", where=self.path, mend="give a file you may read") from error
        except UnicodeDecodeError as error:
            raise InputError(
                f"not {error.encoding} text (byte {self._find_bad_byte():,})", where=self.path, mend="save it as UTF-8, or add --set encoding=NAME"
            ) from error
        except (EOFError, OSError, zlib.error) as error:
            raise InputError(f"can't be read ({_first_line(error)})", where=self.path, mend="the file may be cut short") from error
        except LookupError as error:
            raise UsageError(str(error), where="encoding") from error
        except (ImportError, ValueError) as error:
            raise InputError(f"can't be opened ({_first_line(error)})", where=self.path) from error

    def _find_bad_byte(self) -> int:
        """Return where the text stops being readable; the reader's own error counts from the start of its buffer."""
        decoder = codecs.getincrementaldecoder(self.config.encoding)()
        read = 0
        with self._open("rb") as stream:
            while chunk := stream.read(1 << 20):
                pending = len(decoder.getstate()[0])
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    return read - pending + error.start
                read += len(chunk)
        return read


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
