"""Versions of the ingested data: deterministic Parquet, a manifest that accounts for every row, and DVC behind an atomic pointer."""
