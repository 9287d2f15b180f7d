"""Stacks: registered once, used for one run, and never left as the user's active one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipelines.running import Runner
from tests.pipelines.stacked import StackRunner

ACTIVE = "import json; from zenml.client import Client; print(json.dumps(Client().active_stack_model.name))"


@pytest.mark.slow
def test_a_run_on_a_named_stack_leaves_the_active_stack_alone(runner: Runner) -> None:
    before = runner.python(ACTIVE)
    release = runner.train("--stack", "local", "--set", "models=[majority,keywords]")["release"]
    lineage = runner.run("release", "lineage", release).stdout
    assert any(line.split() == ["stack", "local"] for line in lineage.splitlines())
    assert runner.python(ACTIVE) == before == "default"


def test_applying_a_stack_twice_changes_nothing(runner: Runner) -> None:
    first, second = runner.run("stack", "apply", "local"), runner.run("stack", "apply", "local")
    assert first.returncode == second.returncode == 0
    assert "already registered" in second.stdout


APPLIED = """
import json, os
from pipelines.stacks import apply_stack, list_variables, read_stack
changes = {{}}
for stack in {stacks!r}:
    for word in ("one", "one", "other", "other"):
        for name in list_variables(read_stack(stack)):
            os.environ[name] = "s3://bucket/artifacts" if "S3" in name else word
        changes.setdefault(stack, []).append(apply_stack(stack)[1])
print(json.dumps(changes))
"""


def test_applying_brings_a_stack_up_to_the_environment_and_then_changes_nothing(runner: Runner) -> None:
    stacks = ["airflow", "kubernetes"]
    assert runner.python(APPLIED.format(stacks=stacks)) == {stack: [True, False, True, False] for stack in stacks}


MOVED = """
import json, os
from pipelines.stacks import apply_stack
from trending.errors import UsageError
told = []
for place in ("one", "one", "other"):
    os.environ["TRENDING_S3_ARTIFACTS"] = f"s3://{place}/artifacts"
    try:
        told.append(apply_stack("local-s3")[1])
    except UsageError as error:
        told.append(str(error))
print(json.dumps(told))
"""


def test_an_artifact_store_is_not_moved_from_under_what_lies_in_it(zenml_state: Path) -> None:
    first, again, moved = StackRunner(zenml_state).python(MOVED)
    assert (first, again) == (True, False)
    assert "artifact store local_s3_artifacts lies at s3://one/artifacts" in moved
    told = StackRunner(zenml_state, variables={"TRENDING_S3_ARTIFACTS": "s3://other/artifacts"}).run("stack", "apply", "local-s3")
    assert (told.returncode, told.stderr) == (2, f"run.py: {moved}\n")


INSTALLED = """
import importlib.metadata, json
from pipelines.runner import connect_zenml
from zenml.utils import source_utils
asked, read = [], importlib.metadata.packages_distributions
importlib.metadata.packages_distributions = lambda: asked.append(1) or read()
connect_zenml()
connect_zenml()
print(json.dumps([[source_utils._get_package_for_module("pandas.core.frame") for _ in range(3)], len(asked)]))
"""


def test_what_is_installed_is_looked_through_once_for_a_module(runner: Runner) -> None:
    """ZenML would do so, a third of a second, whenever it keeps something of that module's."""
    assert runner.python(INSTALLED) == [["pandas"] * 3, 1]


REMOVED = """
import json, os, yaml
from pathlib import Path
from zenml.client import Client
from pipelines.stacks import apply_stack, read_stack
content = read_stack("local-wandb")
content["stack_name"] = "own"
file = Path({folder!r}) / "own.yaml"
kinds = []
for _ in range(2):
    file.write_text(yaml.safe_dump(content))
    stack, changed = apply_stack(str(file))
    kinds.append([changed, sorted(kind.value for kind, found in Client().get_stack(stack).components.items() if found)])
    content["components"].pop("experiment_tracker", None)
kinds.append([apply_stack(str(file))[1]])
print(json.dumps(kinds))
"""


