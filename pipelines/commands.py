"""The command-line verbs that need ZenML: pipelines, stacks and the dashboard."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import Any

import yaml

from pipelines.runner import connect_zenml, quieten_zenml
from pipelines.secrets import protect_secrets
from pipelines.stacks import apply_stack, fill_in, list_stack_files, read_stack
from trending.errors import TrendingError, UsageError


def run_pipeline(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run a pipeline and print what it ended in and what to try next."""
    from pipelines.progress import report_progress

    with report_progress():
        if arguments.pipeline == "ingestion":
            from pipelines.run_ingestion import run_ingestion as start
        elif arguments.pipeline == "continual_learning":
            from pipelines.run_continual_learning import run_continual_learning as start
        elif arguments.pipeline == "batch_scoring":
            from pipelines.run_batch_scoring import run_batch_scoring as start
        else:
            from pipelines.run_training import run_training as start
        result = start(arguments.config, arguments.overrides, arguments.stack, use_cache=not arguments.no_cache)
    if not arguments.json:
        summaries = {"ingestion": _summarise_version, "batch_scoring": _summarise_scores, "continual_learning": _summarise_decision}
        print(summaries.get(arguments.pipeline, _summarise_release)(result))
    return result


def _summarise_release(result: dict[str, Any]) -> str:
    from trending.reports.frontier import list_lines

    def interval(figure: dict[str, float]) -> str:
        return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"

    against = f" against {interval(result['baseline_macro_f1'])} for the majority baseline"
    data = "the starter catalogue that ships with the project: figures say nothing about other data" if result["starter"] else result["source"]
    return "\n".join(
        [
            f"Release {result['release']} published in {result['seconds']:.0f} s ({result['steps_cached']} of {result['steps']} steps from the cache)",
            f"  where     {result['location']}",
            f"  model     {result['model_kind']}, ZenML model version {result['model_version']}",
            f"  macro F1  {interval(result['macro_f1'])}{against} (genre words masked, 95 % intervals)",
            f"  data      {result['titles']:,} titles from {data}",
            "",
            *(f"  {line}" for line in list_lines(result["frontier"])),
            "",
            'Next: python run.py predict --text "Two detectives search a fishing village for a missing child."',
        ]
    )


def _summarise_decision(result: dict[str, Any]) -> str:
    """Say why something was learnt or not, and what came of it."""
    if result["outcome"] == "scheduled":
        return f"Scheduled on stack {result['stack']} as {result['schedule']}, {result['cron']}: {' '.join(result['command'])}"
    decision, verdict = result["decision"], result["verdict"]
    lines = [f"Champion {result['champion']}: {decision['reason']}" if result.get("champion") else decision["reason"].capitalize()]
    lines += [f"  {'*' if finding['fired'] else '-'} {finding['trigger']:<13} {finding['measured']}" for finding in decision["findings"]]
    if verdict:
        promoted = verdict["decision"] == "promote"
        lines.append(f"Challenger {verdict['challenger']} ({verdict['challenger_kind']}) {'replaces it' if promoted else 'is declined'}: {verdict['reason']}")
        lines += [f"  {'+' if rule['held'] else '!'} {rule['name']:<19} {rule['measured']}" for rule in verdict["rules"]]
    lines.append(f"Served: release {result['release']} ({result['seconds']:.0f} s)")
    return "\n".join(lines)


def _summarise_scores(result: dict[str, Any]) -> str:
    took = f"in {result['seconds']:.0f} s ({result['steps_cached']} of {result['steps']} steps from the cache)"
    if not result["new"]:
        return f"Nothing new: release {result['release']} already shows these titles as {result['model_kind']} scores them, and is served; checked {took}"
    without = result["titles"] - result["scored"]
    return "\n".join(
        [
            f"Release {result['release']} published {took}",
            f"  where     {result['location']}",
            f"  model     {result['model_kind']}, of release {result['scored_from']}",
            f"  scored    {result['scored']:,} of {result['titles']:,} titles ({without:,} have no plot), {result['titles_per_second']:,.0f} a second",
            f"  found     {result['uncertain']:,} with a genre in doubt, {result['without_genre']:,} without any",
            f"  shows     {result['shown']:,} titles from {result['data_version'] or result['source']}",
            "Next: python run.py serve all",
        ]
    )


