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
_OURS = {"made_by": "trending-now"}  # a stack or a component without this label is somebody's own
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
        specs = {StackComponentType(kind): spec for kind, spec in content["components"].items()}
        found = {component_type: _find_component(component_type, spec) for component_type, spec in specs.items()}
        known = client.list_stacks(name=content["stack_name"]).items
        if known and not _is_applied(known[0], specs, found, content.get("connectors", {})):
            _check_ours(known[0], f"stack {known[0].name}", f"zenml stack rename {known[0].name} NEW_NAME")
        connectors = {key: _apply_connector(key, spec) for key, spec in content.get("connectors", {}).items()}
        components: dict[StackComponentType, Any] = {}
        changes = [changed for _, changed in connectors.values()]
        for component_type, spec in specs.items():
            components[component_type], changed = _apply_component(
                component_type, spec, found[component_type], {key: one for key, (one, _) in connectors.items()}
            )
            changes.append(changed)
        if not known:
            return str(client.create_stack(name=content["stack_name"], components=components, labels=_OURS).id), True
        held = _list_components(known[0])
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


def _list_components(stack: Any) -> dict[Any, list[UUID]]:
    return {kind: [one.id for one in held] for kind, held in stack.components.items() if held}


def _is_applied(stack: Any, specs: dict[Any, Any], found: dict[Any, Any], connectors: dict[str, Any]) -> bool:
    """Return whether a stack is what its file says, so that applying it changes nothing, in its components neither."""
    if _list_components(stack) != {kind: [one.id] if one else [] for kind, one in found.items()}:
        return False
    named = {kind: one.connector.name if one.connector else None for kind, one in found.items()}
    return (
        not any(_find_changes(one, specs[kind]) for kind, one in found.items())
        and named == {kind: spec.get("connector") for kind, spec in specs.items()}
        and all((one := _find_connector(key, spec)) is not None and _holds(one, spec) for key, spec in connectors.items())
    )


def _check_ours(held: Any, where: str, rename: str) -> None:
    """Refuse to change a stack or a component that somebody registered by hand."""
    if not _OURS.items() <= (held.labels or {}).items():
        mend = f"rename it ({rename}), or give it another name in the file"
        raise UsageError("one of that name, set up otherwise, is there already and wasn't made from a file", where=where, mend=mend)


def _leave_out_secrets(text: str) -> str:
    """Return the text without the values of variables whose names say that they are secret."""
    for name, value in os.environ.items():
        if value and any(part in name for part in ("KEY", "PASSWORD", "SECRET", "TOKEN")):
            text = text.replace(value, "***")
    return text


def _find_component(kind: Any, spec: dict[str, Any]) -> Any:
    """Return the component of a name, if there is one; one that can't become what is wanted is refused."""
    from zenml.client import Client

    found = Client().list_stack_components(name=spec["name"], type=kind).items
    if not found:
        return None
    if found[0].flavor_name != spec["flavor"]:
        raise UsageError(f"a component {spec['name']} of flavor {found[0].flavor_name} is there already", where=f"ZenML's {kind.value}", mend="rename one")
    held, wanted = found[0].configuration.get("path"), spec.get("configuration", {}).get("path")
    if kind.value == "artifact_store" and wanted and held != wanted:  # what lies at the old place would be out of reach
        mend = f"set the variable back, or register a stack of your own (--stack FILE.yaml), or: zenml artifact-store delete {spec['name']}"
        raise UsageError(f"artifact store {spec['name']} lies at {held}", where=f"stack component {spec['name']}", mend=mend)
    return found[0]


def _find_changes(component: Any, spec: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration a component is to be updated with; empty if it is right. A setting that the file has no more is None."""
    wanted = spec.get("configuration", {})
    given = {key: value for key, value in wanted.items() if value != ""}
    dropped: dict[str, Any] = {key: None for key, held in component.configuration.items() if key not in given and held != ""}
    return wanted | dropped if dropped or not _covers(component.configuration, given) else {}


def _apply_component(kind: Any, spec: dict[str, Any], component: Any, connectors: dict[str, UUID]) -> tuple[UUID, bool]:
    from zenml.client import Client

    client, changed = Client(), False
    if component is None:
        wanted = spec.get("configuration", {})
        made = client.create_stack_component(name=spec["name"], component_type=kind, flavor=spec["flavor"], configuration=wanted, labels=_OURS)
        component, changed = made, True
    elif changes := _find_changes(component, spec):
        _check_ours(component, f"stack component {spec['name']}", f"zenml {kind.value.replace('_', '-')} rename {spec['name']} NEW_NAME")
        client.update_stack_component(component.id, kind, configuration=changes)
        changed = True
    connector = connectors.get(spec.get("connector", ""))
    if connector != (component.connector.id if component.connector else None):
        if not changed:
            _check_ours(component, f"stack component {spec['name']}", f"zenml {kind.value.replace('_', '-')} rename {spec['name']} NEW_NAME")
        client.update_stack_component(component.id, kind, connector_id=connector, disconnect=connector is None)
        changed = True
    return component.id, changed


def _covers(held: Any, wanted: Any) -> bool:
    """Return whether what is held says all that is wanted; ZenML adds what it takes by default."""
    if isinstance(wanted, dict):
        return isinstance(held, dict) and all(_covers(held.get(key), value) for key, value in wanted.items())
    return bool(held == wanted)


def _find_connector(name: str, spec: dict[str, Any]) -> Any:
    from zenml.client import Client

    found = Client().list_service_connectors(name=name, connector_type=spec["type"], expand_secrets=True).items
    return found[0] if found else None


def _holds(connector: Any, spec: dict[str, Any]) -> bool:
    """Return whether a connector is configured as wanted."""
    held = connector.configuration.plain
    return all(held.get(key) == value for key, value in spec["configuration"].items())


def _apply_connector(name: str, spec: dict[str, Any]) -> tuple[UUID, bool]:
    """Register who a stack's components are on a cloud; what is secret in it goes to ZenML's secrets."""
    from zenml.client import Client

    client, found = Client(), _find_connector(name, spec)
    if found is None:
        made, _ = client.create_service_connector(
            name, spec["type"], auth_method=spec["auth_method"], configuration=spec["configuration"], list_resources=False
        )
        return made.id, True  # type: ignore[union-attr]
    if _holds(found, spec):
        return found.id, False
    client.update_service_connector(found.id, configuration=spec["configuration"], list_resources=False)
    return found.id, True


def use_stack(name: str) -> None:
    """Make a stack the active one of this process only: the user's own choice, kept on disk, isn't touched even if we are killed."""
    os.environ[_ACTIVE] = apply_stack(name)[0]


def check_dynamic(stack: str | None) -> None:
    """Refuse a stack whose orchestrator must know all steps before a run begins: how many shards there are is known only once they are cut.

    Args:
        stack: Name of a stack in `stacks/`; the user's active one if None.

    Raises:
        UsageError: If it is such a stack.
    """
    from zenml.client import Client

    if stack is not None:
        use_stack(stack)
    active = Client().active_stack
    if not active.orchestrator.supports_dynamic_pipelines:
        mend = "use scale=single there, or a stack on local, kubernetes or sagemaker"
        raise UsageError(f"its orchestrator ({active.orchestrator.flavor}) can't run steps in shards", where=f"stack {active.name}", mend=mend)
