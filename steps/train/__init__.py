"""Fitting genre models."""
