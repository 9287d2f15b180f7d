"""Stacks as YAML, one file each: what a pipeline runs on is chosen by name, and no pipeline knows."""
