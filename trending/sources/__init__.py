"""Where titles come from: files in common formats, and the starter catalogue that ships with the project."""

from trending.sources.base import Source, SourceConfig, open_source

__all__ = ["Source", "SourceConfig", "open_source"]
