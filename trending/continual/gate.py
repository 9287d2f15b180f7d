"""The gate: what must hold before a challenger replaces the champion, each rule with what was measured, and a decision a person can check.

Both are judged on the frozen set, which no model has learnt from, and on the fresh set, held out of what is new. Better beyond doubt on one of the two, and
not worse on the other; and nothing else may suffer for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from trending.continual.challenge import Side
from trending.continual.noise import NoiseEstimate
from trending.continual.settings import PromotionRules
from trending.continual.surges import Surge
from trending.evaluation.judge import compare
from trending.evaluation.judgement import Figure
from trending.evaluation.metrics import Judged, calibration_error
from trending.evaluation.slices import slice_titles

GAIN = "better beyond doubt"
OF_DATA = frozenset({"labels", "reviews"})  # rules that new data break, whatever is learnt from them
_DOUBT = 0.025  # of an interval, on each side
MIN_SET = 50  # a set of fewer titles is not judged
_SLICES = ("type", "decade", "language", "source", "plot length")
Mask = npt.NDArray[np.bool_]


class RuleOutcome(BaseModel):
    """One rule, and whether it held."""

    model_config = ConfigDict(extra="forbid")

    name: str
    held: bool
    measured: str
    wanted: str


class GateVerdict(BaseModel):
    """What was compared, what came of it, and what follows."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["promote", "decline"]
    reason: str
    champion: str
    champion_kind: str
    challenger: str
    challenger_kind: str
    why: str
    new_titles: int
    sets: dict[str, int]
    champion_macro_f1: dict[str, float]
    challenger_macro_f1: dict[str, float]
    differences: dict[str, Figure]
    rules: list[RuleOutcome]
    seed: int

    def short(self) -> dict[str, str]:
        """Return what the audit trail keeps of it."""
        told = {"decision": self.decision, "champion": self.champion, "challenger": self.challenger, "rules_broken": ", ".join(self.list_broken())}
        return told | {f"macro_f1_{name}": _signed(figure) for name, figure in self.differences.items()}

    def list_broken(self) -> list[str]:
        """Return the names of the rules that didn't hold."""
        return [rule.name for rule in self.rules if not rule.held]


@dataclass(frozen=True)
class Contest:
    """All that the gate looks at.

    Attributes:
        titles: What both were judged on, n rows.
        masks: Which are `frozen` and which `fresh`, shape (n,) each.
        champion: Measured on them.
        challenger: So too.
        noise: Of the labels of all new titles, those that the challenger learnt from included; None if there are too few.
        surges: Of reviews.
        checks: Outcome of deepchecks' checks on the challenger.
        blocking: Those that must pass.
    """

    titles: pd.DataFrame
    masks: Mapping[str, Mask]
    champion: Side
    challenger: Side
    noise: NoiseEstimate | None = None
    surges: Sequence[Surge] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
    blocking: Sequence[str] = ()


def judge_contest(contest: Contest, rules: PromotionRules, why: str, new_titles: int, seed: int) -> GateVerdict:
    """Apply every rule.

    Args:
        contest: What is compared.
        rules: What must hold.
        why: Why there is a challenger.
        new_titles: How many titles the champion doesn't know.
        seed: Of the bootstrap.
    """
    sets = {name: mask for name, mask in contest.masks.items() if mask.sum() >= MIN_SET}
    differences = {name: _compare(contest, mask, seed) for name, mask in sets.items()}
    outcomes = [
        _judge_gain(differences, rules),
        _judge_slices(contest, rules, seed),
        _judge_calibration(contest, rules),
        _judge_cost("latency", contest.champion.cost.single_ms, contest.challenger.cost.single_ms, "ms a title", rules.slower),
        _judge_cost("size", contest.champion.cost.megabytes, contest.challenger.cost.megabytes, "MB", rules.larger),
        _judge_behaviour(contest, rules),
        _judge_noise(contest.noise, rules),
        _judge_surges(contest.surges, rules),
        _judge_checks(contest),
    ]
    broken = [outcome for outcome in outcomes if not outcome.held]
    return GateVerdict(
        decision="decline" if broken else "promote",
        reason="; ".join(f"{one.name}: {one.measured}, wanted: {one.wanted}" for one in broken) or outcomes[0].measured,
        champion=contest.champion.release,
        champion_kind=contest.champion.kind,
        challenger=contest.challenger.release,
        challenger_kind=contest.challenger.kind,
        why=why,
        new_titles=new_titles,
        sets={name: int(mask.sum()) for name, mask in contest.masks.items()},
        champion_macro_f1={name: _macro_f1(contest.champion.judged.take(mask)) for name, mask in sets.items()},
        challenger_macro_f1={name: _macro_f1(contest.challenger.judged.take(mask)) for name, mask in sets.items()},
        differences=differences,
        rules=outcomes,
        seed=seed,
    )


def _macro_f1(judged: Judged) -> float:
    from trending.evaluation.metrics import f1_scores

    return float(f1_scores(judged, np.ones((1, len(judged.labels))))["macro_f1"][0])


