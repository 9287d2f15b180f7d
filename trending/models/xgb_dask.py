"""XGBoost's trees grown by several processes that hold a share of the titles each, through Dask: on this machine, or on those of a cluster.

What is kept per title (features, labels, margins, gradients) is shared out, so memory per process falls with their number; histograms of the features are
added up between them at every split. Everything before the trees, the probes they split on, is still learnt in one process.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trending.errors import UsageError
from trending.features.labels import IntMatrix

if TYPE_CHECKING:
    from xgboost import Booster

Floats = npt.NDArray[np.float32]
Part = tuple[Floats, IntMatrix]


def check_dask() -> None:
    """Refuse several workers where Dask's own part for that isn't installed.

    Raises:
        UsageError: If so.
    """
    try:
        importlib.import_module("distributed")
    except ImportError as error:
        mend = "install the project with [scale]"
        raise UsageError("needs Dask's scheduler, which isn't installed", where="xgboost with several workers", mend=mend) from error


@contextmanager
def open_cluster(workers: int) -> Iterator[Any]:
    """Yield a client of the cluster that `DASK_SCHEDULER_ADDRESS` names; without one, of `workers` processes on this machine, which end with the block.

    Args:
        workers: Processes, of one thread each.

    Raises:
        UsageError: If Dask isn't installed, or its cluster can't be reached.
    """
    check_dask()
    dask, distributed = importlib.import_module("dask"), importlib.import_module("distributed")
    with ExitStack() as stack:
        address = dask.config.get("scheduler-address", None)
        if address is None:
            settings = {"n_workers": workers, "threads_per_worker": 1, "processes": True, "host": "127.0.0.1", "dashboard_address": None}
            address = stack.enter_context(distributed.LocalCluster(**settings, silence_logs=logging.ERROR))
        try:
            client = stack.enter_context(distributed.Client(address))
        except OSError as error:
            mend = "is it running? Without DASK_SCHEDULER_ADDRESS processes of this machine are used"
            raise UsageError(f"Dask's cluster doesn't answer at {address}", where="DASK_SCHEDULER_ADDRESS", mend=mend) from error
        yield client


def grow_apart(
    params: dict[str, Any], rounds: int, patience: int, learnt: Part, held: Part | None, intercepts: Floats, workers: int
) -> tuple[Booster, list[dict[str, float]]]:
    """Grow trees, a share of the titles in each process.

    The samples of rows are drawn in each process for itself: the trees are others than one process would grow, and as good.

    Args:
        params: XGBoost's own.
        rounds: At most.
        patience: Rounds without a gain on validation titles before it stops.
        learnt: Features, shape (n, features), and labels, shape (n, 20), to learn from.
        held: The same of titles that say when to stop; without them all rounds are grown.
        intercepts: What every genre begins at, shape (20,).
        workers: Processes.

    Returns:
        The booster, and loss on validation titles round by round.
    """
    dxgb = importlib.import_module("xgboost.dask")
    xgboost = importlib.import_module("xgboost")
    stop = xgboost.callback.EarlyStopping(rounds=patience, metric_name="logloss", data_name="validation", save_best=True)
    with open_cluster(workers) as client:
        train = _share_out(client, learnt, intercepts, params["max_bin"], workers)
        evals = [(_share_out(client, held, intercepts, params["max_bin"], workers, train), "validation")] if held else []
        grown = dxgb.train(client, {**params, "nthread": 1}, train, rounds, evals=evals, callbacks=[stop] if held else [], verbose_eval=False)
    losses = grown["history"].get("validation", {}).get("logloss", [])
    return grown["booster"], [{"round": number, "loss": float(loss)} for number, loss in enumerate(losses, 1)]


def _share_out(client: Any, part: Part, intercepts: Floats, max_bin: int, workers: int, like: Any = None) -> Any:
    dxgb = importlib.import_module("xgboost.dask")
    array = importlib.import_module("dask.array")
    rows, labels = part
    ends = np.linspace(0, len(rows), min(workers, len(rows)) + 1).astype(int)

    def spread(values: Any) -> Any:
        pieces = [values[begin:end] for begin, end in pairwise(ends)]
        futures = client.scatter(pieces, hash=False)
        found = [array.from_delayed(future, piece.shape, piece.dtype) for future, piece in zip(futures, pieces, strict=True)]
        return array.concatenate(found)

    start = np.tile(intercepts, (len(rows), 1))
    return dxgb.DaskQuantileDMatrix(client, spread(rows), spread(labels), base_margin=spread(start), max_bin=max_bin, ref=like)
