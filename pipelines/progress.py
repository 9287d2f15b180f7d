"""Progress of a run on the terminal, fed by ZenML's step hooks; silent where stderr is no terminal, and on remote machines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_shown: list[Progress] = []  # the one being shown, if any: hooks are called by name and take no arguments


@contextmanager
def report_progress() -> Iterator[None]:
    """Show the step that is running, and those that have run, for as long as the block lasts."""
    # The stream as it was before ZenML wraps it to keep a step's log.
    console = Console(file=sys.__stderr__)
    if not console.is_terminal:
        yield
        return
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console, transient=True) as progress:
        progress.add_task("starting ZenML", total=None)
        _shown.append(progress)
        try:
            yield
        finally:
            _shown.clear()


def announce_start() -> None:
    """Hook: a step begins."""
    for progress in _shown:
        progress.reset(progress.task_ids[0], description=_step_name())


def announce_end() -> None:
    """Hook: a step has ended."""
    for progress in _shown:
        progress.console.print(f"  [green]✓[/] {_step_name()}")


def _step_name() -> str:
    from zenml import get_step_context

    return get_step_context().step_name
