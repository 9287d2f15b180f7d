"""Lineage: from an answer back to the row, the model and the figures it rests on, from a source to what rests on it, and licences at every door."""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from apps.demo.views import show
from apps.demo.words import name_source
from tests.apps.mcp_clients import Checked, Fixed, serve_release, talk
from trending.cleaning.clean import CleaningResult
from trending.errors import NotFoundError
from trending.insights.maker import InsightMaker
from trending.releases import Release, ReleaseStore
from trending.releases.lineage import trace_source, trace_title
from trending.service.live import LiveService

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def first(starter: CleaningResult) -> dict[str, Any]:
    """The first title of the starter catalogue, which has reviews and trends made for tests."""
    row: dict[str, Any] = starter.titles.iloc[0].to_dict()
    return row


@pytest.fixture(scope="module")
def live(release: Release) -> Fixed:
    """The published release's service."""
    return serve_release(release)


def test_a_title_leads_back_to_its_row_its_model_its_reviews_and_its_trends_figures(release: Release, first: dict[str, Any]) -> None:
    found = trace_title(release, first["title_id"])
    row = found["row"]
    assert (row["source"], row["source_id"], row["licence"], row["rights_class"]) == tuple(
        first[name] for name in ("source", "source_id", "data_licence", "rights_class")
    )
    answer = serve_release(release).service.get_title(first["title_id"])
    assert [(one["genre"], one["probability"]) for one in found["prediction"]["genres"]] == [(one.genre, one.probability) for one in answer.genre_scores]
    assert found["prediction"]["model_kind"] == release.manifest.model_kind
    assert found["prediction"]["learnt_from"]["fingerprint"] == release.manifest.data.fingerprint
    assert found["reviews"] == [{"source": "tests", "licence": "CC0-1.0", "url": None}]
    assert answer.trend is not None
    assert found["trend"]["parts"] == [part.model_dump() for part in answer.trend.parts]


def test_a_source_leads_to_every_release_and_title_that_rest_on_it(store: ReleaseStore, make_bundle: Callable[..., Path], starter: CleaningResult) -> None:
    new = store.publish(make_bundle(1))
    source = starter.titles["source"].iloc[0]
    found = trace_source(store, source)
    assert [(one["release"], one["current"]) for one in found] == [(store.versions()[0], False), (new, True)]
    of_source = set(starter.titles.loc[starter.titles["source"] == source, "title_id"])
    assert all(one["titles"] == len(of_source) and set(one["first"]) <= of_source for one in found)
    reviewed = trace_source(store, "tests")  # a source of reviews alone
    assert all(one["titles"] == 0 and one["reviews"] > 0 for one in reviewed)
    with pytest.raises(NotFoundError, match="no release rests on the source 'nobody'"):
        trace_source(store, "nobody")


def test_a_damaged_release_is_named_when_a_source_is_traced(store: ReleaseStore, make_bundle: Callable[..., Path], starter: CleaningResult) -> None:
    old, _ = store.versions()[0], store.publish(make_bundle(1))
    (store.directory(old) / "catalogue.sqlite").write_bytes(b"")
    found = trace_source(store, starter.titles["source"].iloc[0])
    assert "catalogue.sqlite is damaged" in found[0]["damaged"]
    assert found[1]["titles"] > 0


def test_the_command_line_traces_titles_and_sources_and_refuses_what_there_is_not(run_main: RunCli, first: dict[str, Any]) -> None:
    done = run_main("release", "lineage", "--title", first["title_id"])
    assert done.returncode == 0, done.stderr
    assert all(str(first[name]) in done.stdout for name in ("title", "source", "source_id", "data_licence", "rights_class"))
    told = json.loads(run_main("release", "lineage", "--title", first["title_id"], "--json").stdout)
    assert told["row"]["licence"] == first["data_licence"]
    assert f"* {told['release']}" in run_main("release", "lineage", "--source", first["source"]).stdout
    for arguments in (["lineage", "--title", "nobody:0"], ["lineage", "--source", "nobody"], ["show", "--title", first["title_id"]], ["list", "--reason", "x"]):
        refused = run_main("release", *arguments)
        assert (refused.returncode, refused.stdout, len(refused.stderr.strip().splitlines())) == (2, "", 1)


def test_the_mcp_resource_tells_the_same_with_licence_and_attribution(live: Fixed, release: Release, first: dict[str, Any]) -> None:
    async def story(checked: Checked) -> Any:
        (content,) = (await checked.client.read_resource(f"trending://lineage/{quote(first['title_id'], safe='')}")).contents
        return json.loads(content.text)

    found = talk(live, story)
    assert found == json.loads(json.dumps(trace_title(release, first["title_id"])))
    assert (found["row"]["licence"], found["row"]["source"]) == (first["data_licence"], first["source"])


