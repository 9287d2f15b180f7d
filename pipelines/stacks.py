"""Stacks: the YAML files in `stacks/`, their registration with ZenML, and the choice of one for a single run."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import stacks
from trending.errors import NotFoundError, TrendingError, UsageError

if TYPE_CHECKING:
    from uuid import UUID

STACKS_DIR = Path(stacks.__file__).parent
_ACTIVE = "ZENML_ACTIVE_STACK_ID"
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def list_stack_files() -> list[str]:
    """Return the names of the stacks that ship with the project."""
    return sorted(path.stem for path in STACKS_DIR.glob("*.yaml"))


def read_stack(name: str) -> dict[str, Any]:
    """Read a stack's YAML, its `${NAMES}` as they stand.

    Args:
        name: Of a file in `stacks/`, or the path of another, which ends in `.yaml`.

    Raises:
        NotFoundError: If there is none.
        UsageError: If the file is no stack.
    """
    path = Path(name) if name.endswith(".yaml") else STACKS_DIR / f"{name}.yaml"
    known = path.is_file() if name.endswith(".yaml") else name in list_stack_files()
    if not known:
        raise NotFoundError(f"no stack {name!r}", where="stacks/", mend=f"choose from: {', '.join(list_stack_files())}; or name a file, *.yaml")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"it can't be read ({str(error).splitlines()[0]})", where=str(path), mend="write YAML as in stacks/local.yaml") from error
    if not isinstance(content, dict) or not isinstance(content.get("stack_name"), str) or not _is_table(content.get("components"), "name", "flavor"):
        raise UsageError("it is no stack: stack_name and components are wanted", where=str(path), mend="write it as stacks/local.yaml is written")
    if "connectors" in content and not _is_table(content["connectors"], "type", "auth_method", "configuration"):
        raise UsageError("its connectors want type, auth_method and configuration", where=str(path), mend="write them as in stacks/aws.yaml")
    return dict(content)


def _is_table(part: Any, *keys: str) -> bool:
    return isinstance(part, dict) and bool(part) and all(isinstance(row, dict) and set(keys) <= set(row) for row in part.values())


def list_variables(part: Any) -> list[str]:
    """Return the environment variables that a stack, or a part of it, names."""
    return sorted(set(_VARIABLE.findall(yaml.safe_dump(part))))


def fill_in(content: dict[str, Any]) -> dict[str, Any]:
    """Return a stack with its `${NAMES}` filled in from the environment.

    Raises:
        UsageError: If one isn't set.
    """
    missing = [name for name in list_variables(content) if not os.environ.get(name)]
    if missing:
        mend = f"set {'it' if len(missing) == 1 else 'them'}; python run.py stack check {content['stack_name']} says what for"
        raise UsageError(f"stack {content['stack_name']} needs {', '.join(missing)}", where="environment", mend=mend)
    filled: dict[str, Any] = _substitute(content)
    return filled


def _substitute(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _substitute(value) for key, value in part.items()}
    return _VARIABLE.sub(lambda match: os.environ[match[1]], part) if isinstance(part, str) else part


def apply_stack(name: str) -> tuple[str, bool]:
    """Register a stack with ZenML, or bring it up to its file and the environment; the active stack stays what it is.

    Returns:
        The stack's id, and whether anything had to be changed.

    Raises:
        TrendingError: If the stack can't be read, or ZenML refuses it.
    """
    from zenml.client import Client
    from zenml.enums import StackComponentType

    content = fill_in(read_stack(name))
    client = Client()
    try:
        connectors = {key: _apply_connector(key, spec) for key, spec in content.get("connectors", {}).items()}
        components: dict[StackComponentType, Any] = {}
        changes = [changed for _, changed in connectors.values()]
        for kind, spec in content["components"].items():
            component_type = StackComponentType(kind)
            components[component_type], changed = _apply_component(component_type, spec, {key: found for key, (found, _) in connectors.items()})
            changes.append(changed)
        known = client.list_stacks(name=content["stack_name"]).items
        if not known:
            return str(client.create_stack(name=content["stack_name"], components=components).id), True
        held = {component_type: [one.id for one in found] for component_type, found in known[0].components.items() if found}
        wanted = {component_type: [one] for component_type, one in components.items()}
        if held != wanted:
            client.update_stack(known[0].id, component_updates={component_type: wanted.get(component_type, []) for component_type in {*held, *wanted}})
            changes.append(True)
        return str(known[0].id), any(changes)
    except TrendingError:
        raise
    except Exception as error:  # of a dozen kinds: what a flavor refuses, what AWS doesn't let in, what the store says
        reason = _leave_out_secrets(" ".join(str(error).split()))[:300]
        raise UsageError(f"ZenML refuses it ({reason})", where=f"stack {name}", mend=f"python run.py stack check {name}") from error


def _leave_out_secrets(text: str) -> str:
    """Return the text without the values of variables whose names say that they are secret."""
    for name, value in os.environ.items():
        if value and any(part in name for part in ("KEY", "PASSWORD", "SECRET", "TOKEN")):
            text = text.replace(value, "***")
    return text


def _apply_component(kind: Any, spec: dict[str, Any], connectors: dict[str, UUID]) -> tuple[UUID, bool]:
    from zenml.client import Client

    client = Client()
    wanted = spec.get("configuration", {})
    found = client.list_stack_components(name=spec["name"], type=kind).items
    component = found[0] if found else client.create_stack_component(name=spec["name"], component_type=kind, flavor=spec["flavor"], configuration=wanted)
    if component.flavor_name != spec["flavor"]:
        raise UsageError(f"a component {spec['name']} of flavor {component.flavor_name} is there already", where=f"ZenML's {kind.value}", mend="rename one")
    held = component.configuration.get("path")
    if kind.value == "artifact_store" and found and wanted.get("path") and held != wanted["path"]:  # what lies at the old place would be out of reach
        mend = f"set the variable back, or register a stack of your own (--stack FILE.yaml), or: zenml artifact-store delete {spec['name']}"
        raise UsageError(f"artifact store {spec['name']} lies at {held}", where=f"stack component {spec['name']}", mend=mend)
    changed = not found
    if not _covers(component.configuration, {key: value for key, value in wanted.items() if value != ""}):
        client.update_stack_component(component.id, kind, configuration=wanted)
        changed = True
    connector = connectors.get(spec.get("connector", ""))
    if connector and (component.connector is None or component.connector.id != connector):
        client.update_stack_component(component.id, kind, connector_id=connector)
        changed = True
    return component.id, changed


def _covers(held: Any, wanted: Any) -> bool:
    """Return whether what is held says all that is wanted; ZenML adds what it takes by default."""
    if isinstance(wanted, dict):
        return isinstance(held, dict) and all(_covers(held.get(key), value) for key, value in wanted.items())
    return bool(held == wanted)


def _apply_connector(name: str, spec: dict[str, Any]) -> tuple[UUID, bool]:
    """Register who a stack's components are on a cloud; what is secret in it goes to ZenML's secrets."""
    from zenml.client import Client

    client = Client()
    found = client.list_service_connectors(name=name, connector_type=spec["type"], expand_secrets=True).items
    if not found:
        made, _ = client.create_service_connector(
            name, spec["type"], auth_method=spec["auth_method"], configuration=spec["configuration"], list_resources=False
        )
        return made.id, True  # type: ignore[union-attr]
    held = found[0].configuration.plain
    if all(held.get(key) == value for key, value in spec["configuration"].items()):
        return found[0].id, False
    client.update_service_connector(found[0].id, configuration=spec["configuration"], list_resources=False)
    return found[0].id, True


def use_stack(name: str) -> None:
    """Make a stack the active one of this process only: the user's own choice, kept on disk, isn't touched even if we are killed."""
    os.environ[_ACTIVE] = apply_stack(name)[0]
