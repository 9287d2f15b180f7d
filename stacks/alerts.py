"""Whoever wants to know is told: by the stack's alerter if it has one, else in the log."""

from __future__ import annotations

import logging

from zenml.client import Client

log = logging.getLogger("trending")


def tell(message: str, *, alarming: bool = False) -> None:
    """Send a message; one that can't be sent is logged, and never ends a run.

    Args:
        message: A sentence or a few.
        alarming: Whether somebody should look.
    """
    alerter = Client().active_stack.alerter
    if alerter is not None:
        try:
            if alerter.post(message):
                return
            reason = "it says no more"
        except Exception as error:  # of whatever library it speaks through
            reason = f"{type(error).__name__}: {error}"[:200]
        log.warning("the stack's alerter didn't send this (%s):", reason)
    log.log(logging.WARNING if alarming else logging.INFO, message)


def tell_failure(error: BaseException) -> None:
    """Say that a step failed; a pipeline's `on_failure` hook."""
    tell(f"Continual learning failed: {type(error).__name__}: {error}"[:500], alarming=True)
