"""The stack `airflow`: a run becomes a DAG that a real Airflow reads and runs, task by task, with this checkout's own Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from stacks.airflow_dag import CONFIG_FILENAME, DagConfiguration, TaskConfiguration, describe_task
from tests.pipelines.running import QUICK, ROOT
from tests.pipelines.stacked import StackRunner, train

AIRFLOW = "apache-airflow==2.11.2"


def make_task(**said: Any) -> TaskConfiguration:
    given = {"command": ["python", "-m", "zenml.entrypoints.entrypoint"], "arguments": ["--step_name", "it's one"], "docker_image": "", "upstream_steps": []}
    return TaskConfiguration(**{"id": "one", "zenml_step_name": "one", "operator_source": "airflow.operators.bash.BashOperator", **given, **said})


def make_dag(task: TaskConfiguration) -> DagConfiguration:
    return DagConfiguration(id="dag", tasks=[task], local_stores_path="/stores", schedule="@once", start_date="2026-01-01T00:00:00")


def test_a_task_runs_this_checkouts_python_whatever_its_arguments_hold() -> None:
    task = make_task()
    said = describe_task(make_dag(task), task)
    place, command = said["bash_command"].split(" && exec ")
    assert place == f"cd {ROOT}"
    asked = subprocess.run(["bash", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True).stdout.splitlines()
    assert asked == [sys.executable, "-m", "stacks.airflow_step", "--step_name", "it's one"]
    assert (said["append_env"], said["env"]["ZENML_LOCAL_STORES_PATH"]) == (True, "/stores")


@pytest.mark.parametrize("name", ["ZENML_STORE_API_TOKEN", "ZENML_STORE_PASSWORD", "ZENML_SECRETS_STORE_ENCRYPTION_KEY", "AWS_SECRET_ACCESS_KEY"])
def test_what_is_secret_is_not_written_into_the_zip(name: str) -> None:
    task = make_task(environment={name: "planted", "ZENML_LOGGING_VERBOSITY": "WARN"})
    assert "planted" not in make_dag(task).model_dump_json()
    assert task.environment == {"ZENML_LOGGING_VERBOSITY": "WARN"}


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Airflow in an environment of its own, as it and ZenML ask for different SQLAlchemys."""
    folder = tmp_path_factory.mktemp("airflow-environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", folder / "bin" / "python", AIRFLOW]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        pytest.skip(f"{AIRFLOW} can't be installed: {outcome.stderr[-200:]}")
    return folder / "bin" / "airflow"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_real_airflow_runs_the_training_pipeline_to_the_same_release(airflow: Path, tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    reference = train(StackRunner(tmp_path / "local"), "local")
    runner = StackRunner(tmp_path / "airflow", variables={"TRENDING_AIRFLOW_DAGS": str(dags)})
    environment = {
        **runner.environment,
        "AIRFLOW_HOME": str(tmp_path / "airflow-home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PATH": f"{airflow.parent}{os.pathsep}{os.environ['PATH']}",
    }
    subprocess.run([airflow, "db", "migrate"], env=environment, capture_output=True, check=True)
    told: list[subprocess.CompletedProcess[str]] = []

    def play() -> None:
        """Run the DAG once it is there, as Airflow's scheduler would."""
        for _ in range(600):
            found = list(dags.glob("*.zip"))
            if found:
                break
            time.sleep(0.5)
        command = [airflow, "dags", "test", found[0].stem, time.strftime("%Y-%m-%d", time.gmtime())]
        told.append(subprocess.run(command, env=environment, capture_output=True, text=True, check=False))

    worker = threading.Thread(target=play)
    worker.start()
    outcome = runner.run("--pipeline", "training", "--stack", "airflow", "--json", *QUICK, timeout=3000)
    worker.join()
    assert outcome.returncode == 0, f"{outcome.stderr}\n{told[0].stdout[-3000:]}"
    result = json.loads(outcome.stdout)
    manifest = json.loads((runner.home / "releases" / result["release"] / "release.json").read_text(encoding="utf-8"))
    assert manifest["metrics"] == reference["manifest"]["metrics"]
    with zipfile.ZipFile(next(dags.glob("*.zip"))) as archive:
        config = json.loads(archive.read(CONFIG_FILENAME))
    assert len(config["tasks"]) == result["steps"]
