"""What is trending."""
