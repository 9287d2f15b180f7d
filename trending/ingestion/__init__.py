"""From snapshots to the tables of a data version: clean, merge with what is there, match, link, score. Streams; holds narrow columns only."""
