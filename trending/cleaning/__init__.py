"""Normalise, deduplicate, group and quarantine titles; every row in is accounted for on the way out."""
