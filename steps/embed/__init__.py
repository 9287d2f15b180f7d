"""Meaning: the encoder, and the vectors of all titles."""
