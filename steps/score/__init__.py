"""Scoring of a whole catalogue with a released model."""
