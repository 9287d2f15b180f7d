"""Checks of the data itself: the schema every table of titles keeps, and the data card that describes one."""
