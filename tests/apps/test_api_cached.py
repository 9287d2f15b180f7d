"""The real server: ETags of release and URL, and conditional requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from trending.releases import Release

CheckProblem = Callable[[httpx.Response, int], dict[str, Any]]


@pytest.fixture(scope="module")
def some_id(api: httpx.Client) -> str:
    return str(api.get("/v1/search", params={"q": "detective"}).json()["titles"][0]["title_id"])


@pytest.mark.parametrize(
    "path", ["trending", "search?q=dark", "titles/{id}", "titles?ids={id}", "titles/{id}/insights", "titles/{id}/reviews", "titles/{id}/similar", "genres"]
)
def test_who_has_an_answer_is_told_that_it_is_unchanged(api: httpx.Client, some_id: str, path: str) -> None:
    url = "/v1/" + path.format(id=some_id)
    first = api.get(url)
    assert first.status_code == 200
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "public, no-cache"
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = api.get(url, headers={"If-None-Match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == "public, no-cache"
    fresh = api.get(url, headers={"If-None-Match": '"other"'})
    assert (fresh.status_code, fresh.content) == (200, first.content)


def test_every_url_has_a_tag_of_its_own(api: httpx.Client) -> None:
    urls = ["/v1/search", "/v1/search?q=a", "/v1/search?q=b", "/v1/search?q=a&limit=2", "/v1/genres", "/v1/trending"]
    assert len({api.get(url).headers["etag"] for url in urls}) == len(urls)


def test_what_does_not_exist_is_never_unchanged(api: httpx.Client, check_problem: CheckProblem) -> None:
    check_problem(api.get("/v1/titles/nothing:here", headers={"If-None-Match": "*"}), 404)
    assert "etag" not in api.get("/v1/titles/nothing:here").headers


def test_answers_to_posts_are_not_kept(api: httpx.Client, release: Release) -> None:
    answer = api.post("/v1/predict", json={"texts": ["A sheriff rides."]}, headers={"If-None-Match": "*"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
