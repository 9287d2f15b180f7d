"""Gates between cleaning and learning."""
