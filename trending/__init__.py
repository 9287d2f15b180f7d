"""The domain of Trending Now: titles, genres, models, judgement and releases, in plain Python.

Nothing here imports ZenML or a web framework: `steps/` and `apps/` are thin adapters over this package.
"""

__version__ = "0.1.0"
