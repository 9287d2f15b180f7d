"""The experiment tracker of the stack a run was started on: one step is attached to it, and only if there is one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from trending.errors import UsageError
from trending.settings import load_settings
from trending.tracking.wandb_run import SETTINGS, set_defaults

if TYPE_CHECKING:
    from zenml.models import ComponentResponse
    from zenml.steps import BaseStep

FLAVOR = "wandb"
SECRET, KEY = "wandb", "api_key"
_REFERENCE = f"{{{{{SECRET}.{KEY}}}}}"  # as stacks/local-wandb.yaml has it
_NO_KEY = "0" * 40  # ZenML's tracker wants one even where nobody asks for it
_WITHOUT_KEY = ("offline", "dryrun", "disabled")


def find_tracker() -> str | None:
    """Return the name of the active stack's experiment tracker; None if it has none, or none of Weights & Biases."""
    component = _find_component()
    return None if component is None else component.name


def _find_component() -> ComponentResponse | None:
    from zenml.client import Client
    from zenml.enums import StackComponentType

    found = Client().active_stack_model.components.get(StackComponentType.EXPERIMENT_TRACKER, [])
    return next((one for one in found if one.flavor_name == FLAVOR), None)


def attach(step: BaseStep) -> BaseStep:
    """Return the step that records the run, attached to the active stack's tracker if it has one.

    Attached, it isn't cached, for what it writes lies outside ZenML.

    Args:
        step: A step that takes `tracker`, the tracker's name.

    Raises:
        UsageError: If W&B would be asked for without a key: said now, before anything is trained.
    """
    component = _find_component()
    if component is None:
        return step
    set_defaults(load_settings().home)
    if component.configuration["api_key"] == _REFERENCE:
        _provide_key()
    settings = {**component.configuration.get("settings", {}), **SETTINGS}
    return step.with_options(
        experiment_tracker=component.name,
        enable_cache=False,
        parameters={"tracker": component.name},
        settings={f"experiment_tracker.{FLAVOR}": {"settings": settings}},
    )


def _provide_key() -> None:
    """Keep the key in `WANDB_API_KEY` where ZenML's tracker looks for it: a secret, private to the user. One that is shared goes before it."""
    from zenml.client import Client

    client = Client()
    try:
        secret = client.get_secret_by_name_and_private_status(SECRET)
    except KeyError:  # there is none, or it was kept with another key of encryption, or with none, and can't be read
        secret = None
    given = os.environ.get("WANDB_API_KEY")
    unreadable = [] if secret else client.list_secrets(name=SECRET, private=True).items
    if unreadable:
        if not given:
            mend = f"set WANDB_API_KEY, which then takes its place, or delete it: zenml secret delete {SECRET}"
            raise UsageError(f"ZenML's secret {SECRET} can't be read with this machine's key of encryption", where="ZenML", mend=mend)
        client.zen_store.delete_secret(unreadable[0].id)  # the client would read it first
    known = secret.secret_values.get(KEY) if secret else None
    offline = os.environ.get("WANDB_MODE") in _WITHOUT_KEY
    key = given or known or _NO_KEY
    if key == _NO_KEY and not offline:
        raise UsageError("no key for Weights & Biases", where="WANDB_API_KEY", mend="set it, or set WANDB_MODE=offline")
    if secret is None:
        client.create_secret(SECRET, {KEY: key}, private=True)
    elif secret.private and key != known:
        client.update_secret(secret.id, add_or_update_values={KEY: key})
