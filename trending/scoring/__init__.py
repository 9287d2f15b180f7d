"""Scoring of a whole catalogue with a released model: titles are read, scored and written a batch at a time."""

TITLES_FILE = "titles.parquet"
PREDICTIONS_FILE = "predictions.parquet"
