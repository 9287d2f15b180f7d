"""The model servers for Seldon for real, beside the project's API on the same release; `pytest -m slow`, as their environments take long to install."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.infra.seldon_releases import PLOT, REFUSED, choose_learnt, damage, make_later
from tests.infra.seldon_servers import SELDON, ModelServer, ask_grpc, build_environment, start_api, start_core_1, start_core_2
from tests.s3 import serve_s3
from trending.cleaning.clean import CleaningResult
from trending.genres import GENRES
from trending.models.base import GenreModel
from trending.releases import ReleaseStore

pytestmark = pytest.mark.slow
JSON = {"content-type": "application/json"}


@dataclass
class Running:
    """Both servers and the API over one home, and where the servers' environments are."""

    home: Path
    store: ReleaseStore
    binaries: dict[int, Path]
    api: ModelServer
    core_1: ModelServer
    core_2: ModelServer

    def ask_api(self, **asked: Any) -> dict[str, Any]:
        """Return the API's answer to a question."""
        answered = httpx.post(f"{self.api.url}/v1/predict", json=asked, timeout=60)
        assert answered.status_code == 200, answered.text
        found: dict[str, Any] = answered.json()
        return found

    def ask_core_1(self, message: Any) -> httpx.Response:
        """Return the wrapper's answer to a message."""
        return httpx.post(f"{self.core_1.url}/api/v1.0/predictions", json=message, timeout=60)

    def ask_core_2(self, message: Any) -> httpx.Response:
        """Return MLServer's answer to a request."""
        return httpx.post(f"{self.core_2.url}/v2/models/genres/infer", json=message, timeout=60)


@pytest.fixture(scope="module")
def environments(pytestconfig: pytest.Config) -> dict[int, Path]:
    """The `bin` folders of both servers' environments, made once and kept in pytest's cache."""
    assert pytestconfig.cache is not None
    cache = pytestconfig.cache.mkdir("seldon")
    return {core: build_environment(core, cache) for core in (1, 2)}


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, environments: dict[int, Path], bundle: Path, fitted_models: Mapping[str, GenreModel]
) -> Iterator[Running]:
    """The servers and the API over a release whose model is a blend of all kinds that learn."""
    home = tmp_path_factory.mktemp("seldon")
    store = ReleaseStore(str(home / "releases"), home / "cache" / "releases")
    store.publish(make_later(bundle, home / "blended", 1, choose_learnt(fitted_models)))
    servers = [start_api(home, home), start_core_1(environments[1], home, home), start_core_2(environments[2], home, home)]
    try:
        yield Running(home, store, environments, *[server.wait() for server in servers])
    finally:
        for server in servers:
            server.stop()


@pytest.fixture(scope="module")
def plots(starter: CleaningResult) -> list[str]:
    """Forty plots, odd characters among them."""
    return [*starter.titles["plot"].head(38), "Ένας ντετέκτιβ — “naïve” — 侦探 🕵️", "x"]


def columns_of(texts: list[Any], **more: list[Any]) -> list[dict[str, Any]]:
    kinds = {"text": "BYTES", "type": "BYTES", "year": "INT64"}
    return [{"name": name, "datatype": kinds[name], "shape": [len(data)], "data": data} for name, data in ({"text": texts} | more).items()]


