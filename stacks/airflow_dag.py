"""The DAG that Airflow reads: ZenML zips this file with a configuration, and Airflow runs it from there, in its own environment.

It stands in for ZenML's own generator, whose operators start containers: here a task is a command line of this checkout's Python. What ZenML would write into
the zip of its server's credentials is left out; tasks have them from the environment of Airflow's workers.
"""

from __future__ import annotations

import datetime
import importlib
import os
import shlex
import sys
import zipfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, field_validator

ENV_ZENML_AIRFLOW_RUN_ID = "ZENML_AIRFLOW_RUN_ID"
CONFIG_FILENAME = "config.json"
_LOCAL_STORES = "ZENML_LOCAL_STORES_PATH"
_SECRET_PARTS = ("KEY", "PASSWORD", "SECRET", "TOKEN")


class TaskConfiguration(BaseModel):
    """A step: what ZenML hands over, less what is secret."""

    id: str
    zenml_step_name: str
    upstream_steps: list[str]
    docker_image: str
    command: list[str]
    arguments: list[str]
    environment: dict[str, str] = {}
    operator_source: str
    operator_args: dict[str, Any] = {}

    @field_validator("environment")
    @classmethod
    def _leave_out_secrets(cls, environment: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in environment.items() if not any(part in name for part in _SECRET_PARTS)}


class DagConfiguration(BaseModel):
    """A run: what ZenML hands over, and where the checkout that started it lies."""

    id: str
    tasks: list[TaskConfiguration]
    local_stores_path: str | None = None
    schedule: datetime.timedelta | str = Field(union_mode="left_to_right")
    start_date: datetime.datetime
    end_date: datetime.datetime | None = None
    catchup: bool = False
    tags: list[str] = []
    dag_args: dict[str, Any] = {}
    python: str = Field(default_factory=lambda: sys.executable)
    root: str = Field(default_factory=lambda: str(Path(__file__).resolve().parents[1]))


def describe_task(dag: DagConfiguration, task: TaskConfiguration) -> dict[str, Any]:
    """Return the arguments of the BashOperator that runs a step."""
    ours = {"python": dag.python, "zenml.entrypoints.entrypoint": "stacks.airflow_step"}
    command = [ours.get(part, part) for part in task.command]
    environment = {**task.environment, ENV_ZENML_AIRFLOW_RUN_ID: "{{ run_id }}"}
    if dag.local_stores_path:
        environment[_LOCAL_STORES] = dag.local_stores_path
    return {
        "task_id": task.id,
        "bash_command": shlex.join(["cd", dag.root]) + " && exec " + shlex.join([*command, *task.arguments]),
        "env": environment,
        "append_env": True,
        **task.operator_args,
    }


def build_dag(dag: DagConfiguration) -> Any:
    """Return Airflow's DAG of a run."""
    import airflow  # in Airflow's environment alone

    operators: dict[str, Any] = {}
    with airflow.DAG(
        dag_id=dag.id,
        is_paused_upon_creation=False,
        tags=dag.tags,
        schedule=dag.schedule,
        start_date=dag.start_date,
        end_date=dag.end_date,
        catchup=dag.catchup,
        **dag.dag_args,
    ) as built:
        for task in dag.tasks:
            module, name = task.operator_source.rsplit(".", 1)
            operators[task.zenml_step_name] = getattr(importlib.import_module(module), name)(**describe_task(dag, task))
            for upstream in task.upstream_steps:
                operators[task.zenml_step_name].set_upstream(operators[upstream])
    return built


_ARCHIVE = os.path.dirname(__file__)  # noqa: PTH120 - inside the zip it is a file
if zipfile.is_zipfile(_ARCHIVE):
    with zipfile.ZipFile(_ARCHIVE) as archive:
        dag = build_dag(DagConfiguration.model_validate_json(archive.read(CONFIG_FILENAME)))
