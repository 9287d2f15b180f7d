"""The server over HTTP: real clients of both eras, and what it refuses: hosts, origins, tokens, sizes, rates, and being open to the network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client.streamable_http import streamable_http_client

from apps.mcp import create_http_app
from tests.apps.mcp_clients import Checked, Fixed, run_app, serve_release, talk
from trending.errors import UsageError
from trending.releases import Release
from trending.settings import load_settings

HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "by hand", "version": "1"}},
}
Serve = Callable[..., str]


@pytest.fixture(scope="module")
def live(release: Release) -> Fixed:
    """The published release's service."""
    return serve_release(release)


@pytest.fixture
def serve(live: Fixed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Return a function that serves with settings, and returns the address: `serve(TRENDING_MCP_TOKENS=...)`."""
    running = []

    def start(host: str = "127.0.0.1", **settings: str) -> str:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        load_settings.cache_clear()
        running.append(run_app(create_http_app(live, host)))
        return f"{running[-1].__enter__()}/mcp"

    yield start
    for one in running:
        one.__exit__(None, None, None)


@pytest.fixture(scope="module")
def url(live: Fixed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the settings' defaults."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRENDING_HOME", str(tmp_path_factory.mktemp("home")))
        load_settings.cache_clear()
        app = create_http_app(live)
    with run_app(app) as address:
        yield f"{address}/mcp"


def post(url: str, body: Any = HELLO, **headers: str) -> httpx.Response:
    return httpx.post(url, content=body if isinstance(body, bytes | str) else json.dumps(body), headers={**HEADERS, **headers}, timeout=30)


async def _search(checked: Checked) -> Any:
    return checked.client.protocol_version, await checked.call("search_titles", query="ship", limit=2)


@pytest.mark.parametrize(("mode", "version"), [("legacy", "2025-11-25"), ("auto", "2026-07-28"), ("2026-07-28", "2026-07-28")])
def test_real_clients_of_both_eras(url: str, mode: str, version: str) -> None:
    spoken, found = talk(url, _search, mode=mode)
    assert spoken == version
    assert len(found["titles"]) == 2


def test_a_handshake_of_2025_by_hand(url: str) -> None:
    hello = post(url)
    assert hello.status_code == 200
    session = {"Mcp-Session-Id": hello.headers["mcp-session-id"], "MCP-Protocol-Version": "2025-06-18"}
    assert post(url, {"jsonrpc": "2.0", "method": "notifications/initialized"}, **session).status_code == 202
    listed = post(url, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, **session)
    (data,) = [line for line in listed.text.splitlines() if line.startswith("data: {")]
    assert len(json.loads(data.removeprefix("data: "))["result"]["tools"]) == 9
    assert httpx.delete(url, headers=session, timeout=30).status_code == 200
    assert post(url, {"jsonrpc": "2.0", "id": 3, "method": "tools/list"}, **session).status_code == 404


def test_a_request_of_2026_by_hand_needs_no_session(url: str) -> None:
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "search_titles", "arguments": {"query": "ship"}, "_meta": meta}}
    done = post(url, body, **{"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "search_titles"})
    assert done.status_code == 200
    assert "mcp-session-id" not in done.headers
    assert done.json()["result"]["structuredContent"]["titles"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example:1", "", "[::2]"])
def test_a_wrong_host_is_misdirected_and_told_the_setting(url: str, host: str) -> None:
    refused = post(url, Host=host)
    assert refused.status_code == 421
    assert "TRENDING_ALLOWED_HOSTS" in refused.json()["detail"]


def test_our_own_hosts_are_served(serve: Serve) -> None:
    own = serve(TRENDING_ALLOWED_HOSTS="films.example")
    for host in ("localhost", "localhost:1234", "127.0.0.1", "films.example", "films.example:8443", "[::1]:80"):
        assert post(own, Host=host).status_code == 200, host


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost.evil.example", "null", "file://"])
def test_a_page_of_another_origin_is_refused(url: str, origin: str) -> None:
    assert post(url, Origin=origin).status_code == 403


def test_pages_of_our_own_origins_are_served(serve: Serve) -> None:
    own = serve(TRENDING_ALLOWED_HOSTS="films.example", TRENDING_CORS_ORIGINS="https://app.example")
    for origin in ("http://localhost:6274", "https://films.example", "https://app.example"):
        assert post(own, Origin=origin).status_code == 200, origin


def test_without_the_right_token_nothing_is_told(serve: Serve) -> None:
    own = serve(TRENDING_MCP_TOKENS="one,two")
    for token in (None, "-", "wrong", "one,two", "One", "\xe9"):
        headers = {} if token is None else {"Authorization": f"Bearer {token}".encode("latin-1")}
        refused = httpx.post(own, json=HELLO, headers={**HEADERS, **headers}, timeout=30)
        assert refused.status_code == 401, token
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert "trending" not in refused.text


def test_each_token_opens_the_server_and_none_goes_on_with_anothers_session(serve: Serve) -> None:
    url = serve(TRENDING_MCP_TOKENS="one,two")
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    hello = post(url, Authorization="Bearer one")
    session = {"Mcp-Session-Id": hello.headers["mcp-session-id"], "MCP-Protocol-Version": "2025-06-18"}
    assert post(url, listing, Authorization="Bearer one", **session).status_code == 200
    assert post(url, listing, Authorization="Bearer two", **session).status_code == 404
    assert post(url, Authorization="Bearer two").status_code == 200


def test_a_real_client_with_a_token(serve: Serve) -> None:
    import httpx2

    url = serve(TRENDING_MCP_TOKENS="one")
    transport = streamable_http_client(url, http_client=httpx2.AsyncClient(headers={"Authorization": "Bearer one"}))
    _, found = talk(transport, _search)  # type: ignore[arg-type]
    assert len(found["titles"]) == 2


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "films.example"])
def test_beyond_loopback_it_does_not_start_without_tokens(live: Fixed, host: str) -> None:
    with pytest.raises(UsageError, match="TRENDING_MCP_TOKENS"):
        create_http_app(live, host)


def test_beyond_loopback_it_starts_with_tokens(serve: Serve) -> None:
    url = serve("0.0.0.0", TRENDING_MCP_TOKENS="one")
    assert post(url, Authorization="Bearer one").status_code == 200


def test_run_py_refuses_in_one_line(run_main: Callable[..., Any]) -> None:
    done = run_main("serve", "mcp", "--transport", "http", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "TRENDING_MCP_TOKENS" in done.stderr


def test_a_body_that_is_too_big_is_refused(serve: Serve) -> None:
    url = serve(TRENDING_MAX_BODY_BYTES="20000")
    big = json.dumps({**HELLO, "padding": "a" * 20_000})
    assert post(url, big).status_code == 413
    assert httpx.post(url, content=(part.encode() for part in (big[:9_000], big[9_000:])), headers=HEADERS, timeout=30).status_code == 413
    assert post(url).status_code == 200


def test_too_many_requests_are_refused_until_later(serve: Serve) -> None:
    url = serve(TRENDING_RATE_LIMIT="3/hour")
    answers = [post(url) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_the_rate_is_counted_per_token(serve: Serve) -> None:
    url = serve(TRENDING_RATE_LIMIT="2/hour", TRENDING_MCP_TOKENS="one,two")
    assert [post(url, Authorization="Bearer one").status_code for _ in range(3)] == [200, 200, 429]
    assert post(url, Authorization="Bearer two").status_code == 200


@pytest.mark.parametrize("body", ["", "nonsense", "[]", "{}", "1" * 6_000, "[" * 3_000, '{"jsonrpc":"2.0","id":1,"method":"tools/call"}', "\0"])
@pytest.mark.parametrize("version", ["", "2026-07-28", "1999-01-01"])
def test_nonsense_is_refused_and_never_an_error_of_the_server(url: str, body: str, version: str) -> None:
    headers = {"MCP-Protocol-Version": version} if version else {}
    assert 400 <= post(url, body, **headers).status_code < 500


def test_a_browser_may_ask_from_an_origin_of_the_settings(serve: Serve) -> None:
    url = serve(TRENDING_CORS_ORIGINS="https://app.example")
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,mcp-protocol-version"}
    preflight = httpx.options(url, headers=asked, timeout=30)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://app.example"
    assert "mcp-session-id" in post(url, Origin="https://app.example").headers["access-control-expose-headers"].lower()


def test_served_beside_the_api_by_run_py(start_server: Callable[..., Any], published_home: Path) -> None:
    running = start_server(published_home, app="mcp", arguments=("--transport", "http"))
    try:
        _, found = talk(f"{running.url}/mcp", _search)
        assert len(found["titles"]) == 2
    finally:
        assert running.stop() in (0, 143)
