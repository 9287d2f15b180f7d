"""The real server: what every endpoint answers when all is well."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from trending import __version__
from trending.cleaning.clean import CleaningResult
from trending.genres import GENRES
from trending.releases import Release

TEXTS = [
    "A sheriff rides out to find the men who robbed the stagecoach.",
    "Two detectives search a fishing village for a missing child.",
    "An astronaut wakes alone on a drifting space station.",
]


def _read_metrics(api: httpx.Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(api.get("/metrics").text)
    return {(sample.name, frozenset(sample.labels.items())): sample.value for family in families for sample in family.samples}


def test_health_and_ready(api: httpx.Client, release: Release) -> None:
    assert api.get("/health").json() == {"status": "ok"}
    assert api.get("/ready").json() == {"status": "ready", "release": release.manifest.version}


def test_version_tells_what_is_served(api: httpx.Client, release: Release) -> None:
    manifest = release.manifest
    assert api.get("/version").json() == {
        "project": __version__,
        "release": manifest.version,
        "model_kind": manifest.model_kind,
        "created": manifest.created.isoformat(),
        "starter": True,
        "macro_f1": round(manifest.metrics["macro_f1"].value, 4),
    }


def test_genres_are_the_twenty_with_thresholds_and_counts(api: httpx.Client, release: Release) -> None:
    answer = api.get("/v1/genres").json()
    counts, thresholds = release.catalogue.count_genres(), release.manifest.thresholds
    assert answer["genres"] == [{"genre": genre, "threshold": thresholds[genre], "titles": counts[genre]} for genre in GENRES]


def test_a_title_is_what_the_catalogue_holds(api: httpx.Client, release: Release, starter: CleaningResult) -> None:
    for title_id in starter.titles["title_id"].iloc[[0, 400, 900]]:
        answer = api.get(f"/v1/titles/{quote(title_id)}")
        found = release.catalogue.get(title_id)
        assert answer.status_code == 200
        assert found is not None
        assert answer.json() == {"release": release.manifest.version, "starter": True, "title": found.model_dump(mode="json")}


def test_a_title_id_may_be_percent_encoded_in_full(api: httpx.Client, starter: CleaningResult) -> None:
    title_id = starter.titles["title_id"].iloc[0]
    assert api.get(f"/v1/titles/{quote(title_id, safe='')}").json()["title"]["title"]["title_id"] == title_id


def test_predictions_are_those_of_the_release(api: httpx.Client, release: Release) -> None:
    answer = api.post("/v1/predict", json={"texts": TEXTS})
    assert answer.status_code == 200
    assert answer.json() == {
        "release": release.manifest.version,
        "starter": True,
        "predictions": [prediction.model_dump(mode="json") for prediction in release.predictor.predict(TEXTS)],
    }


def test_predicted_genres_are_those_that_reach_their_threshold_most_probable_first(api: httpx.Client, release: Release, starter: CleaningResult) -> None:
    plots = starter.titles["plot"].dropna().tolist()[:64]
    for prediction in api.post("/v1/predict", json={"texts": plots}).json()["predictions"]:
        chosen = {found["genre"]: found["probability"] for found in prediction["genres"]}
        assert list(chosen.values()) == sorted(chosen.values(), reverse=True)
        assert set(prediction["scores"]) == set(GENRES)
        for genre, score in prediction["scores"].items():
            threshold = release.manifest.thresholds[genre]
            assert (genre in chosen) == (score >= threshold) or abs(score - threshold) < 1e-4
        for found in prediction["genres"]:
            assert sum(word["weight"] for word in found["evidence"]) == pytest.approx(1 if found["evidence"] else 0, abs=0.01)


def test_one_and_sixty_four_texts_are_answered_in_order(api: httpx.Client) -> None:
    texts = [f"{TEXTS[number % 3]} It is day {number}." for number in range(64)]
    together = api.post("/v1/predict", json={"texts": texts}).json()["predictions"]
    assert len(together) == 64
    for number in (0, 31, 63):
        assert api.post("/v1/predict", json={"texts": [texts[number]]}).json()["predictions"] == [together[number]]


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f9db\u200d\u2642\ufe0f\U0001f987\U0001f319",
        "\u202eדרך ארוך אל הים\u202c",
        "a\0b\x01c\x1b[31m",
        "\u200b\ufeff",
        "\ud83d\ude00 pair",
        "e\u0301" * 900,
        "x" * 20_000,
    ],
    ids=["emoji", "right to left", "control", "invisible", "surrogate pair", "combining", "longest"],
)
def test_unusual_text_is_scored_like_any_other(api: httpx.Client, release: Release, text: str) -> None:
    sent = text.encode("utf-16", "surrogatepass").decode("utf-16")
    answer = api.post("/v1/predict", json={"texts": [sent]})
    assert answer.status_code == 200
    assert answer.json()["predictions"] == [one.model_dump(mode="json") for one in release.predictor.predict([sent])]


def test_metrics_parse_and_count_predictions(api: httpx.Client, release: Release) -> None:
    before = _read_metrics(api)
    predictions = api.post("/v1/predict", json={"texts": TEXTS}).json()["predictions"]
    api.post("/v1/predict", json={"texts": []})
    after = _read_metrics(api)

    def gained(name: str, **labels: str) -> float:
        key = (name, frozenset(labels.items()))
        return after.get(key, 0) - before.get(key, 0)

    assert gained("trending_texts_scored_total") == len(TEXTS)
    for genre in GENRES:
        assert gained("trending_genres_predicted_total", genre=genre) == sum(found["genre"] == genre for one in predictions for found in one["genres"])
    assert gained("trending_http_requests_total", route="/v1/predict", method="POST", status="200") == 1
    assert gained("trending_http_requests_total", route="/v1/predict", method="POST", status="422") == 1
    assert gained("trending_http_request_seconds_count", route="/v1/predict") == 2
    info = frozenset({"version": release.manifest.version, "model_kind": release.manifest.model_kind}.items())
    assert after["trending_release_info", info] == 1


def test_metrics_never_carry_what_clients_send(api: httpx.Client) -> None:
    """Ids, paths and methods of strangers must not become labels without end."""
    for number in range(5):
        api.get(f"/v1/titles/stranger-{number}")
        api.get(f"/stranger/{number}")
        api.request(f"STRANGER{number}" if number == 0 else "PUT", "/health")
    names = {value for _, labels in _read_metrics(api) for _, value in labels}
    assert not [value for value in names if "stranger" in value.lower()]


def test_openapi_describes_every_endpoint_and_only_problems_as_errors(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    titles = {f"/v1/titles{part}" for part in ("", "/{title_id}", "/{title_id}/insights", "/{title_id}/reviews", "/{title_id}/similar")}
    others = {f"/v1/{name}" for name in ("predict", "insights", "feedback", "genres", "trending", "search", "compare")}
    assert set(document["paths"]) == {"/health", "/ready", "/version", "/metrics"} | titles | others
    for path in document["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                assert status in ("200", "201", "304") or list(answer["content"]) == ["application/problem+json"]


def test_thirty_requests_at_once_get_the_answers_they_would_get_alone(api: httpx.Client) -> None:
    bodies = [{"texts": [f"{TEXTS[number % 3]} Part {number}.", TEXTS[(number + 1) % 3]]} for number in range(30)]
    alone = [api.post("/v1/predict", json=body).json() for body in bodies]
    with ThreadPoolExecutor(30) as pool:
        together = list(pool.map(lambda body: httpx.post(str(api.base_url.join("/v1/predict")), json=body, timeout=60), bodies))
    assert [answer.status_code for answer in together] == [200] * 30
    assert [answer.json() for answer in together] == alone


def test_the_documentation_needs_no_network(api: httpx.Client) -> None:
    for path in ("/docs", "/redoc"):
        page = api.get(path).text
        named = re.findall(r'(?:src|href)="([^"]+)"', page) + re.findall(r"url: '([^']+)'", page)
        assert named
        for one in named:
            assert one.startswith("/"), one
            assert api.get(one).status_code == 200, one


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_probes_may_ask_for_the_head_alone(api: httpx.Client, path: str) -> None:
    answer = api.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
