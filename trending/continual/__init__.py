"""Continual learning: whether there is reason to learn anew, from what, and whether what comes of it may replace what is served."""
