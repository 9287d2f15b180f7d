"""The bundle that assistants install, and the registry's server.json: both fit their schemas, and what is in the bundle serves."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from packaging.requirements import Requirement

from apps.mcp.bundle import build_bundle
from tests.apps.mcp_clients import ROOT, Checked, install_node_tools, make_environment
from trending import __version__
from trending.releases import ReleaseStore

URL = "https://films.example/trending-now.mcpb"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory, published_home: Path) -> Path:
    """A folder with the bundle, its server.json and, unpacked, what is in the bundle."""
    folder = tmp_path_factory.mktemp("packed")
    path = build_bundle(folder, ReleaseStore(str(published_home / "releases"), published_home / "cache" / "releases"), URL)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / "unpacked")
    return folder


def test_the_bundle_serves_its_own_release(packed: Path, tmp_path: Path) -> None:
    """Started as its manifest says, but by this interpreter, which has what uv would install."""
    inside = packed / "unpacked"
    config = json.loads((inside / "manifest.json").read_text())["server"]["mcp_config"]
    assert config["args"][:3] == ["run", "--directory", "${__dirname}"]
    places = {"${__dirname}": str(inside), "${HOME}": str(tmp_path)}
    settings = {name: re.sub(r"\$\{\w+\}", lambda found: places[found[0]], value) for name, value in config["env"].items()}
    environment = {name: value for name, value in make_environment(tmp_path).items() if name != "PYTHONPATH"} | settings
    command = StdioServerParameters(command=sys.executable, args=config["args"][3:], env=environment, cwd=inside)

    async def main() -> Any:
        async with Client(stdio_client(command)) as client:
            return await Checked(client).call("search_titles", query="ship", limit=1)

    assert asyncio.run(asyncio.wait_for(main(), 120))["titles"]


def test_what_serving_imports_is_what_the_bundle_asks_for(packed: Path, tmp_path: Path) -> None:
    script = """
import asyncio, json, sys
from mcp import Client
from apps.mcp import create_http_app, create_server
from apps.mcp.loading import Loading
async def main():
    live = Loading()
    create_http_app(live)
    async with Client(create_server(live)) as client:
        found = (await client.call_tool("search_titles", {"query": "ship", "limit": 2})).structured_content["titles"]
        ids = [card["title_id"] for card in found]
        for name, arguments in {"get_title": {"title_id": ids[0]}, "get_trending": {}, "predict_genres": {"texts": ["A sheriff rides out."]},
                                "get_insights": {"plot": "A sheriff.", "reviews": ["Great."]}, "find_similar": {"title_id": ids[0]},
                                "compare_titles": {"title_ids": ids}, "get_reviews": {"title_id": ids[0]}}.items():
            assert not (await client.call_tool(name, arguments)).is_error, name
    live.close()
asyncio.run(main())
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
    environment = make_environment(tmp_path) | {"TRENDING_RELEASES": str(packed / "unpacked/releases"), "PYTHONPATH": str(packed / "unpacked")}
    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    asked = tomllib.loads((packed / "unpacked/pyproject.toml").read_text())["project"]["dependencies"]
    installed: set[str] = set()
    for requirement in asked:
        _close(Requirement(requirement), installed)
    owners = packages_distributions()
    # Whatever the tools of this environment load at every start isn't asked for by serving.
    ours = {_fold(owner) for module in json.loads(done.stdout.splitlines()[-1]) for owner in owners.get(module, [])[:1]}
    missing = ours - installed - {"setuptools", "trending-now", "rich"}  # the SDK logs with rich where it is there
    assert not {name for name in missing if _is_asked_for(name)}, missing


def _fold(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_asked_for(name: str) -> bool:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return name in {_fold(Requirement(one).name) for one in project}


def _close(requirement: Requirement, found: set[str]) -> None:
    name = _fold(requirement.name)
    if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
        return
    found.add(name)
    try:
        needs = distribution(name).requires or []
    except PackageNotFoundError:  # overridden away
        needs = []
    for needed in needs:
        _close(Requirement(needed), found)


def test_the_bundle_is_the_same_for_the_same_content(packed: Path, published_home: Path, tmp_path: Path) -> None:
    again = build_bundle(tmp_path, ReleaseStore(str(published_home / "releases"), published_home / "cache" / "releases"))
    assert again.read_bytes() == (packed / again.name).read_bytes()
    assert "packages" not in json.loads((tmp_path / "server.json").read_text())


def test_the_registry_gets_a_server_json_with_the_bundles_digest(packed: Path) -> None:
    """The registry's limits of 2025-12-11."""
    server = json.loads((packed / "server.json").read_text())
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", server["name"])
    assert 1 <= len(server["description"]) <= 100
    assert server["version"] == __version__
    (package,) = server["packages"]
    assert package["fileSha256"] == hashlib.sha256((packed / "trending-now.mcpb").read_bytes()).hexdigest()
    assert (package["registryType"], package["identifier"], package["transport"]) == ("mcpb", URL, {"type": "stdio"})


def test_manifest_and_bundle_pass_the_official_tool(packed: Path, pytestconfig: pytest.Config) -> None:
    if pytestconfig.cache is None:
        pytest.skip("pytest keeps no cache")
    tools = install_node_tools(pytestconfig.cache.mkdir("mcp-node"))
    manifest = json.loads((packed / "unpacked/manifest.json").read_text())
    assert len(manifest["tools"]) == 9
    schema = json.loads((tools / "@anthropic-ai/mcpb/schemas/mcpb-manifest-v0.4.schema.json").read_text())
    jsonschema.validate(manifest, schema)
    cli = str(tools / "@anthropic-ai/mcpb/dist/cli/cli.js")
    for arguments in (("validate", str(packed / "unpacked/manifest.json")), ("info", str(packed / "trending-now.mcpb"))):
        done = subprocess.run([str(tools / "node/bin/node"), cli, *arguments], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
