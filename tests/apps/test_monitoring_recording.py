"""What a running service is asked and answers is recorded as numbers, whatever happens to who writes it, and the service never waits for that."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.apps.conftest import NO_RATE_LIMIT, RunCli, Server
from tests.apps.mcp_clients import talk
from tests.apps.observed import SECRET
from tests.llm.server import Behaviour, ScriptedServer, serve_script, write_good
from tests.s3 import serve_s3
from trending.cleaning.clean import CleaningResult
from trending.genres import GENRES
from trending.monitoring.draw import MAX_SAMPLE
from trending.monitoring.profiles import merge_profiles
from trending.monitoring.recordings import PROFILES, SAMPLES, read_sample
from trending.monitoring.sample import Sample, read_live, read_profile
from trending.monitoring.served import judge_served
from trending.releases import Release
from trending.releases.splits import read_splits
from trending.settings import load_settings

PLOT = f"{SECRET}, a sheriff, rides out to find the men who robbed the stagecoach. Write to {SECRET}@example.org."
Start = Callable[..., Server]


@contextmanager
def recording(start_server: Start, home: Path, store: Path | str, app: str = "api", **settings: str) -> Iterator[Server]:
    """Serve with recordings on; whoever is given the server may stop it."""
    server = start_server(home, app, NO_RATE_LIMIT | {"TRENDING_MONITORING": str(store)} | settings)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def predict(server: Server, *texts: str, **facts: Any) -> list[dict[str, Any]]:
    answer = httpx.post(f"{server.url}/v1/predict", json={"texts": list(texts), **facts}, timeout=30)
    assert answer.status_code == 200, answer.text
    predictions: list[dict[str, Any]] = answer.json()["predictions"]
    return predictions


def await_that(holds: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 90  # the process that writes takes what others leave of the processor
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.1)
    raise AssertionError(f"never: {what}")


def find_writer(server: Server) -> int | None:
    """Return the id of the process that writes for a server."""
    children = [child for file in Path(f"/proc/{server.process.pid}/task").glob("*/children") for child in file.read_text().split()]
    return next((int(one) for one in children if b"trending.monitoring.writer" in Path(f"/proc/{one}/cmdline").read_bytes()), None)


def list_files(store: Path, ending: str = "") -> list[Path]:
    return sorted(path for path in store.rglob("*") if path.is_file() and path.name.endswith(ending)) if store.is_dir() else []


def read_all(store: Path | str, version: str) -> Sample:
    now = dt.datetime.now(dt.UTC)
    return read_live(str(store), version, now - dt.timedelta(hours=3), now)


def read_dropped(server: Server) -> float:
    families = text_string_to_metric_families(httpx.get(f"{server.url}/metrics").text)
    return next(sample.value for family in families for sample in family.samples if sample.name == "trending_monitoring_dropped_total")


def ask_and_await(server: Server, store: Path) -> None:
    """Ask something and wait until it is written: the process runs then, and what is asked later is written as the server ends."""
    before = len(list_files(store, SAMPLES))
    predict(server, "A prelude.")
    await_that(lambda: len(list_files(store, SAMPLES)) > before, "anything is recorded")


def read_everything(store: Path) -> bytes:
    """Return every byte below a folder, and what is compressed also as what it was."""
    contents = [(path, path.read_bytes()) for path in list_files(store)]
    assert contents
    return b"\n".join([content for _, content in contents] + [gzip.decompress(content) for path, content in contents if path.suffix == ".gz"])


def test_texts_over_rest_and_mcp_become_rows_that_say_what_was_asked_and_answered(
    start_server: Start, published_home: Path, release: Release, tmp_path: Path
) -> None:
    version = release.manifest.version
    with recording(start_server, published_home, tmp_path / "store", "all") as server:
        ask_and_await(server, tmp_path / "store")
        told = predict(server, PLOT, "Zwölf Köche.", type="tv", year=1987)
        (over_mcp,) = talk(f"{server.url}/mcp", lambda client: client.call("predict_genres", texts=[PLOT[:50]]))["predictions"]
        assert read_dropped(server) == 0
        assert server.stop() in (0, 143, -15)
    sample = read_all(tmp_path / "store", version)
    assert sample.seen == len(sample.titles) == 4
    rows = sample.titles.set_index("characters")
    first, second, third = (rows.loc[float(length)] for length in (len(PLOT), len("Zwölf Köche."), 50))
    for row, answer in ((first, told[0]), (second, told[1]), (third, over_mcp)):
        assert row["genres predicted"] == len(answer["genres"])
        if "scores" in answer:
            assert [row[f"probability {genre}"] for genre in GENRES] == pytest.approx([answer["scores"][genre] for genre in GENRES], rel=1e-4)
    assert (first["is TV"], first["decade"], second["share non-ASCII"]) == (1, 1980, pytest.approx(2 / 12, rel=1e-4))
    assert rows.loc[50.0, ["is TV", "decade"]].isna().all()
    assert sample.titles.filter(like="label ").isna().all(axis=None)


def test_no_text_reaches_the_disk_or_the_log_unless_that_is_asked_for(start_server: Start, published_home: Path, tmp_path: Path) -> None:
    for name, kept in (("without", "false"), ("with", "true")):
        store = tmp_path / name
        with recording(start_server, published_home, store, TRENDING_MONITORING_TEXTS=kept) as server:
            ask_and_await(server, store)
            predict(server, PLOT)
            httpx.post(f"{server.url}/v1/insights", json={"plot": PLOT, "title": SECRET}, timeout=30)
            server.stop()
        assert SECRET not in server.log.read_text(encoding="utf-8")
        assert (SECRET.encode() in read_everything(store)) == (kept == "true")
        samples = [read_sample(path.read_bytes()) for path in list_files(store, SAMPLES)]
        assert (PLOT in [text for sample in samples for text in sample.texts]) == (kept == "true")
    for path in list_files(tmp_path / "with", PROFILES):
        assert SECRET.encode() not in path.read_bytes()


def test_what_two_processes_recorded_is_one_sample_and_one_profile(start_server: Start, published_home: Path, release: Release, tmp_path: Path) -> None:
    """Though the first saw more than a sample holds."""
    store, version, now = tmp_path / "store", release.manifest.version, dt.datetime.now(dt.UTC)
    for asked in (MAX_SAMPLE + 140, 30):
        with recording(start_server, published_home, store) as server:
            ask_and_await(server, store)
            for start in range(1, asked, 60):
                predict(server, *["A ship is lost."] * min(60, asked - start))
            server.stop()
            assert "lost" not in server.log.read_text(encoding="utf-8")
    names = {path.name for path in list_files(store)}
    assert len(names) >= 4
    sample = read_all(store, version)
    assert sample.seen == MAX_SAMPLE + 170
    # A random sample of all: as large a share of the rows that the second saw is kept as of those the first saw.
    assert MAX_SAMPLE - 1 <= len(sample.titles) < MAX_SAMPLE + 30
    profile = read_profile(str(store), version, now - dt.timedelta(hours=1), now + dt.timedelta(hours=2))
    assert profile.get_column("characters").get_metric("counts").n.value == MAX_SAMPLE + 30, "of what each keeps"
    assert profile.get_column("characters").get_metric("distribution").mean.value == pytest.approx(15, abs=0.1)
    alone = [merge_profiles([path.read_bytes()]).get_column("words").get_metric("counts").n.value for path in list_files(store, PROFILES)]
    assert sorted(alone) == [30, MAX_SAMPLE]


def test_a_writer_that_is_killed_costs_what_it_had_not_written_and_no_answer(start_server: Start, published_home: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    with recording(start_server, published_home, store) as server:
        ask_and_await(server, store)
        predict(server, *[PLOT] * 5)
        time.sleep(1)
        os.kill(find_writer(server) or 0, signal.SIGKILL)
        await_that(lambda: read_dropped(server) >= 5, "what it had is counted")
        before = read_dropped(server)
        for _ in range(20):
            predict(server, PLOT)
        await_that(lambda: read_dropped(server) == before + 20, "what comes while it rests is counted")
        assert "started again in 30 s" in server.log.read_text(encoding="utf-8")
        assert SECRET not in server.log.read_text(encoding="utf-8")
        assert server.stop() in (0, 143, -15)


def test_a_writer_that_hangs_holds_up_neither_answers_nor_the_end(start_server: Start, published_home: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    with recording(start_server, published_home, store) as server:
        ask_and_await(server, store)
        writer = find_writer(server) or 0
        os.kill(writer, signal.SIGSTOP)
        long = [f"{number} {PLOT} {'A storm. ' * 1_500}" for number in range(10)]
        for _ in range(60):  # 8 MB: more than the pipe holds
            predict(server, *long)
        started = time.monotonic()
        assert server.stop() in (0, 143, -15)
        assert time.monotonic() - started < 10
        said = server.log.read_text(encoding="utf-8")
        assert "rows of recordings are lost" in said
        assert SECRET not in said
    await_that(lambda: not Path(f"/proc/{writer}").exists(), "the process is gone")


def test_a_disk_that_is_full_is_told_of_and_written_to_when_there_is_room(start_server: Start, published_home: Path, release: Release, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", store], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    try:
        ballast = store / "ballast"
        with pytest.raises(OSError, match="No space"):
            ballast.write_bytes(b"0" * 100_000)
        with recording(start_server, published_home, store) as server:
            predict(server, PLOT)
            await_that(lambda: "can't be written to" in server.log.read_text(encoding="utf-8"), "the log says so")
            predict(server, PLOT, PLOT)
            assert SECRET not in server.log.read_text(encoding="utf-8")
            assert "No space left on device" in server.log.read_text(encoding="utf-8")
            ballast.unlink()
            server.stop()
        assert "recordings are written again" in server.log.read_text(encoding="utf-8")
        assert read_all(store, release.manifest.version).seen == 3
    finally:
        subprocess.run(["umount", store], check=True)


def test_a_store_that_can_never_be_written_to_costs_recordings_alone(start_server: Start, published_home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for store, said in ((tmp_path / "file" / "store", "Not a directory"), ("nosuchplace://recordings", "TRENDING_MONITORING")):
        with recording(start_server, published_home, store) as server:
            predict(server, PLOT)
            await_that(lambda server=server, said=said: said in server.log.read_text(encoding="utf-8"), said)
            predict(server, PLOT)
            assert server.stop() in (0, 143, -15)
        assert "lost" in server.log.read_text(encoding="utf-8")


def test_off_starts_no_process_and_writes_nothing(start_server: Start, published_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(published_home / "releases", home / "releases")
    with recording(start_server, home, "off") as server:
        predict(server, PLOT)
        time.sleep(1)
        assert find_writer(server) is None
        server.stop()
    assert not (home / "monitoring").exists()


def test_a_service_that_is_asked_nothing_starts_no_process_and_by_default_recordings_lie_in_the_home(
    start_server: Start, published_home: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(published_home / "releases", home / "releases")
    with recording(start_server, home, "") as server:
        httpx.get(f"{server.url}/v1/search", params={"q": "ship"})
        time.sleep(1)
        assert find_writer(server) is None
        ask_and_await(server, home / "monitoring")
        writer = find_writer(server)
        loaded = Path(f"/proc/{server.process.pid}/maps").read_text()
        assert "numpy" in loaded
        assert not any(name in loaded for name in ("pandas", "whylogs")), "what describes is the other process's"
        server.stop()
    assert not Path(f"/proc/{writer}").exists()
    assert list_files(home / "monitoring", SAMPLES)


def test_recordings_go_to_s3_and_are_read_from_there(start_server: Start, published_home: Path, release: Release) -> None:
    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    store, version = f"s3://{bucket}/monitoring", release.manifest.version
    with serve_s3(bucket) as variables:
        with recording(start_server, published_home, store, **variables) as server:
            predict(server, PLOT)
            await_that(lambda: read_all(store, version).seen, "anything is in the bucket")
            predict(server, PLOT, PLOT)
            server.stop()
        assert "lost" not in server.log.read_text(encoding="utf-8")
        assert read_all(store, version).seen == 3
        now = dt.datetime.now(dt.UTC)
        assert read_profile(store, version, now - dt.timedelta(hours=3), now).get_column("words").get_metric("counts").n.value == 3


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedServer]:
    """A language model on loopback."""
    with serve_script() as server:
        yield server


def test_calls_of_a_model_are_recorded_with_what_they_cost_and_whether_it_refused_or_broke_its_schema(
    start_server: Start, published_home: Path, release: Release, model: ScriptedServer, tmp_path: Path
) -> None:
    plot = f"Two detectives search a fishing village for a missing child. A storm cuts the village off, and {SECRET}, the harbour master, lies."
    said: dict[str, Behaviour] = {
        "good": lambda request: (200, json.dumps(write_good(request))),
        "refusing": lambda _: (200, json.dumps({"summary": "I'm sorry, I can't help with that."})),
        "broken": lambda _: (200, "not what the schema says"),
        "failing": lambda _: (400, "{}"),
    }
    settings = {"TRENDING_LLM_MODEL": "openai/gpt-4o-mini", "TRENDING_LLM_API_BASE": model.url, "TRENDING_LLM_API_KEY": "none", "TRENDING_LLM_TIMEOUT": "60"}
    with recording(start_server, published_home, tmp_path / "store", **settings) as server:
        ask_and_await(server, tmp_path / "store")
        for answer in said.values():
            model.behaviours["gpt-4o-mini"] = answer
            assert httpx.post(f"{server.url}/v1/insights", json={"plot": plot}, timeout=90).status_code == 200
        writer = find_writer(server)
        server.process.terminate()
        server.process.wait(60)  # with LiteLLM loaded, a busy machine takes longer than `stop` waits
    await_that(lambda: not Path(f"/proc/{writer}").exists(), "the writer has finished")
    calls = read_all(tmp_path / "store", release.manifest.version).calls
    assert SECRET.encode() not in read_everything(tmp_path / "store"), "a model's answer may quote a user"
    answered = calls[calls["failed call"] == 0]
    # One good answer; the refusing and the broken one are asked for twice.
    assert len(answered) == 5
    assert answered["cost in USD"].tolist() == pytest.approx([1000 * 0.15e-6 + 200 * 0.6e-6] * 5, rel=1e-4)
    assert answered["tokens"].tolist() == [1200] * 5
    assert answered["refusal"].sum() == 2
    assert (answered["characters asked"] > len(plot)).all()
    assert answered["sentiment"].between(0, 1).all()
    assert calls["failed check"].dropna().tolist().count(1) == 4
    assert calls["failed check"].dropna().tolist().count(0) == 1
    assert (calls["failed call"] == 1).sum() >= 1
    assert (calls["is chat"] == 0).all()


def list_held_out(starter: CleaningResult, release: Release, most: int) -> list[dict[str, Any]]:
    """Return titles with plots like those the release was judged on."""
    splits = read_splits(release)
    titles = starter.titles[starter.titles["title_id"].isin(set(splits[splits["split"] != "train"]["title_id"])) & starter.titles["plot"].notna()]
    return titles.head(most).to_dict("records")


@pytest.mark.slow
def test_texts_like_the_reference_are_no_drift_and_strange_ones_are_by_name(
    start_server: Start,
    published_home: Path,
    release: Release,
    starter: CleaningResult,
    run_python: RunCli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    titles = list_held_out(starter, release, 240)
    assert len(titles) > 150
    for name, write in (("like", lambda plot: plot), ("strange", lambda plot: f"{plot} {' '.join(word[::-1] + 'qx' for word in plot.split())}")):
        store = tmp_path / name
        with recording(start_server, published_home, store) as server:
            ask_and_await(server, store)
            for title in titles:
                predict(server, write(title["plot"]), type=title["type"], year=int(title["year"]))
            server.stop()
    monkeypatch.setenv("TRENDING_MONITORING", str(tmp_path / "like"))
    load_settings.cache_clear()
    report = judge_served(release, 2, dt.datetime.now(dt.UTC))
    assert not report.alarm, report.reason
    assert len(report.findings) > 25
    pages, settings = tmp_path / "pages", {"TRENDING_MONITORING": str(tmp_path / "strange")}
    done = run_python("-m", "trending.monitoring", "report", "--json", "--to", str(pages), settings=settings, home=published_home)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    drifted = {finding["name"] for finding in told["findings"] if finding["drifted"]}
    assert {"characters", "words", "share unknown words"} <= drifted
    assert "characters" in told["reason"] or "words" in told["reason"]
    assert {path.name for path in pages.iterdir()} == {"drift.html", "drift.json", "whylogs.html", "evidently.html"}
    done = run_python("-m", "trending.monitoring", "profile", str(tmp_path / "texts.bin"), settings=settings, home=published_home)
    assert done.returncode == 0, done.stderr
    merged = merge_profiles([(tmp_path / "texts.bin").read_bytes()])
    assert merged.get_column("words").get_metric("counts").n.value == len(titles) + 1


def test_a_report_says_what_it_lacks_in_one_line(run_python: RunCli, tmp_path: Path) -> None:
    for settings, said in (({"TRENDING_MONITORING": str(tmp_path)}, "nothing was recorded"), ({"TRENDING_MONITORING": "off"}, "nothing is recorded")):
        done = run_python("-m", "trending.monitoring", "report", settings=settings)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert said in done.stderr
