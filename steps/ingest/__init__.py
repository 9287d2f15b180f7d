"""Reading titles from a source."""