def _signed(figure: Figure) -> str:
    return f"{figure.value:+.3f} [{figure.low:+.3f}, {figure.high:+.3f}]"


def _compare(contest: Contest, mask: Mask, seed: int) -> Figure:
    groups = contest.titles.loc[mask, "group_id"].astype(str).tolist()
    return compare(contest.challenger.judged.take(mask), contest.champion.judged.take(mask), groups, seed)


def _judge_gain(differences: Mapping[str, Figure], rules: PromotionRules) -> RuleOutcome:
    """Better on one set beyond doubt (two looks at 2.5 % each side: at most one in twenty by chance), on the other not worse."""
    better = [name for name, figure in differences.items() if figure.low > 0]
    worse = [name for name, figure in differences.items() if figure.low < -rules.worse and name not in better]
    measured = ", ".join(f"macro F1 {_signed(figure)} on the {name} set" for name, figure in differences.items()) or "no set is large enough"
    wanted = f"an interval above 0 on one set, and none that reaches below {-rules.worse:+.3f} on the other"
    return RuleOutcome(name=GAIN, held=bool(better) and not worse, measured=measured, wanted=wanted)


def _judge_slices(contest: Contest, rules: PromotionRules, seed: int) -> RuleOutcome:
    """Beyond doubt over all slices: with thirty of them, one in two challengers would else be worse in one by chance (Bonferroni's correction)."""
    parts = slice_titles(contest.titles)
    looked = {name: mask for kind in _SLICES for name, mask in parts.get(kind, {}).items() if mask.sum() >= rules.slice_titles}
    doubt = NormalDist().inv_cdf(1 - _DOUBT / max(len(looked), 1)) / NormalDist().inv_cdf(1 - _DOUBT)
    found = []
    for name, mask in looked.items():
        if _macro_f1(contest.challenger.judged.take(mask)) - _macro_f1(contest.champion.judged.take(mask)) >= -rules.slice_worse:
            continue  # whatever its interval, which takes a while
        figure = _compare(contest, mask, seed)
        if figure.value + (figure.high - figure.value) * doubt < 0:
            found.append(f"{name}: {_signed(figure)}")
    measured = f"worse in {', '.join(found)}" if found else f"none of {len(looked)} is worse beyond doubt"
    return RuleOutcome(name="no slice worse", held=not found, measured=measured, wanted=f"no loss of more than {rules.slice_worse:.3f} that is beyond doubt")


def _judge_calibration(contest: Contest, rules: PromotionRules) -> RuleOutcome:
    ours, theirs = (float(calibration_error(side.judged, np.ones((1, len(contest.titles))))[0]) for side in (contest.challenger, contest.champion))
    measured = f"calibration error {ours:.3f} after {theirs:.3f}"
    return RuleOutcome(name="calibration", held=ours <= theirs + rules.calibration, measured=measured, wanted=f"a rise of at most {rules.calibration:.3f}")


def _judge_cost(name: str, champion: float, challenger: float, unit: str, times: float) -> RuleOutcome:
    measured = f"{challenger:.3g} {unit} after {champion:.3g}"
    return RuleOutcome(name=name, held=challenger <= champion * times, measured=measured, wanted=f"at most {times:g} times as much")


def _judge_behaviour(contest: Contest, rules: PromotionRules) -> RuleOutcome:
    ours, theirs = contest.challenger.failure_shares(), contest.champion.failure_shares()
    worse = [kind for kind, share in ours.items() if share > theirs.get(kind, 0.0) + rules.behaviour]
    measured = ", ".join(f"{kind} {share:.1%} after {theirs.get(kind, 0.0):.1%}" for kind, share in ours.items())
    wanted = f"no kind of test fails {rules.behaviour:.0%} more cases"
    return RuleOutcome(name="behaviour", held=not worse, measured=f"cases failed: {measured}", wanted=wanted)


def _judge_noise(noise: NoiseEstimate | None, rules: PromotionRules) -> RuleOutcome:
    held = noise is None or not (noise.share > rules.noise and noise.low > rules.noise / 2)
    measured = "too few new titles to say" if noise is None else f"share of wrong labels {noise}, of {noise.n:,} new titles"
    return RuleOutcome(name="labels", held=held, measured=measured, wanted=f"at most {rules.noise:.0%} of new labels are not their titles' own")


def _judge_surges(surges: Sequence[Surge], rules: PromotionRules) -> RuleOutcome:
    measured = "; ".join(map(str, surges[:5])) or "none"
    wanted = f"no title with {rules.surge:,} new reviews or more that are {rules.surge_factor:g} times what it had and others got"
    return RuleOutcome(name="reviews", held=not surges, measured=measured, wanted=wanted)


def _judge_checks(contest: Contest) -> RuleOutcome:
    failed = [name for name, status in contest.checks.items() if status != "passed"]
    blocked = [name for name in failed if name in contest.blocking]
    measured = f"{len(contest.checks) - len(failed)} of {len(contest.checks)} pass" + (f" (not: {', '.join(failed)})" if failed else "")
    return RuleOutcome(name="deepchecks", held=not blocked, measured=measured, wanted="those that block pass" if contest.blocking else "none blocks")
