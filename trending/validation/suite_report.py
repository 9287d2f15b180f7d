"""Running of deepchecks suites, and the report on one: an outcome per condition, what dropped out, and the page that shows both.

deepchecks' own page is not made: it takes 4.7 MB of plotly a suite and quotes texts, whose rights may be others'.
"""

from __future__ import annotations

import html
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from trending.errors import QualityError
from trending.validation.compat import import_deepchecks
from trending.validation.outcomes import Outcome, Plan, Status
from trending.validation.settings import CheckSettings
from trending.validation.suite_page import render_suite

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


@dataclass(frozen=True)
class SuiteReport:
    """The outcomes of one suite.

    Attributes:
        name: integrity, split or texts.
        outcomes: In the order of the suite.
        html: A page that needs nothing else.
        blocking: Checks that end the run if they don't pass.
        may_not_run: Checks that may drop out.
    """

    name: str
    outcomes: tuple[Outcome, ...]
    html: str = field(repr=False)
    blocking: tuple[str, ...] = ()
    may_not_run: tuple[str, ...] = ()

    @property
    def not_run(self) -> list[Outcome]:
        """The checks that dropped out, allowed to or not."""
        return [one for one in self.outcomes if one.status == "not run"]

    @property
    def failed(self) -> list[Outcome]:
        """The checks that did not pass: a check that dropped out unasked proves nothing."""
        return [one for one in self.outcomes if one.status == "failed" or (one.status == "not run" and one.name not in self.may_not_run)]

    @property
    def passed(self) -> bool:
        """Whether every condition holds."""
        return not self.failed

    def check(self) -> None:
        """Refuse to go on if a blocking check did not pass.

        Raises:
            QualityError: Naming the first, what was found, and what must hold.
        """
        for one in self.failed:
            if one.name in self.blocking:
                what = f"{one.details} (must hold: {one.condition})" if one.status == "failed" else f"the check did not run: {one.details}"
                mend = "look at the report; set the bound under `checks`, or take the check out of checks.blocking"
                raise QualityError(what[:400], where=f"check {one.name}", mend=mend)


class SuiteRun:
    """Runs the parts of one suite, which may need data of different shapes, and puts them into one report."""

    def __init__(self, suite: str, settings: CheckSettings) -> None:
        """Begin a suite called `suite`, the part of its checks' names before the dot."""
        self.suite, self.settings = suite, settings
        self.outcomes: list[Outcome] = []

    def run(self, library: str, plans: Sequence[Plan], *data: Any) -> None:
        """Run checks of deepchecks' `tabular` or `nlp` on one data set, or on training and test."""
        runner = import_deepchecks(library).Suite(self.suite, *(plan.check for plan in plans))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pandas and scikit-learn, about how an old library uses them
            results = runner.run(*data, with_display=False).results
        found: dict[int, Any] = {}
        for result in results:
            # Its text suites run each check on the missing test data too, and say that this failed.
            if id(result.check) not in found or hasattr(result, "conditions_results"):
                found[id(result.check)] = result
        self.outcomes += [outcome for plan in plans for outcome in _read_result(self.suite, plan, found.get(id(plan.check)))]

    def skip(self, plan: Plan, why: str) -> None:
        """Note that a check can't run."""
        self.outcomes.append(Outcome(f"{self.suite}.{plan.name}", plan.about, _say_condition(plan), "not run", why))

    def value(self, name: str) -> Any:
        """Return the result of a check, or None if it did not run."""
        return next((one.value for one in self.outcomes if one.name == f"{self.suite}.{name}"), None)

    def report(self, title: str, lead: str, facts: Sequence[tuple[str, str]], parts: Sequence[Markup], notes: Sequence[str]) -> SuiteReport:
        """Return the report; arguments as in `render_suite`."""
        return SuiteReport(
            self.suite,
            tuple(self.outcomes),
            render_suite(title, lead, facts, self.outcomes, parts, notes),
            tuple(self.settings.blocking),
            tuple(self.settings.may_not_run),
        )


def _say_condition(plan: Plan) -> str:
    return _plain(" and ".join(condition.name for condition in plan.check._conditions.values()))


def _read_result(suite: str, plan: Plan, result: Any) -> list[Outcome]:
    name = f"{suite}.{plan.name}"
    wanted = _say_condition(plan)
    conditions = getattr(result, "conditions_results", ())
    if not conditions:
        reason = getattr(result, "exception", "no result")
        return [Outcome(name, plan.about, wanted, "not run", _plain(f"{type(reason).__name__}: {reason}"))]
    outcomes = [_read_condition(name, plan, result.value, one) for one in conditions]
    dropped = find_dropped(result.value)
    if dropped:
        outcomes.append(Outcome(name, plan.about, wanted, "not run", f"not for {', '.join(dropped)}"))
    return outcomes


def _read_condition(name: str, plan: Plan, value: Any, condition: Any) -> Outcome:
    category = condition.category.name
    status: Status = "passed" if category == "PASS" else "not run" if category == "ERROR" else "failed"
    return Outcome(name, plan.about, _plain(condition.name), status, _plain(condition.details), value)


def find_dropped(value: Any) -> list[str]:
    """Return the columns a check left out without saying so: deepchecks passes a condition on those that remain."""
    if not isinstance(value, Mapping) or "Drift score" in value:
        return []
    return [str(name) for name, part in value.items() if isinstance(part, str) or (isinstance(part, Mapping) and part.get("Drift score", 0) is None)]


def _plain(text: str) -> str:
    """Return deepchecks' HTML as one line of text."""
    return " ".join(html.unescape(_TAG.sub(" ", str(text))).split())[:600]
