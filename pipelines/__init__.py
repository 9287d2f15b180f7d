"""Pipelines that read as tables of contents, their configurations, and the runner that starts them."""