def run_data_replay(arguments: argparse.Namespace) -> dict[str, Any]:
    """Try what is in quarantine again, and print what became of it."""
    from pipelines.progress import report_progress
    from pipelines.run_ingestion import replay_quarantine

    if arguments.other is not None:
        raise UsageError("replay takes one version", where="data", mend="use: data replay")

    with report_progress():
        result = replay_quarantine(arguments.version, arguments.config, arguments.overrides)
    if not arguments.json:
        print(_summarise_version(result))
    return result


def _summarise_version(result: dict[str, Any]) -> str:
    account, rows = result["account"], result["rows"]
    found = "published" if result["new"] else "still holds: not a row differs; checked"
    return "\n".join(
        [
            f"Data version {result['version']} {found} in {result['seconds']:.0f} s ({result['steps_cached']} of {result['steps']} steps from the cache)",
            f"  fetched   {account['fetched']:,} = {account['parsed']:,} parsed + {account['failed']:,} failed",
            f"  parsed    {account['parsed']:,} = {account['kept']:,} kept + {account['merged']:,} merged + {account['quarantined']:,} quarantined",
            f"  holds     {', '.join(f'{number:,} {name}' for name, number in rows.items() if number)}",
            f"  sources   {', '.join(f'{name} ({number:,})' for name, number in result['sources'].items())}",
            "Next: python run.py --pipeline training --set source=catalogue",
        ]
    )


def run_stack(arguments: argparse.Namespace) -> dict[str, Any]:
    """List, show, register or check stacks."""
    if arguments.action == "list":
        names = list_stack_files()
        if not arguments.json:
            print("\n".join(names))
        return {"stacks": names}
    if not arguments.name:
        raise UsageError(f"stack {arguments.action} needs a name", where="stack", mend=f"choose from: {', '.join(list_stack_files())}")
    if arguments.action == "show":
        content = read_stack(arguments.name)
        if not arguments.json:
            print(yaml.safe_dump(content, sort_keys=False), end="")
        return content
    if arguments.action == "check":
        return _check_stack(arguments)
    fill_in(read_stack(arguments.name))
    quieten_zenml()
    connect_zenml()
    stack_id, changed = apply_stack(arguments.name)
    if not arguments.json:
        print(f"stack {arguments.name} is {'registered' if changed else 'already registered'} ({stack_id})")
    return {"stack": arguments.name, "id": stack_id, "changed": changed}


def _check_stack(arguments: argparse.Namespace) -> dict[str, Any]:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from pipelines.stack_check import check_stack

    findings = check_stack(arguments.name)
    ok = all(finding.state == "ready" for finding in findings)
    if not arguments.json:
        table = Table("part", "name", "state", "found", "to mend it", title=f"Stack {arguments.name}", title_justify="left")
        colours = {"ready": "green", "missing": "yellow", "unreachable": "red"}
        for finding in findings:
            table.add_row(finding.part, finding.name, f"[{colours[finding.state]}]{finding.state}[/]", escape(finding.found), escape(finding.mend))
        Console(width=None if sys.stdout.isatty() else 160).print(table)
        print(f"Stack {arguments.name} is {'ready' if ok else 'not ready'}.")
    return {"stack": arguments.name, "ok": ok, "parts": [finding.model_dump() for finding in findings]}


def run_dashboard(arguments: argparse.Namespace) -> None:
    """Start or stop ZenML's dashboard with ZenML's own command, which prints its address."""
    protect_secrets(serving=True)
    command = ["logout", "--local"] if arguments.stop else ["login", "--local", "--port", str(arguments.port), "--ip-address", "127.0.0.1"]
    if not arguments.stop:
        print(
            f"Starting ZenML's dashboard at http://127.0.0.1:{arguments.port} (this takes a minute or two; stop it with: python run.py dashboard --stop)",
            file=sys.stderr,
            flush=True,
        )
    outcome = subprocess.run(
        [sys.executable, "-c", "from zenml.cli.cli import cli; cli()", *command], check=False, env={"ZENML_ANALYTICS_OPT_IN": "false", **os.environ}
    )
    if outcome.returncode:
        raise TrendingError(f"zenml {' '.join(command)} ended with {outcome.returncode}", where="dashboard", mend="its own message is above; is the port free?")