# Licences at every door.


@pytest.fixture(scope="module")
def client(start_server: Callable[..., Any], published_home: Path) -> Iterator[httpx.Client]:
    """REST over a real server."""
    server = start_server(published_home, settings={"TRENDING_RATE_LIMIT": ""})
    with httpx.Client(base_url=server.url, timeout=60) as opened:
        yield opened
    server.stop()


def list_titles(node: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every title and review an answer shows, however deep."""
    if isinstance(node, Mapping):
        if {"title", "title_id", "type"} <= node.keys() or {"review_id", "headline"} <= node.keys():
            yield node
        for one in node.values():
            yield from list_titles(one)
    elif isinstance(node, list):
        for one in node:
            yield from list_titles(one)


def is_attributed(shown: Mapping[str, Any]) -> bool:
    """In an attribution, or, where a title is given as its source's row, in its columns."""
    given = shown.get("attribution") or {"source": shown.get("source"), "licence": shown.get("data_licence")}
    return bool(given.get("source") and given.get("licence"))


@pytest.mark.parametrize("path", ["search?q=the", "trending", "titles/{id}", "titles/{id}/similar", "titles/{id}/reviews", "compare?ids={id}&ids={other}"])
def test_every_title_and_review_in_a_rest_answer_has_source_and_licence(client: httpx.Client, starter: CleaningResult, path: str) -> None:
    ids = starter.titles["title_id"]
    answer = client.get("/v1/" + path.format(id=quote(ids.iloc[0], safe=""), other=quote(ids.iloc[1], safe="")))
    assert answer.status_code == 200, answer.text
    shown = list(list_titles(answer.json()))
    assert shown
    assert all(is_attributed(one) for one in shown)


def test_insights_of_a_title_have_its_source_and_licence_at_rest_and_mcp(client: httpx.Client, live: Fixed, first: dict[str, Any]) -> None:
    expected = {"source": first["source"], "licence": first["data_licence"]}
    assert expected.items() <= client.get(f"/v1/titles/{quote(first['title_id'], safe='')}/insights").json()["attribution"].items()

    async def story(checked: Checked) -> Any:
        return (await checked.call("get_insights", title_id=first["title_id"]))["attribution"]

    assert expected.items() <= talk(live, story).items()


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("search_titles", {"query": "the"}),
        ("get_trending", {}),
        ("get_title", {"title_id": "{id}"}),
        ("find_similar", {"title_id": "{id}"}),
        ("get_reviews", {"title_id": "{id}"}),
        ("compare_titles", {"title_ids": ["{id}", "{other}"]}),
    ],
)
def test_every_title_and_review_in_an_mcp_answer_has_source_and_licence(live: Fixed, starter: CleaningResult, tool: str, arguments: dict[str, Any]) -> None:
    ids = starter.titles["title_id"]
    given = json.loads(json.dumps(arguments).replace("{id}", ids.iloc[0]).replace("{other}", ids.iloc[1]))

    async def story(checked: Checked) -> Any:
        return await checked.call(tool, **given)

    shown = list(list_titles(talk(live, story)))
    assert shown
    assert all(is_attributed(one) for one in shown)


@pytest.mark.parametrize("question", ["tell me about {title}", "is {title} any good?", "what is trending?", "films like {title}"])
def test_every_answer_of_the_chat_that_names_titles_cites_their_sources_and_licences(
    run_main: RunCli, release: Release, first: dict[str, Any], question: str
) -> None:
    done = run_main("chat", "--json", question.format(title=first["title"]))
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["titles"]
    for one in answer["titles"]:
        row = release.catalogue.get(one["title_id"])
        assert row is not None
        assert f"({row.title.data_licence}" in answer["text"].replace("\\", "")


@pytest.mark.parametrize("address", ["?view=title&id={id}", "?view=search&q=the", "?view=trending"])
def test_every_card_of_the_page_shows_source_and_licence(published_home: Path, starter: CleaningResult, first: dict[str, Any], address: str) -> None:
    live = LiveService(ReleaseStore(str(published_home / "releases"), published_home / "cache" / "releases"), InsightMaker.from_settings())
    live.refresh()
    page = html.unescape(show(live, address.format(id=quote(first["title_id"], safe=""))).html)
    live.close()
    shown = [re.sub(r"<[^>]+>", "", line).strip() for line in re.findall(r'<p class="source">(.*?)</p>', page)]
    of_title = f"Source: {name_source(first['source'])} · {first['data_licence']}"
    rows = {f"Source: {name_source(source)} · {licence}" for source, licence in starter.titles[["source", "data_licence"]].itertuples(index=False)}
    assert shown
    assert set(shown) <= rows | {"Source: tests · CC0-1.0"}, "each source with its own licence"
    assert of_title in shown
    assert page.count("<article") <= len(shown)
