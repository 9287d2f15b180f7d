"""Cleaning titles, with an account of every row."""
