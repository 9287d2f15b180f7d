"""When a request is tried again."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trending.sources.crawl.retry import BACKOFF_SECONDS, MAX_BACKOFF_SECONDS, backoff_seconds, parse_retry_after

NOW = dt.datetime(2026, 11, 24, 12, 0, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (b"120", 120.0),
        (b" 0 ", 0.0),
        (b"Tue, 24 Nov 2026 12:01:30 GMT", 90.0),
        (b"Tue, 24 Nov 2026 13:01:30 +0100", 90.0),
        (b"Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        (b"soon", None),
        (b"-5", None),
        (b"1.5", None),
        (b"\xb2", None),
        (b"", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: bytes | None, seconds: float | None) -> None:
    assert parse_retry_after(header, NOW) == seconds


@given(st.binary(max_size=40))
def test_no_header_breaks_the_crawl(header: bytes) -> None:
    found = parse_retry_after(header, NOW)
    assert found is None or found >= 0


@given(st.integers(1, 60))
def test_backoff_doubles_up_to_its_cap_and_half_of_it_is_chance(tries: int) -> None:
    longest = min(MAX_BACKOFF_SECONDS, BACKOFF_SECONDS * 2 ** (tries - 1))
    assert longest / 2 <= backoff_seconds(tries) <= longest
