"""ZenML steps: one per file, a few lines each over `trending/`; a folder per stage of the pipelines."""
