"""What is said of each title: predicted genres and insights."""
