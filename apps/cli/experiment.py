"""`run.py experiment`: begin a production test, see what it has shown so far, end it."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from pydantic import ValidationError

from trending.errors import InputError, NotFoundError, ReleaseError, UsageError
from trending.experiments.analysis import analyse_experiment
from trending.experiments.experiment import Experiment, Variant, describe_fault
from trending.experiments.log import ExposureLog
from trending.experiments.store import ExperimentStore
from trending.experiments.verdict import say_verdict, write_report
from trending.releases import ReleaseStore

_SHARES = {"ab": 0.5, "canary": 0.1, "shadow": 0.1}
_START_ONLY = ("kind", "treatment", "treatment_prompt", "share", "metric", "alpha", "harm")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Carry out one action."""
    if arguments.action != "start" and (given := [name for name in _START_ONLY if getattr(arguments, name)]):
        raise UsageError(f"--{given[0].replace('_', '-')} goes with start", where=f"experiment {arguments.action}", mend="leave it out")
    if arguments.action != "stop" and arguments.reason:
        raise UsageError("--reason goes with stop", where=f"experiment {arguments.action}", mend="leave it out")
    result = {"start": _start, "show": _show, "stop": _stop}[arguments.action](arguments)
    text = result.pop("text")
    if not arguments.json:
        print(text)
    return result


def _start(arguments: argparse.Namespace) -> dict[str, Any]:
    releases, exposures = ReleaseStore.from_settings(), ExposureLog.from_settings()
    experiments = ExperimentStore(releases)
    experiment = _compose(arguments, releases)
    before = experiments.read()
    if exposures.find(experiment.name) or (before is not None and before.name == experiment.name):
        raise UsageError(f"there was an experiment {experiment.name}", where="experiment", mend="choose another name: it decides who is given what")
    if before is not None and not before.running:
        exposures.keep(before)
    experiments.start(experiment)
    text = f"{experiment.name} is running: services take it up within seconds; see: python run.py experiment show"
    return {**experiment.model_dump(mode="json"), "text": text}


def _compose(arguments: argparse.Namespace, releases: ReleaseStore) -> Experiment:
    kind = arguments.kind or "ab"
    current = releases.current_version()
    if current is None:
        raise ReleaseError("no release is published", where=releases.url, mend="run: python run.py --pipeline training")
    if not arguments.name or not (arguments.treatment or arguments.treatment_prompt):
        raise UsageError(
            "a name and a treatment are needed", where="experiment start", mend="give NAME and --treatment VERSION, or --treatment-prompt NAME for the chat"
        )
    if arguments.treatment:
        releases.verify(arguments.treatment)
    if arguments.treatment_prompt:
        from apps.chat.prompting import USUAL, load_prompt

        if arguments.treatment_prompt == USUAL:
            raise UsageError(f"{USUAL} is the usual prompt, which control is given", where="experiment start", mend="give another one to --treatment-prompt")
        load_prompt(arguments.treatment_prompt)
    try:
        return Experiment(
            name=arguments.name,
            kind=kind,
            control=Variant(release=current),
            treatment=Variant(release=arguments.treatment or current, prompt=arguments.treatment_prompt),
            share=_SHARES[kind] if arguments.share is None else arguments.share,
            metric=arguments.metric or ("agreement" if kind == "shadow" else "error_rate"),
            started=dt.datetime.now(dt.UTC),
            **({} if arguments.alpha is None else {"alpha": arguments.alpha}),
            **({"harm": dict(map(_read_rule, arguments.harm))} if arguments.harm else {}),
        )
    except ValidationError as error:
        raise UsageError(describe_fault(error), where="experiment start", mend="see: python run.py experiment --help") from error


def _read_rule(given: str) -> tuple[str, Any]:
    name, found, value = given.partition("=")
    if not found:
        raise UsageError(f"{given!r} is no rule", where="--harm", mend="write RULE=VALUE, such as error_ratio=2 or p95_ms=250; RULE=none for none")
    return name, None if value == "none" else value


def _show(arguments: argparse.Namespace) -> dict[str, Any]:
    exposures = ExposureLog.from_settings()
    experiment = ExperimentStore(ReleaseStore.from_settings()).read()
    if arguments.name and (experiment is None or experiment.name != arguments.name):
        experiment = exposures.find(arguments.name)
    if experiment is None:
        raise NotFoundError(f"no experiment {arguments.name or ''}".rstrip(), where=exposures.url, mend="start one: python run.py experiment start --help")
    report = analyse_experiment(experiment, exposures.read(experiment.name), dt.datetime.now(dt.UTC))
    return {**report.model_dump(mode="json"), "verdict": say_verdict(report), "text": write_report(report)}


def _stop(arguments: argparse.Namespace) -> dict[str, Any]:
    experiments = ExperimentStore(ReleaseStore.from_settings())
    try:
        stopped = experiments.stop(arguments.reason or "stopped by hand", arguments.name)
    except InputError:
        experiments.discard()
        return {"stopped": None, "text": "the experiment's file was damaged and has been removed; its log is kept"}
    return {**stopped.model_dump(mode="json"), "text": f"{stopped.name} is stopped ({stopped.reason}); services go back to {stopped.control.release}"}
