"""What models see of a title."""
