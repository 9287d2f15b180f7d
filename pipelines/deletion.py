"""Removal of ZenML runs whose artifacts may hold rows that were asked to be deleted: `run.py data delete --purge`."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from pipelines.promotion import has_zenml
from trending.errors import TrendingError

if TYPE_CHECKING:
    from zenml.client import Client

_FORGOTTEN = "trending-now-forgotten"  # an artifact whose runs are forgotten: it goes once no other run uses it


def forget_runs(named: Collection[str], needed: Collection[str]) -> list[str]:
    """Remove runs, and of what they made all that no other run uses, data included; killed at any moment, it is brought to its end by the next call.

    Args:
        named: Runs to remove, as far as this machine's ZenML knows them.
        needed: Of all the others that worked with these stores, those that stay. One that goes on is removed too, and then fails.

    Returns:
        The names of those that were removed.

    Raises:
        TrendingError: If what they made can't be removed, such as from an artifact store that can't be reached from here; the rest is.
    """
    if not has_zenml():
        return []
    from pipelines.runner import connect_zenml, name_stores, quieten_zenml

    quieten_zenml()
    connect_zenml()
    from zenml import add_tags
    from zenml.client import Client
    from zenml.utils.pagination_utils import depaginate

    client, forgotten = Client(), []
    mine = depaginate(client.list_pipeline_runs, tags=[name_stores()])
    found = {run.name: run for run in mine if run.name not in needed}
    found |= {run.name: run for name in named for run in client.list_pipeline_runs(name=name)}
    for name, run in found.items():
        for artifact in {version.id for step in run.steps.values() for versions in step.outputs.values() for version in versions}:
            add_tags(tags=[_FORGOTTEN], artifact_version_id=artifact)
        client.delete_pipeline_run(run.id)
        forgotten.append(name)
    _remove_unused(client)
    return sorted(forgotten)


def _remove_unused(client: Client) -> None:
    """Remove artifacts of forgotten runs that no run uses any more."""
    from zenml.utils.pagination_utils import depaginate

    faults: list[str] = []
    for version in depaginate(client.list_artifact_versions, tags=[_FORGOTTEN], only_unused=True):
        try:
            client.delete_artifact_version(version.id, delete_from_artifact_store=True)
        except FileNotFoundError:  # killed between the data and what ZenML knows of them
            client.delete_artifact_version(version.id)
        except Exception as error:  # whatever an artifact store's library raises
            faults.append(f"{version.uri} ({type(error).__name__}: {error})")
    if faults:
        what = f"{len(faults)} artifacts of forgotten runs can't be removed, the first is {faults[0]}"
        raise TrendingError(what, where="ZenML", mend="make their artifact store reachable from here, then run the same again")
