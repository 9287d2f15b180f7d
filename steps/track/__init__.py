"""Telling an experiment tracker of a run."""
