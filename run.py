#!/usr/bin/env python3
"""Trending Now: the one door to everything the project does.

Only arguments are parsed here; each verb imports what it needs when it is called, so that --help is instant.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

PIPELINES = ("ingestion", "training", "continual_learning", "batch_scoring")
_OF_DELETE = ("author", "title", "review", "reason", "purge")
EPILOG = """examples:
  python run.py --pipeline training
  python run.py --pipeline training --set source=files --set path=titles.parquet
  python run.py --pipeline ingestion --set source=tvmaze
  python run.py data show
  python run.py predict --text "A sheriff rides out to find the men who robbed the stagecoach."
  python run.py serve all
  python run.py chat "what's trending in horror?"
  python run.py dashboard
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the whole usage is a --help away."""

    def error(self, message: str) -> Any:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object on stdout and nothing else there")


def _add_experiment(verbs: Any) -> None:
    experiment = verbs.add_parser("experiment", help="try a release or a prompt beside the current one: A/B, canary or shadow")
    experiment.add_argument("action", choices=("start", "show", "stop"))
    experiment.add_argument("name", nargs="?", help="of the experiment (default, but for start: the one that runs or ran last)")
    experiment.add_argument("--kind", choices=("ab", "canary", "shadow"), help="default: ab")
    experiment.add_argument("--treatment", metavar="VERSION", help="the release that is tried; control is the current one")
    experiment.add_argument("--treatment-prompt", metavar="NAME", help="instead: the chat's prompt that is tried")
    experiment.add_argument("--share", type=float, help="of units, those that get the treatment (default: ab 0.5, else 0.1)")
    experiment.add_argument("--metric", choices=("error_rate", "latency_ms", "complaint_rate", "agreement"), help="default: error_rate, or agreement")
    experiment.add_argument("--alpha", type=float, help="how often the verdict may ever be wrong if nothing differs (default: 0.05)")
    experiment.add_argument("--harm", metavar="RULE=VALUE", action="append", help="error_ratio (1.5), complaint_ratio (2), p95_ms, alpha; none: no such rule")
    experiment.add_argument("--reason", help="why it is stopped")
    _add_json(experiment)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = _Parser(
        prog="run.py",
        description="What kind of thing a film or a show is, how good that answer is, and how we know.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pipeline", choices=PIPELINES, help="run a ZenML pipeline")
    parser.add_argument("--stack", metavar="NAME", help="run it on this stack (see stacks/); your active stack stays what it is")
    parser.add_argument("--config", metavar="FILE", help="YAML of its parameters (default: pipelines/configs/PIPELINE.yaml)")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="overrides", help="override a parameter; may be repeated")
    parser.add_argument("--no-cache", action="store_true", help="run every step, whether or not anything changed")
    _add_json(parser)
    parser.set_defaults(json=False)  # kept from the verbs' own parsers, which would reset what stands before the verb
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)

    predict = verbs.add_parser("predict", help="predict the genres of a plot")
    text = predict.add_mutually_exclusive_group(required=True)
    text.add_argument("--text", help="the plot")
    text.add_argument("--file", help="a text file with a plot a line; - reads standard input")
    predict.add_argument("--type", choices=("movie", "tv"), help="what it is, if you know")
    predict.add_argument("--year", type=int, help="its year, if you know")
    _add_json(predict)

    evaluate = verbs.add_parser("evaluate", help="judge the current release on labelled titles")
    evaluate.add_argument("--data", required=True, metavar="FILE", help="CSV, JSONL or Parquet with title, type, plot and genres")
    _add_json(evaluate)

    serve = verbs.add_parser("serve", help="serve the current release")
    serve.add_argument("app", choices=("all", "api", "mcp", "demo"), help="all: REST under /v1, MCP under /mcp and the page under /, in one process")
    serve.add_argument("--transport", choices=("stdio", "http"), help="of mcp (default: stdio)")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)

    release = verbs.add_parser("release", help="list, inspect, promote and roll back releases")
    release.add_argument("action", choices=("list", "show", "promote", "rollback", "verify", "lineage"))
    release.add_argument("version", nargs="?", help="default: the current release")
    release.add_argument("--reason", default="", help="of promote and rollback: why, for the audit trail")
    traced = release.add_mutually_exclusive_group()
    traced.add_argument("--title", metavar="ID", help="of lineage: what is said of a title, back to the row it comes from")
    traced.add_argument("--source", metavar="NAME", help="of lineage: the releases and titles that rest on a source")
    _add_json(release)

    _add_experiment(verbs)

    _add_data(verbs)

    stack = verbs.add_parser("stack", help="list, show, register and check stacks")
    stack.add_argument("action", choices=("list", "show", "apply", "check"))
    stack.add_argument("name", nargs="?", help="a stack of stacks/, or the path of a YAML file")
    _add_json(stack)

    chat = verbs.add_parser("chat", help="ask about films and shows, in words")
    chat.add_argument("question", nargs="?", help="default: a conversation, a question a line")
    _add_json(chat)

    dashboard = verbs.add_parser("dashboard", help="open ZenML's own dashboard on this machine")
    dashboard.add_argument("--port", type=int, default=8237)
    dashboard.add_argument("--stop", action="store_true", help="stop it again")

    doctor = verbs.add_parser("doctor", help="what is installed, configured and reachable, and how to mend it")
    _add_json(doctor)
    return parser


def _add_data(verbs: Any) -> None:
    data = verbs.add_parser(
        "data", help="list, show, compare, fetch and go back to versions of the ingested data; replay what was quarantined; delete on request"
    )
    data.add_argument("action", choices=("list", "show", "diff", "pull", "rollback", "replay", "delete"))
    data.add_argument("version", nargs="?", help="its name, the beginning of it, or latest (the default)")
    data.add_argument("other", nargs="?", help="for diff: the version it is compared with (default: its parent)")
    deleted = data.add_mutually_exclusive_group()
    deleted.add_argument("--author", metavar="HASH", help="for delete: all reviews of an author, by the pseudonym")
    deleted.add_argument("--title", metavar="ID", help="for delete: a title and all that is about it")
    deleted.add_argument("--review", metavar="ID", help="for delete: a review")
    data.add_argument("--reason", default="", help="for delete and rollback: why; names nobody")
    data.add_argument("--purge", action="store_true", help="for delete: also remove older versions and releases that hold it, and caches")
    _add_json(data)


def _find_command(arguments: argparse.Namespace) -> Callable[[argparse.Namespace], dict[str, Any] | None]:
    """Import the one command that was asked for."""
    if arguments.pipeline:
        from pipelines.commands import run_pipeline

        return run_pipeline
    if arguments.verb == "data" and arguments.action == "replay":
        from pipelines.commands import run_data_replay

        return run_data_replay
    if arguments.verb == "data" and arguments.action == "delete":
        from functools import partial

        from apps.cli.deletion import run
        from pipelines.deletion import forget_runs

        return partial(run, forget_runs=forget_runs)
    if arguments.verb == "release" and arguments.action in ("promote", "rollback", "verify"):
        return _with_followers
    if arguments.verb in ("stack", "dashboard"):
        from pipelines import commands

        return {"stack": commands.run_stack, "dashboard": commands.run_dashboard}[arguments.verb]
    from apps.cli import find_command

    return find_command(arguments.verb)


def _with_followers(arguments: argparse.Namespace) -> dict[str, Any]:
    """Carry out an action of `release` that moves `CURRENT`, and let those follow that this machine knows."""
    from apps.cli import release

    try:
        import pipelines  # noqa: F401
    except ModuleNotFoundError:  # an image that only serves
        return release.run(arguments)
    from pipelines.promotion import list_followers

    return release.run(arguments, list_followers())


def _terminate(*_: Any) -> None:
    """End as a signal asks, and what was started with it."""
    from trending.processes import end_children

    end_children()
    sys.exit(143)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if bool(arguments.pipeline) == bool(arguments.verb):
        parser.error("give either --pipeline or a verb")
    replays = arguments.verb == "data" and arguments.action == "replay"  # which runs a pipeline too
    if arguments.verb and (arguments.stack or arguments.no_cache or (not replays and (arguments.overrides or arguments.config))):
        parser.error("--set, --stack, --config and --no-cache go with --pipeline")
    takes = {"delete": _OF_DELETE, "rollback": ("reason",)}
    if arguments.verb == "data" and any(getattr(arguments, name) for name in set(_OF_DELETE) - set(takes.get(arguments.action, ()))):
        parser.error("--author, --title, --review, --reason and --purge go with data delete, --reason also with data rollback")
    signal.signal(signal.SIGTERM, _terminate)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("run.py: %(levelname)s: %(message)s"))
    logging.getLogger("trending").addHandler(handler)
    as_json = arguments.json

    from trending.errors import TrendingError

    try:
        # Whatever a library prints goes to stderr: with --json, stdout carries the answer alone.
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            result = _find_command(arguments)(arguments)
    except TrendingError as error:
        print(f"run.py: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("run.py: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1
    except Exception:  # nobody expected it: its traceback, kept off stdout
        traceback.print_exc()
        return 1
    if as_json and result is not None:
        print(json.dumps(result, ensure_ascii=False))
    return int((result or {}).get("ok", True) is False)


if __name__ == "__main__":
    sys.exit(main())
