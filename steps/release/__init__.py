"""Building and publishing release bundles."""
