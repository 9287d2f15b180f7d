"""What models see of a title: its text with the genres' own names masked, and its labels as a matrix."""
