"""The one door to deepchecks 0.19, which nobody maintains any more: made to work on numpy 2 and kept off the network."""

from __future__ import annotations

import logging
import os
import warnings
from importlib import import_module
from typing import Any

import numpy as np

# Names it uses that numpy 2 took away.
_NUMPY_1 = {"Inf": np.inf, "NINF": -np.inf, "infty": np.inf, "NaN": np.nan, "float_": np.float64, "unicode_": np.str_}
# Calls percentile with an argument that numpy 2.4 took away.
_ASKS_PERCENTILES = "deepchecks.tabular.checks.data_integrity.string_length_out_of_bounds"
# On import it would tell its makers of every use; its text checks bring libraries that ask a model hub.
_QUIET = {"DISABLE_LATEST_VERSION_CHECK": "True", "HF_HUB_OFFLINE": "1"}


def import_deepchecks(module: str) -> Any:
    """Import a part of deepchecks, such as `tabular` or `nlp.checks`; takes some five seconds the first time."""
    for name, value in _NUMPY_1.items():
        if not hasattr(np, name):
            setattr(np, name, value)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_module("deepchecks").set_verbosity(logging.ERROR)
        import_module(_ASKS_PERCENTILES).__dict__["np"] = _OlderNumpy()
        return import_module(f"deepchecks.{module}")


class _OlderNumpy:
    """numpy, but for `interpolation`, which is called `method` now; put into the module that needs it and into no other."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def percentile(self, values: Any, shares: Any, interpolation: Any = "linear") -> Any:
        """Return percentiles as `numpy.percentile` does."""
        return np.percentile(values, shares, method=interpolation)