def test_a_component_that_the_file_has_no_more_is_taken_from_the_stack(runner: Runner, tmp_path: Path) -> None:
    first, second, third = runner.python(REMOVED.format(folder=str(tmp_path)))
    assert first == [True, ["artifact_store", "experiment_tracker", "orchestrator"]]
    assert second == [True, ["artifact_store", "orchestrator"]]
    assert third == [False]


DROPPED = """
import json, os, yaml
from pathlib import Path
from zenml.client import Client
from zenml.enums import StackComponentType
from pipelines.stacks import apply_stack, read_stack
content = read_stack("kubernetes")
content["stack_name"] = "dropping"
content["components"] = {{kind: content["components"][kind] | {{"name": "dropping"}} for kind in ("orchestrator", "artifact_store")}}
content["components"]["orchestrator"]["configuration"] = {{"kubernetes_context": "one", "kubernetes_namespace": "two"}}
content["components"]["artifact_store"]["configuration"] = {{"path": "s3://bucket/artifacts"}}
content["components"]["artifact_store"]["connector"] = "dropping"
configuration = {{"region": "eu-central-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}}
content["connectors"] = {{"dropping": {{"type": "aws", "auth_method": "secret-key", "configuration": configuration}}}}
file = Path({folder!r}) / "dropping.yaml"

def apply():
    file.write_text(yaml.safe_dump(content))
    changed = apply_stack(str(file))[1]
    held = {{kind: Client().get_stack_component(StackComponentType(kind), "dropping") for kind in ("orchestrator", "artifact_store")}}
    return [changed, "kubernetes_context" in held["orchestrator"].configuration, held["artifact_store"].connector is not None]

found = [apply()]
content["components"]["orchestrator"]["configuration"].pop("kubernetes_context")
found += [apply(), apply()]
content["components"]["artifact_store"].pop("connector")
found += [apply(), apply()]
print(json.dumps(found))
"""


def test_a_setting_or_connector_that_the_file_has_no_more_is_taken_from_the_component(zenml_state: Path, object_store: dict[str, str], tmp_path: Path) -> None:
    found = StackRunner(zenml_state, variables=object_store).python(DROPPED.format(folder=str(tmp_path)))
    assert found == [[True, True, True], [True, False, True], [False, False, True], [True, False, False], [False, False, False]]


OWN = """
import json
from pipelines.stacks import apply_stack
from trending.errors import UsageError
from zenml.client import Client
from zenml.enums import StackComponentType
client = Client()

def hold():
    held = {{stack.name: {{kind.value: str(found[0].id) for kind, found in stack.components.items() if found}} for stack in client.list_stacks()}}
    return [held, client.get_stack_component("experiment_tracker", "wandb_tracker").configuration]

client.create_stack_component("wandb_tracker", "wandb", StackComponentType.EXPERIMENT_TRACKER, {{"api_key": "own", "project_name": "own"}})
client.create_stack({name!r}, {{kind: "default" for kind in (StackComponentType.ORCHESTRATOR, StackComponentType.ARTIFACT_STORE)}})
before, said = hold(), None
try:
    apply_stack("local-wandb")
except UsageError as error:
    said = str(error)
print(json.dumps([said, hold() == before]))
"""


@pytest.mark.parametrize(
    ("name", "where", "kind"), [("local-wandb", "stack local-wandb", "stack"), ("mine", "stack component wandb_tracker", "experiment-tracker")]
)
def test_what_somebody_registered_under_a_name_of_ours_is_left_as_it_is(tmp_path: Path, name: str, where: str, kind: str) -> None:
    """A stack, and a component that is in no stack of ours, so that only its own label tells."""
    said, unchanged = Runner(tmp_path).python(OWN.format(name=name))
    assert said.startswith(f"{where}: one of that name, set up otherwise, is there already")
    assert f"zenml {kind} rename {where.rsplit(maxsplit=1)[-1]} NEW_NAME" in said
    assert unchanged


def test_an_unknown_stack_is_refused_with_the_known_ones(runner: Runner) -> None:
    outcome = runner.run("--pipeline", "training", "--stack", "moon")
    assert outcome.returncode == 2
    assert (
        outcome.stderr.strip()
        == "run.py: stacks/: no stack 'moon'; choose from: airflow, aws, kubernetes, local, local-s3, local-wandb; or name a file, *.yaml"
    )
