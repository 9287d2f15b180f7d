"""Putting a new data version's tables together."""
