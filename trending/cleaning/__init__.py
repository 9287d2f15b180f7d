"""Normalise, deduplicate, group and quarantine titles; every row in is accounted for on the way out."""

from trending.cleaning.clean import CleaningReport, CleaningResult, clean_titles

__all__ = ["CleaningReport", "CleaningResult", "clean_titles"]
