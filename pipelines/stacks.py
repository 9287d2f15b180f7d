"""Stacks: the YAML files in `stacks/`, their registration with ZenML, and the choice of one for a single run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

import stacks
from trending.errors import NotFoundError

STACKS_DIR = Path(stacks.__file__).parent
_ACTIVE = "ZENML_ACTIVE_STACK_ID"


def list_stack_files() -> list[str]:
    """Return the names of the stacks that ship with the project."""
    return sorted(path.stem for path in STACKS_DIR.glob("*.yaml"))


def read_stack(name: str) -> dict[str, Any]:
    """Read a stack's YAML.

    Raises:
        NotFoundError: If there is none of that name.
    """
    path = STACKS_DIR / f"{name}.yaml"
    if name not in list_stack_files():
        raise NotFoundError(f"no stack {name!r}", where="stacks/", mend=f"choose from: {', '.join(list_stack_files())}")
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def apply_stack(name: str) -> tuple[str, bool]:
    """Register a stack and its components with ZenML unless they are there; the active stack stays what it is.

    Returns:
        The stack's id, and whether anything was registered.
    """
    from zenml.client import Client
    from zenml.enums import StackComponentType

    content = read_stack(name)
    client = Client()
    known = client.list_stacks(name=content["stack_name"])
    if known.items:
        return str(known.items[0].id), False
    components: dict[StackComponentType, str | Any] = {}
    for kind, spec in content["components"].items():
        component_type = StackComponentType(kind)
        found = client.list_stack_components(name=spec["name"], type=component_type)
        component = (
            found.items[0]
            if found.items
            else client.create_stack_component(name=spec["name"], component_type=component_type, flavor=spec["flavor"], configuration=spec["configuration"])
        )
        components[component_type] = component.id
    return str(client.create_stack(name=content["stack_name"], components=components).id), True


def use_stack(name: str) -> None:
    """Make a stack the active one of this process only: the user's own choice, kept on disk, isn't touched even if we are killed."""
    os.environ[_ACTIVE] = apply_stack(name)[0]
