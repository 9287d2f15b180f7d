"""Schedules: the orchestrator's own where it has them, and one line with the way out where it hasn't."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from stacks.airflow_dag import CONFIG_FILENAME
from tests.pipelines.running import Runner
from tests.pipelines.stacked import StackRunner

CRON = "17 4 * * 3"
ASKED = ["--pipeline", "continual_learning", "--set", "source=catalogue", "--set", f"schedule={CRON}"]


def test_airflow_gets_a_dag_that_runs_the_command_at_its_times(zenml_state: Path, tmp_path: Path) -> None:
    runner = StackRunner(zenml_state, home_name="scheduled", variables={"TRENDING_AIRFLOW_DAGS": str(tmp_path)})
    outcome = runner.run(*ASKED, "--stack", "airflow", "--json")
    assert outcome.returncode == 0, outcome.stderr
    told = json.loads(outcome.stdout)
    assert (told["outcome"], told["cron"], told["stack"]) == ("scheduled", CRON, "airflow")
    (file,) = tmp_path.glob("*.zip")
    with zipfile.ZipFile(file) as archive:
        dag = json.loads(archive.read(CONFIG_FILENAME))
    assert (dag["schedule"], dag["catchup"]) == (CRON, False)
    assert [task["zenml_step_name"] for task in dag["tasks"]] == ["start_command"]
    assert not (runner.home / "releases").exists(), "nothing has run yet"
    again = runner.run(*ASKED, "--stack", "airflow")
    assert again.returncode == 2, "Airflow would run both"
    assert "delete its zip from the folder of DAGs" in again.stderr
    assert list(tmp_path.glob("*.zip")) == [file]


def test_what_the_schedule_runs_is_the_command_itself(runner: Runner) -> None:
    """The step, run at once: it fails as the command does, in the command's own words."""
    code = """
import json
from pipelines.run_continual_learning import _repeat
from steps.continual.start_command import start_command
try:
    start_command.entrypoint(_repeat(None, ["source=files", "path=nowhere.parquet", "schedule=1 2 3 4 5"], True))
except Exception as error:
    print(json.dumps(str(error)))
"""
    said = runner.python(code)
    assert "--set source=files --set path=nowhere.parquet --set schedule=" in said
    assert "1 2 3 4 5" not in said
    assert "nowhere.parquet" in said.split("ended with 2", 1)[1]


def test_an_orchestrator_without_schedules_is_refused_with_the_way_out(runner: Runner) -> None:
    outcome = runner.run(*ASKED, "--stack", "local")
    assert outcome.returncode == 2
    (line,) = outcome.stderr.strip().splitlines()
    assert "stack local: its orchestrator (local) has no schedules; let cron run it: 17 4 * * 3 python run.py --pipeline continual_learning" in line


def test_a_schedule_that_is_none_is_refused_at_once(runner: Runner) -> None:
    outcome = runner.run("--pipeline", "continual_learning", "--set", "schedule=daily")
    assert outcome.returncode == 2
    assert "configuration key 'schedule'" in outcome.stderr
