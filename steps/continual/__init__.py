"""Steps of continual learning: whether to learn anew, from what, whether it may replace what is served."""
