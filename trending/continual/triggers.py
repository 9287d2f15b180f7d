"""Whether there is reason to learn anew: every trigger with what was measured, and a decision in words."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from trending.continual.settings import TriggerSettings
from trending.evaluation.bootstrap import DRAWS, draw_weights, interval
from trending.evaluation.judgement import Figure
from trending.evaluation.metrics import Judged
from trending.features.labels import FloatMatrix, IntMatrix

if TYPE_CHECKING:
    from trending.monitoring.drift import DriftReport

Trigger = Literal["first release", "new titles", "drift", "performance", "feedback", "age", "schedule"]


class Finding(BaseModel):
    """What one trigger found."""

    model_config = ConfigDict(extra="forbid")

    trigger: Trigger
    fired: bool
    measured: str


class Decision(BaseModel):
    """Whether to learn anew, and why."""

    model_config = ConfigDict(extra="forbid")

    go: bool
    reason: str
    champion: str | None
    new_titles: int
    findings: list[Finding]


@dataclass(frozen=True)
class Declined:
    """A challenger of the same champion that was declined.

    Attributes:
        reason: Why.
        new_titles: Of how many new titles it was learnt.
        same: Whether it was learnt from the same data, by the same settings.
        suspect: Whether its data were at fault, so that mended ones may be tried at once.
    """

    reason: str
    new_titles: int
    same: bool
    suspect: bool


@dataclass(frozen=True)
class Situation:
    """What is known when the decision is made.

    Attributes:
        champion: The release that is served.
        known: How many titles it was trained, tuned and tested on.
        created: When it was made.
        now: When the decision is made.
        new: Labels and the champion's probabilities of titles it doesn't know.
        groups: Which of the new titles are copies of one another: a name for each title.
        reference: The same of titles it was judged on.
        drift: Of new titles from those it was judged on; None if there are too few.
        flagged: How many of its answers about genres were flagged.
        declined: The last challenger that was declined, if one was.
        seed: Of the bootstrap.
    """

    champion: str
    known: int
    created: dt.datetime
    now: dt.datetime
    new: Judged
    groups: Sequence[str]
    reference: Judged
    drift: DriftReport | None
    flagged: int
    declined: Declined | None
    seed: int


def decide_first() -> Decision:
    """Return the decision where nothing was published yet."""
    finding = Finding(trigger="first release", fired=True, measured="no release is published")
    return Decision(go=True, reason="learning: no release is published yet", champion=None, new_titles=0, findings=[finding])


def decide(situation: Situation, settings: TriggerSettings) -> Decision:
    """Ask every trigger, and decide.

    Without a new title the same would be learnt again, so nothing but the schedule is a reason then; and a few among many change next to nothing, whatever else
    is found. Nor is anything a reason where a challenger from the same data was declined, or one from nearly as many titles was not good enough: it takes more
    evidence, not another try.
    """
    new = len(situation.new.labels)
    findings = [
        Finding(
            trigger="new titles", fired=new >= settings.new_titles, measured=f"{new:,} titles with labels it doesn't know; {settings.new_titles:,} are a reason"
        ),
        _ask_drift(situation, settings),
        _ask_performance(situation, settings),
        Finding(
            trigger="feedback",
            fired=situation.flagged >= settings.feedback,
            measured=f"{situation.flagged:,} of its answers about genres were flagged; {settings.feedback:,} are a reason",
        ),
        _ask_age(situation, settings),
        Finding(
            trigger="schedule",
            fired=settings.always,
            measured="asked to learn whatever is found" if settings.always else "not asked to learn whatever is found",
        ),
    ]
    fired = [finding for finding in findings if finding.fired]
    if not fired:
        reason = f"nothing to do: no trigger fired ({new:,} new titles)"
    elif not new and not settings.always:
        reason = f"nothing to do: {_join(fired)}, but there is no new title, so the same would be learnt again"
    elif fired[0].trigger != "new titles" and new < (wanted := math.ceil(settings.least * situation.known)) and not settings.always:
        reason = f"nothing to do: {_join(fired)}, but {new:,} new titles are too few to change much; of {wanted:,} another is made"
    elif (waiting := _find_wait(situation, settings)) and not settings.always:
        reason = f"nothing to do: {waiting}"
    else:
        return Decision(go=True, reason=f"learning: {_join(fired)}", champion=situation.champion, new_titles=new, findings=findings)
    return Decision(go=False, reason=reason, champion=situation.champion, new_titles=new, findings=findings)


def _find_wait(situation: Situation, settings: TriggerSettings) -> str | None:
    last = situation.declined
    if last is None:
        return None
    if last.same:
        return f"a challenger from these very data was declined ({last.reason})"
    wanted = int(settings.growth * last.new_titles)
    if not last.suspect and len(situation.new.labels) < wanted:
        return f"of {last.new_titles:,} new titles a challenger wasn't good enough ({last.reason}); of {wanted:,} another is made"
    return None


def _join(fired: list[Finding]) -> str:
    return "; ".join(f"{finding.trigger} ({finding.measured})" for finding in fired)


def _ask_drift(situation: Situation, settings: TriggerSettings) -> Finding:
    if situation.drift is None:
        return Finding(trigger="drift", fired=False, measured=f"not judged: fewer than {settings.sample:,} new titles, or switched off")
    return Finding(trigger="drift", fired=situation.drift.alarm, measured=situation.drift.reason)


def _ask_performance(situation: Situation, settings: TriggerSettings) -> Finding:
    if len(situation.new.labels) < settings.sample:
        return Finding(trigger="performance", fired=False, measured=f"not judged: fewer than {settings.sample:,} new titles")
    fall = measure_fall(situation.new, situation.groups, situation.reference, situation.seed)
    told = f"ranking of labels {fall.value:+.3f} [{fall.low:+.3f}, {fall.high:+.3f}] below that of the titles it was judged on; {settings.fall:.3f} is a reason"
    return Finding(trigger="performance", fired=fall.low > 0 and fall.value > settings.fall, measured=told)


def measure_fall(new: Judged, groups: Sequence[str], reference: Judged, seed: int, draws: int = DRAWS) -> Figure:
    """Return how far the label ranking average precision of new titles lies below that of the reference, with a 95 % interval.

    New titles are drawn by group. The reference's can't be, as a release doesn't keep whose copies its rows are.
    """
    ranked = [rank_labels(part.labels, part.probabilities) for part in (reference, new)]
    alone = [str(row) for row in range(len(ranked[0]))]
    drawn = []
    for offset, (part, drawn_by) in enumerate(zip(ranked, (alone, groups), strict=True)):
        weights = draw_weights(drawn_by, draws, seed + offset)
        drawn.append(weights @ part / weights.sum(axis=1))
    value = float(np.mean(ranked[0]) - np.mean(ranked[1]))
    low, high = interval(value, drawn[0] - drawn[1])
    return Figure(value=value, low=low, high=high)


def _ask_age(situation: Situation, settings: TriggerSettings) -> Finding:
    age = (situation.now - situation.created).total_seconds() / 86_400
    return Finding(trigger="age", fired=age > settings.age_days, measured=f"it is {age:,.0f} days old; more than {settings.age_days:,.0f} are a reason")


def rank_labels(labels: IntMatrix, probabilities: FloatMatrix) -> npt.NDArray[np.float64]:
    """Return each title's label ranking average precision, shape (n,): 1 if its genres are its most probable ones; NaN for none.

    Source: Schapire and Singer, "BoosTexter" (2000); as scikit-learn's `label_ranking_average_precision_score`, which only gives the mean.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(labels, order, axis=1).astype(np.float64)
    precision = np.cumsum(ranked, axis=1) / np.arange(1, ranked.shape[1] + 1)
    with np.errstate(invalid="ignore"):
        return np.asarray((precision * ranked).sum(axis=1) / ranked.sum(axis=1))
