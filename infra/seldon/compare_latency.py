"""How long the model servers take for one text, beside the project's API on the same release: prints a table of milliseconds.

`python infra/seldon/compare_latency.py API_URL CORE_1_URL CORE_2_URL`; all three must be running. Each is asked in turn, over one connection.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import httpx

_TEXT = "Two detectives search a fishing village for a missing child, and find that nobody there wants it to be found."


def _ask_each(urls: list[str]) -> list[tuple[str, str, dict[str, Any]]]:
    inputs = [{"name": "text", "datatype": "BYTES", "shape": [1], "data": [_TEXT]}]
    return [
        ("the project's API", f"{urls[0]}/v1/predict", {"texts": [_TEXT]}),
        ("Seldon Core 1's wrapper", f"{urls[1]}/api/v1.0/predictions", {"jsonData": {"texts": [_TEXT]}}),
        ("MLServer", f"{urls[2]}/v2/models/genres/infer", {"inputs": inputs, "outputs": [{"name": "prediction"}]}),
    ]


def measure(urls: list[str], requests: int) -> dict[str, list[float]]:
    """Return the milliseconds of each request, by server; the first ten of each aren't counted."""
    found: dict[str, list[float]] = {}
    with httpx.Client(timeout=60) as client:
        for number in range(requests + 10):
            for name, url, body in _ask_each(urls):
                started = time.perf_counter()
                client.post(url, json=body).raise_for_status()
                if number >= 10:
                    found.setdefault(name, []).append(1000 * (time.perf_counter() - started))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("urls", nargs=3, metavar="URL", help="of the API, of Seldon Core 1's wrapper, of MLServer")
    parser.add_argument("--requests", type=int, default=300, help="to each (default: %(default)s)")
    arguments = parser.parse_args()
    print(f"{'one text, ms':<26}{'p50':>8}{'p95':>8}")
    for name, taken in measure(arguments.urls, arguments.requests).items():
        print(f"{name:<26}{statistics.median(taken):>8.1f}{statistics.quantiles(taken, n=20)[-1]:>8.1f}")


if __name__ == "__main__":
    main()
