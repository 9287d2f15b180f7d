"""Telling Weights & Biases of a run, and no more than the record holds. Whoever calls has opened the run, and finishes it.

What the SDK would otherwise send by itself (code, console, packages, machine, command line) is turned off in one place, `SETTINGS`.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trending.errors import UsageError
from trending.releases.bundle import MODEL_CARD, MODEL_DIR
from trending.releases.manifest import MANIFEST_FILE
from trending.tracking.record import RunRecord

if TYPE_CHECKING:
    import wandb

COLLECTION = "trending-now-genres"
TARGET = f"wandb-registry-model/{COLLECTION}"
# Of `wandb.init`: nothing is sent that isn't logged below. Code and git state are asked for by accounts and environments, so they are refused too.
SETTINGS: dict[str, Any] = {
    "console": "off",
    "silent": True,
    "disable_code": True,
    "disable_git": True,
    "host": "",
    "x_disable_machine_info": True,  # hardware, its load, and how the process was started
    "x_save_requirements": False,
}
_AXES = ("epoch", "round")  # what a history may number its rows by
log = logging.getLogger(__name__)


def set_defaults(home: Path) -> None:
    """Let W&B write under `home` and be still, in this process; what the user has set stays.

    Files of artifacts are copied aside and sent from there, if offline by a later `wandb sync`: they must lie where they aren't cleared away.
    """
    folder = home / "wandb"
    folder.mkdir(parents=True, exist_ok=True)
    defaults = {
        "WANDB_PROJECT": "trending-now",
        "WANDB_DIR": str(home),  # runs lie in a folder `wandb` of it
        "WANDB_DATA_DIR": str(folder),
        "WANDB_CACHE_DIR": str(home / "cache" / "wandb"),
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_SILENT": "true",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def log_to_wandb(record: RunRecord, bundle: Path) -> str:
    """Log a record and the release's model into the run that is open, and link the model in the registry.

    Args:
        record: What is logged.
        bundle: The release's folder, of which the model, the manifest and the model card are taken: the catalogue's rows stay here.

    Returns:
        What became of the link: `linked`, `waiting` for the run to be synced, `refused`, or `none` if W&B is disabled.

    Raises:
        UsageError: If no run is open.
    """
    import wandb

    run = wandb.run
    if run is None:
        raise UsageError("no W&B run is open", where="wandb", mend="call wandb.init, or run the pipeline on a stack with the tracker")
    run.config.update({**record.config, "registry": {"target": TARGET, "aliases": list(record.aliases)}})  # type: ignore[no-untyped-call]
    for name, rows in record.curves.items():
        _log_curve(run, name, rows)
    run.log({f"tables/{name}": _to_table(frame) for name, frame in record.tables.items() if len(frame)})
    artifact = wandb.Artifact(COLLECTION, type="model", metadata={"release": record.release, "champion": record.champion, **record.config["code"]})
    artifact.add_dir(str(bundle / MODEL_DIR), name=MODEL_DIR)
    for file in (MANIFEST_FILE, MODEL_CARD):
        artifact.add_file(str(bundle / file))
    logged = run.log_artifact(artifact, aliases=list(record.aliases))
    link = _link(run, logged, record)
    run.summary.update({**record.metrics, "champion": record.champion, "release": record.release, "registry": link})
    return link


def _log_curve(run: wandb.Run, name: str, rows: list[dict[str, float]]) -> None:
    """Log the rounds of one model over their own number: those of several models aren't steps of one thing."""
    axis = f"curves/{name}/round"
    run.define_metric(axis, hidden=True)
    run.define_metric(f"curves/{name}/*", step_metric=axis)
    for index, row in enumerate(rows, start=1):
        figures = {f"curves/{name}/{key}": value for key, value in row.items() if key not in _AXES}
        run.log({axis: next((row[key] for key in _AXES if key in row), index), **figures})


def _to_table(frame: pd.DataFrame) -> wandb.Table:
    import wandb

    columns: list[str | int] = [str(name) for name in frame.columns]
    rows: list[Iterable[Any]] = [[_simplify(cell) for cell in row] for row in frame.astype(object).to_numpy()]
    return wandb.Table(columns=columns, data=rows, allow_mixed_types=True)


def _simplify(cell: Any) -> Any:
    value = cell.item() if isinstance(cell, np.generic) else cell
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)


def _link(run: wandb.Run, artifact: wandb.Artifact, record: RunRecord) -> str:
    if run.disabled:
        return "none"
    if run.offline:
        # The SDK keeps no record of a link for later, and says NotImplementedError: `trending.tracking.registry` makes it once the run was synced.
        return "waiting"
    try:
        run.link_artifact(artifact, TARGET, aliases=list(record.aliases))
    except Exception as error:  # whatever a server says to it: the release is published, and the run logged
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        log.warning("%s: release %s was not linked in the W&B registry (%s)", TARGET, record.release, reason)
        return "refused"
    return "linked"
