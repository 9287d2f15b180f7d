"""Building and publishing versions of the ingested data."""
