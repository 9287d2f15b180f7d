"""When a treatment has done enough harm: the rules of an experiment, each asking for the same proof that may be looked for at any time.

It counts requests, of this process alone, where the verdict counts units: somebody who is hit by a hundred failures counts a hundred times. That stops
rather too soon than too late.
"""

from __future__ import annotations

import math

from trending.experiments.experiment import Experiment
from trending.experiments.sequential import weigh_excess, weigh_share
from trending.experiments.tallies import Totals

_TAIL = 0.05  # of requests, beyond the 95th percentile


def find_harm(experiment: Experiment, control: Totals, treatment: Totals) -> str | None:
    """Return which rule the treatment breaks beyond doubt, in one line; None while there is no such proof."""
    rules = experiment.harm
    bar = math.log(max(1, rules.count()) / rules.alpha)  # of several rules, each gets its share of the mistakes
    for what, ratio in (("errors", rules.error_ratio), ("complaints", rules.complaint_ratio)):
        before, now = getattr(control, what), getattr(treatment, what)
        if ratio is not None and weigh_excess(before, now, experiment.share, ratio) >= bar:
            shown = f"{now:,} {what} in {treatment.requests:,} requests, control's {before:,} in {control.requests:,}"
            return f"harm: {shown}; more than {ratio:g} times its rate beyond doubt"
    slow = treatment.slow
    if rules.p95_ms is not None and slow > _TAIL * treatment.requests and weigh_share(slow, treatment.requests, _TAIL) >= bar:
        return f"harm: {slow:,} of {treatment.requests:,} requests took longer than {rules.p95_ms:g} ms; more than 5 % beyond doubt"
    return None
