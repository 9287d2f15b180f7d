"""The domain of Trending Now: titles, genres, models, judgement and releases, in plain Python.

Nothing here imports ZenML or a web framework: `steps/` and `apps/` are thin adapters over this package.
"""

import os

__version__ = "0.1.0"

# Threads that wait by spinning starve each other wherever anything else runs: beside other work on two cores a fit of XGBoost took 44 to
# 130 s, and 8 s with threads that sleep. OpenMP reads this when the first library that brings it is loaded, be it scikit-learn.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