def check_predictions(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Assert that predictions are the same, but for a thousandth in the weight of a word.

    For Seldon Core 1 alone, whose wrapper wants NumPy 1 where the API has NumPy 2: a share that lies where rounding turns, such as 0.2815, may be shown as
    either neighbour.
    """

    def take_weights(predictions: list[dict[str, Any]]) -> list[float]:
        return [terms.pop("weight") for one in predictions for genre in one["genres"] for terms in genre["evidence"]]

    found, expected = deepcopy(found), deepcopy(expected)
    assert take_weights(found) == pytest.approx(take_weights(expected), abs=0.0011)
    assert found == expected


def check_columns(outputs: dict[str, list[Any]], expected: list[dict[str, Any]]) -> None:
    """Assert that the columns of a v2 answer say what the API said, number by number."""
    assert [json.loads(one) for one in outputs["prediction"]] == expected
    rows = [outputs["probabilities"][start : start + len(GENRES)] for start in range(0, len(outputs["probabilities"]), len(GENRES))]
    assert [dict(zip(GENRES, row, strict=True)) for row in rows] == [one["scores"] for one in expected]
    listed = [{found["genre"] for found in one["genres"]} for one in expected]
    assert outputs["predicted"] == [genre in found for found in listed for genre in GENRES]
    assert outputs["uncertain"] == [genre in one["uncertain"] for one in expected for genre in GENRES]


def test_core_1_answers_over_rest_and_grpc_what_the_api_answers(running: Running, plots: list[str]) -> None:
    asked = {"texts": plots, "type": "movie", "year": 1994, "evidence": 4}
    expected = running.ask_api(**asked)
    assert "+" in httpx.get(f"{running.api.url}/version", timeout=60).json()["model_kind"]
    answered = running.ask_core_1({"jsonData": asked}).json()["jsonData"]
    check_predictions(answered["predictions"], expected["predictions"])
    assert {**answered, "predictions": []} == {**expected, "predictions": []}
    rows = [[text, "movie", 1994] for text in plots]
    matrix = {"data": {"names": ["text", "type", "year"], "ndarray": rows}}
    by_json, by_matrix, about = ask_grpc(1, running.binaries[1], running.core_1, [{"jsonData": asked}, matrix])
    assert by_json["jsonData"] == answered
    for said in (running.ask_core_1(matrix).json(), by_matrix):
        assert [dict(zip(said["data"]["names"], row, strict=True)) for row in said["data"]["ndarray"]] == [one["scores"] for one in expected["predictions"]]
        assert said["meta"]["tags"]["release"] == expected["release"]
        assert said["meta"]["tags"]["genres"] == [[found["genre"] for found in one["genres"]] for one in expected["predictions"]]
        assert said["meta"]["tags"]["uncertain"] == [one["uncertain"] for one in expected["predictions"]]
    assert about["versions"] == [expected["release"]]


def test_core_2_answers_over_rest_and_grpc_what_the_api_answers(running: Running, plots: list[str]) -> None:
    expected = running.ask_api(texts=plots, evidence=4)
    plain = {"inputs": columns_of(plots), "parameters": {"evidence": 4}}
    answered = running.ask_core_2(plain).json()
    check_columns({one["name"]: one["data"] for one in answered["outputs"]}, expected["predictions"])
    types, years = [("tv", "movie", "")[number % 3] for number in range(len(plots))], [(1994, 0)[number % 2] for number in range(len(plots))]
    mixed = {"inputs": columns_of(plots, type=types, year=years), "outputs": [{"name": "prediction"}]}
    by_rest = [json.loads(one) for one in running.ask_core_2(mixed).json()["outputs"][0]["data"]]
    for number in (0, 1, 2, 5):
        known = {name: value for name, value in (("type", types[number]), ("year", years[number])) if value}
        assert by_rest[number] == running.ask_api(texts=[plots[number]], **known)["predictions"][0]
    by_grpc, mixed_by_grpc, about = ask_grpc(2, running.binaries[2], running.core_2, [plain, mixed])
    check_columns(by_grpc["outputs"], expected["predictions"])
    assert by_grpc["parameters"]["release"] == expected["release"]
    assert [json.loads(one) for one in mixed_by_grpc["outputs"]["prediction"]] == by_rest
    assert about["versions"] == [expected["release"]]


def test_core_1_refuses_with_its_own_status_in_one_line(running: Running) -> None:
    messages: list[Any] = [{"jsonData": asked} for asked, _ in REFUSED.values()]
    messages += [{"strData": PLOT}, {"data": {"ndarray": [[PLOT, "tv", 1994, 3]]}}, {"data": {"names": ["plot"], "ndarray": [PLOT]}}]
    by_grpc = ask_grpc(1, running.binaries[1], running.core_1, messages)[:-1]
    for message, over_grpc in zip(messages, by_grpc, strict=True):
        over_rest = running.ask_core_1(message)
        assert over_rest.status_code == 422, over_rest.text
        for status in (over_rest.json()["status"], over_grpc["status"]):
            assert (status["code"], status["status"]) == (422, "FAILURE")
            assert status["info"]
            assert not re.search(r"\n|Traceback", status["info"])
    for body in (b"{", b"[1]", b'"text"'):
        refused = httpx.post(f"{running.core_1.url}/predict", content=body, headers=JSON, timeout=60)
        assert refused.status_code in {400, 422}
        assert "Traceback" not in refused.text


def test_core_2_refuses_with_its_own_error_in_one_line(running: Running) -> None:
    text = {"name": "text", "datatype": "BYTES", "shape": [1], "data": [PLOT]}
    bad: list[tuple[dict[str, Any], str]] = [
        ({"inputs": columns_of([" "])}, "texts.0: a text is blank"),
        ({"inputs": columns_of(["a" * 20_001])}, "texts.0: a text has 20,001 characters"),
        ({"inputs": columns_of([PLOT] * 65)}, "texts: "),
        ({"inputs": [{**text, "shape": [2]}]}, "'text': shape"),
        ({"inputs": [{**text, "datatype": "FP32", "data": [1.0]}]}, "'text': datatype FP32"),
        ({"inputs": columns_of([PLOT], year=[1994, 1995])}, "year: 2 values for 1 texts"),
        ({"inputs": columns_of([PLOT], type=["radio"])}, "type.0: "),
        ({"inputs": [{**text, "name": "plot"}]}, "'plot': no such input"),
        ({"inputs": [text, text]}, "'text': given twice"),
        ({"inputs": []}, "'text': missing"),
        ({"inputs": [text], "outputs": [{"name": "score"}]}, "'score': no such output"),
        ({"inputs": [text], "parameters": {"evidence": 11}}, "evidence: "),
    ]
    by_grpc = ask_grpc(2, running.binaries[2], running.core_2, [message for message, _ in bad])[:-1]
    for (message, told), over_grpc in zip(bad, by_grpc, strict=True):
        over_rest = running.ask_core_2(message)
        assert over_rest.status_code == 400, over_rest.text
        assert over_grpc["code"] == "INVALID_ARGUMENT"
        for line in (over_rest.json()["error"], over_grpc["details"]):
            assert line.startswith(told)
            assert not re.search(r"\n|Traceback", line)
    for body in (b"{", b"{}", b"[]"):
        refused = httpx.post(f"{running.core_2.url}/v2/models/genres/infer", content=body, headers=JSON, timeout=60)
        assert refused.status_code == 422
        assert "Traceback" not in refused.text


def test_both_say_how_they_are_what_they_serve_and_what_they_have_done(running: Running) -> None:
    version = running.store.current_version()
    assert httpx.get(f"{running.core_1.url}/health/ping", timeout=60).text == "pong"
    assert httpx.get(f"{running.core_1.url}/health/status", timeout=60).json()["strData"] == version
    about_1 = httpx.get(f"{running.core_1.url}/metadata", timeout=60).json()
    assert (about_1["name"], about_1["versions"], about_1["custom"]["release"]) == ("genres", [version], version)
    assert about_1["outputs"][1]["schema"]["names"] == list(GENRES)
    for state in ("/v2/health/live", "/v2/health/ready", "/v2/models/genres/ready"):
        assert httpx.get(running.core_2.url + state, timeout=60).status_code == 200
    about_2 = httpx.get(f"{running.core_2.url}/v2/models/genres", timeout=60).json()
    assert (about_2["versions"], about_2["parameters"]["release"]) == ([version], version)
    assert [one["name"] for one in about_2["inputs"]] == ["text", "type", "year"]
    assert about_2["outputs"][0]["shape"] == [-1, len(GENRES)]

    def count(server: ModelServer, name: str) -> float:
        lines = [line for line in httpx.get(server.metrics, timeout=60).text.splitlines() if re.match(rf"{name}[{{ ]", line)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    names = ("trending_texts_scored_total", "trending_requests_refused_total")
    before = [[count(server, name) for name in names] for server in (running.core_1, running.core_2)]
    running.ask_core_1({"jsonData": {"texts": [PLOT] * 3}})
    running.ask_core_1({"jsonData": {}})
    running.ask_core_2({"inputs": columns_of([PLOT] * 3)})
    running.ask_core_2({"inputs": []})
    after = [[count(server, name) for name in names] for server in (running.core_1, running.core_2)]
    assert after == [[texts + 3, refused + 1] for texts, refused in before]
    for server in (running.core_1, running.core_2):
        assert f'release="{version}"' in httpx.get(server.metrics, timeout=60).text
    assert count(running.core_2, "model_infer_request_success_total") > 0


def test_latencies_are_compared_on_one_release_in_one_run(running: Running) -> None:
    urls = [running.api.url, running.core_1.url, running.core_2.url]
    command = [sys.executable, str(SELDON / "compare_latency.py"), *urls, "--requests", "100"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    print(shown)
    rows = [re.fullmatch(r".{26} +([\d.]+) +([\d.]+)", line) for line in shown.splitlines()[1:]]
    assert len(rows) == 3
    assert all(row and 0 < float(row[1]) <= float(row[2]) for row in rows)


def test_a_new_release_is_served_by_core_2_when_loaded_again_and_by_core_1_after_a_restart(tmp_path: Path, environments: dict[int, Path], bundle: Path) -> None:
    home = tmp_path / "home"
    store = ReleaseStore(str(home / "releases"), home / "cache" / "releases")
    first = store.publish(bundle)
    load = "/v2/repository/models/genres/load"
    servers = [start_core_1(environments[1], home, tmp_path), start_core_2(environments[2], home, tmp_path)]

    def serves(server: ModelServer) -> str:
        path = "/metadata" if server is not servers[1] else "/v2/models/genres"
        version: str = httpx.get(server.url + path, timeout=60).json()["versions"][0]
        return version

    try:
        assert [serves(server.wait()) for server in servers] == [first, first]
        second = store.publish(make_later(bundle, tmp_path / "second", 1))
        assert [serves(server) for server in servers] == [first, first]
        assert httpx.post(servers[1].url + load, timeout=60).status_code == 200
        servers.append(start_core_1(environments[1], home, tmp_path).wait())
        assert [serves(server) for server in servers] == [first, second, second]

        for version in (second, first):
            damage(store, version)
        refused = httpx.post(servers[1].url + load, timeout=60)
        assert refused.status_code == 503
        assert re.fullmatch(rf"[^\n]*release {second} can't be served[^\n]*", refused.json()["error"])
        assert serves(servers[1]) == second
        assert httpx.get(f"{servers[1].url}/v2/models/genres/ready", timeout=60).status_code == 200
    finally:
        for server in servers:
            server.stop()


def test_a_release_can_be_named_and_a_damaged_one_stops_the_start_with_one_line(tmp_path: Path, environments: dict[int, Path], bundle: Path) -> None:
    home = tmp_path / "home"
    store = ReleaseStore(str(home / "releases"), home / "cache" / "releases")
    first = store.publish(bundle)
    second = store.publish(make_later(bundle, tmp_path / "second", 1))
    settings = json.loads((SELDON / "seldon-core-2" / "genres" / "model-settings.json").read_text(encoding="utf-8"))
    folder = tmp_path / "models" / "genres"
    folder.mkdir(parents=True)
    (folder / "model-settings.json").write_text(json.dumps(settings | {"parameters": {"extra": {"release": first}}}), encoding="utf-8")
    servers = [start_core_1(environments[1], home, tmp_path, release=first), start_core_2(environments[2], home, tmp_path, models=folder.parent)]
    try:
        for server, path in zip(servers, ("/metadata", "/v2/models/genres"), strict=True):
            assert httpx.get(server.wait().url + path, timeout=60).json()["versions"] == [first]
    finally:
        for server in servers:
            server.stop()

    damage(store, first)
    line = f"release {first}: model_card.md is damaged (SHA-256 differs); run: python run.py release rollback"
    broken = start_core_1(environments[1], home, tmp_path, release=first)
    assert broken.process.wait(60) == 1
    assert broken.said.splitlines()[-1] == line
    assert "Traceback" not in broken.said
    broken = start_core_2(environments[2], home, tmp_path, models=folder.parent)
    broken.process.wait(60)
    assert f"mlserver.errors.MLServerError: {line}\n" in broken.said
    assert store.current_version() == second


def test_releases_are_served_from_s3_with_keys_from_the_environment(tmp_path: Path, environments: dict[int, Path], bundle: Path) -> None:
    with serve_s3("example") as keys:
        version = ReleaseStore("s3://example/releases", tmp_path / "copies").publish(bundle)
        settings = {"TRENDING_RELEASES": "s3://example/releases", **keys}
        servers = [start(environments[core], tmp_path / f"home-{core}", tmp_path, settings=settings) for core, start in ((1, start_core_1), (2, start_core_2))]
        try:
            for server, path in zip(servers, ("/metadata", "/v2/models/genres"), strict=True):
                assert httpx.get(server.wait().url + path, timeout=60).json()["versions"] == [version]
        finally:
            for server in servers:
                server.stop()
