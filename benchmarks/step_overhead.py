"""What ZenML costs per run and per step, with artifacts on disk and in S3, and where the time goes: `python -m benchmarks.step_overhead [--steps N]`.

Steps that do next to nothing are run on the stacks `local` and `local-s3`, the latter against an emulator of S3 on loopback: the network's time comes on top.
A run of N steps less a run of one, shared out, is what a step costs; what is left of the run of one is what a run costs. Shares are of a profile of its own.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import logging
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.timing import ROOT, own_environment

ROUNDS = 3
# Where the time goes: functions, by the end of their file and their name, whose cumulative time is counted.
PLACES = {
    "ZenML's database (SQLite)": (("zen_stores/sql_zen_store.py", None),),
    "loading and storing artifacts": (("artifacts/utils.py", "load_artifact_from_response"), ("orchestrators/step_runner.py", "_store_output_artifacts")),
    "finding sources and code": (("utils/source_utils.py", "resolve"), ("utils/code_utils.py", None)),
    "writing logs": (("utils/logging_utils.py", None),),
}


def main() -> None:
    """Measure both stacks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--child", choices=("time", "profile"), help=argparse.SUPPRESS)
    parser.add_argument("--stack", default="local", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(_run_child(arguments.stack, arguments.steps, arguments.child == "profile")))
        return
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    table = Table("stack", "a run", "a step", "a run, cached", "a step, cached", "of a step's time", title=f"{arguments.steps} steps, medians of {ROUNDS}")
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            for stack in ("local", "local-s3"):
                table.add_row(stack, *_measure(Path(folder) / stack, stack, arguments.steps, "http://{}:{}".format(*server.get_host_and_port())))
    finally:
        server.stop()
    Console(width=160).print(table)


def _measure(folder: Path, stack: str, steps: int, endpoint: str) -> list[str]:
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = {**own_environment(folder), **keys, "AWS_ENDPOINT_URL": endpoint, "TRENDING_S3_ARTIFACTS": "s3://benchmark/artifacts"}

    def ask(kind: str) -> Any:
        command = [sys.executable, "-m", "benchmarks.step_overhead", "--child", kind, "--stack", stack, "--steps", str(steps)]
        outcome = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        if outcome.returncode:
            raise SystemExit(outcome.stderr[-3000:])
        return json.loads(outcome.stdout.splitlines()[-1])

    times, shares = ask("time"), ask("profile")
    (one, many), (one_cached, many_cached) = times["fresh"], times["cached"]
    step, cached = (many - one) / (steps - 1), (many_cached - one_cached) / (steps - 1)
    told = ", ".join(f"{name} {share:.0%}" for name, share in sorted(shares.items(), key=lambda pair: -pair[1]))
    return [f"{one - step:.2f} s", f"{step:.2f} s", f"{one_cached - cached:.2f} s", f"{cached:.2f} s", told]


def _run_child(stack: str, steps: int, profiled: bool) -> Any:
    """Time runs of one step and of many, fresh and cached; or return the shares of a run of many."""
    from benchmarks.step_overhead_pipeline import chain
    from pipelines.runner import connect_zenml, quieten_zenml, run_pipeline

    quieten_zenml()
    connect_zenml()
    if stack == "local-s3":
        import boto3

        client = boto3.client("s3")
        if not client.list_buckets()["Buckets"]:
            client.create_bucket(Bucket="benchmark")

    def seconds(count: int, cached: bool) -> float:
        started = time.perf_counter()
        run_pipeline(chain, {"steps": count}, stack, cached)
        return time.perf_counter() - started

    seconds(1, False)  # what is only done once is left out: imports, registration
    if profiled:
        profile = cProfile.Profile()
        profile.runcall(seconds, steps, False)
        return _share_out(pstats.Stats(profile))
    seconds(steps, False)
    found: dict[str, list[float]] = {}
    for name, cached in (("fresh", False), ("cached", True)):
        found[name] = [statistics.median(seconds(count, cached) for _ in range(ROUNDS)) for count in (1, steps)]
    return found


def _share_out(stats: pstats.Stats) -> dict[str, float]:
    """Return each place's share of the whole: the time within its functions when something else called them."""
    total = stats.total_tt  # type: ignore[attr-defined]
    shares = {}
    for name, places in PLACES.items():

        def inside(function: tuple[str, int, str], places: Any = places) -> bool:
            return any(function[0].endswith(file) and wanted in {None, function[2]} for file, wanted in places)

        seconds = 0.0
        for function, (_, _, _, _, callers) in stats.stats.items():  # type: ignore[attr-defined]
            if inside(function):
                seconds += sum(cumulative for caller, (_, _, _, cumulative) in callers.items() if not inside(caller))
        shares[name] = seconds / total
    return shares


if __name__ == "__main__":
    main()
