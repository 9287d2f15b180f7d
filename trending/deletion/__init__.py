"""Deletion on request: what is asked for is remembered by a salted hash, leaves the data at once, and is kept out of whatever comes later."""
