"""Benchmarks: each prints our figure and the reference's from the same run. Start them with `python -m benchmarks`."""
