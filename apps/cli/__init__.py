"""The command-line verbs that work on a release."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any

Command = Callable[[argparse.Namespace], dict[str, Any] | None]


def find_command(verb: str) -> Command:
    """Return the function behind a verb, importing only its module."""
    command: Command = import_module(f"apps.cli.{verb}").run
    return command
