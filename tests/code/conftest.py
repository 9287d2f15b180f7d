"""What tests of sources share: a writer of small files, and a reader that expects to be refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trending.errors import TrendingError
from trending.sources import SourceConfig, open_source

WriteFile = Callable[[str, str | bytes], str]
Refusal = Callable[..., TrendingError]
Read = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def write_file(tmp_path: Path) -> WriteFile:
    """Write `content` into a file of that name; returns its path."""

    def write(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return str(path)

    return write


@pytest.fixture
def read() -> Read:
    """Read a file to its end, as the pipeline would."""

    def read_all(path: str, **options: Any) -> list[dict[str, Any]]:
        return list(open_source(SourceConfig(source="files", path=path, **options)).records())

    return read_all


@pytest.fixture
def refusal(read: Read) -> Refusal:
    """Read a file to its end; returns the project's own error, which must be one line that doesn't show code."""

    def refuse(path: str, **options: Any) -> TrendingError:
        with pytest.raises(TrendingError) as caught:
            read(path, **options)
        assert len(str(caught.value).splitlines()) == 1
        assert "Traceback" not in str(caught.value)
        return caught.value

    return refuse
