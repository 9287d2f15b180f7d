"""Judging models and choosing among them."""
