"""Who gets which variant: derived from the experiment's name and the unit, so that a unit always gets the same, in every process, and nothing is looked up.

The request at hand carries its assignment in a context variable: whoever lends a release reads it, and no door has to pass it on.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from trending.experiments.experiment import Experiment

if TYPE_CHECKING:
    from trending.answers import PredictAnswer
    from trending.service.service import TitleService


@dataclass
class Assignment:
    """What was drawn for a request, and what became of it."""

    treated: bool
    unit: str | None = None  # its hash; None for a request that named no unit and is one of its own
    release: str = ""  # the one that answered
    counts: bool = True  # False once another one had to
    alone: bool = False  # in the shadow nobody is answered by the other one
    complains_of: str | None = None  # the release whose answer this request flags as wrong; empty: of the unit's own
    repeat: tuple[Callable[[TitleService], PredictAnswer], PredictAnswer] | None = None  # the question, and the answer it was given


ASSIGNED: ContextVar[Assignment | None] = ContextVar("assigned", default=None)


def assign(experiment: Experiment, unit: str | None) -> Assignment:
    """Draw for a unit, or for a request that names none.

    Args:
        experiment: Whose name and share count.
        unit: What the client is known by; it is kept as a hash only.
    """
    digest = sha256(f"{experiment.name}\0{unit if unit is not None else secrets.token_hex(16)}".encode()).digest()
    drawn = int.from_bytes(digest[:8]) / 2**64
    return Assignment(drawn < experiment.share, None if unit is None else digest[8:16].hex(), alone=experiment.kind == "shadow")


def switch_variant() -> bool:
    """Let the other release answer the request at hand, which then doesn't count; False if there is no other.

    Cursors belong to a release, and so do titles that only one of the two has: whoever got them from one and is now at the other is not refused.
    """
    assignment = ASSIGNED.get()
    if assignment is None or assignment.alone or not assignment.release or not assignment.counts:
        return False
    assignment.treated, assignment.counts = not assignment.treated, False
    return True


def note_complaint(release: str | None) -> None:
    """Note that the request at hand flags an answer of a release as wrong; None: of whichever its sender is given."""
    if (assignment := ASSIGNED.get()) is not None:
        assignment.complains_of = release or ""


def offer_repeat(ask: Callable[[TitleService], PredictAnswer], answered: PredictAnswer) -> None:
    """Offer a question and its answer for comparison with the treatment's, once the answer has been sent."""
    if (assignment := ASSIGNED.get()) is not None:
        assignment.repeat = ask, answered
