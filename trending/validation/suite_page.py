"""The page of a deepchecks suite: what was checked, what came of it, and the figures worth looking at. It shows no texts, whose rights may be others'."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from trending.reports.page import render_cards, render_page
from trending.validation.outcomes import Outcome

_OUTCOMES = Environment(autoescape=True, undefined=StrictUndefined).from_string(
    """<style>
.checks td{white-space:normal;text-align:left;vertical-align:top;overflow-wrap:anywhere}.checks th{text-align:left}.checks td:first-child{min-width:17ch}
.checks small{color:var(--soft);display:block}.pill{display:inline-block;padding:1px 9px;border-radius:99px;font-size:13px;font-weight:600;white-space:nowrap}
.passed{background:#e7f6ec;color:#146c35}.failed{background:#fdeaea;color:#a51d24}.not-run{background:#fff3da;color:#8a5a00}
</style><h2>Conditions</h2><div class="scroll">
<table class="checks"><thead><tr><th>check</th><th>outcome</th><th>found</th><th>must hold</th></tr></thead><tbody>
{% for one in outcomes %}<tr><td>{{ one.name.partition(".")[2].replace("_", " ") }}<small>{{ one.about }}</small></td>
<td><span class="pill {{ one.status.replace(" ", "-") }}">{{ one.status }}</span></td><td>{{ one.details }}</td><td>{{ one.condition }}</td></tr>{% endfor %}
</tbody></table></div>"""
)


def render_suite(title: str, lead: str, facts: Sequence[tuple[str, str]], outcomes: Sequence[Outcome], parts: Sequence[Markup], notes: Sequence[str]) -> str:
    """Return the page.

    Args:
        title: Its heading.
        lead: What was looked at.
        facts: Figures and their labels, shown beside the count of conditions that hold.
        outcomes: Of the checks; what failed is shown first.
        parts: Charts and tables below them.
        notes: What a reader must know before the figures.
    """
    held = sum(one.status == "passed" for one in outcomes)
    order = {"failed": 0, "not run": 1, "passed": 2}
    table = Markup(_OUTCOMES.render(outcomes=sorted(outcomes, key=lambda one: order[one.status])))
    return render_page(title, lead, [render_cards([(f"{held} of {len(outcomes)}", "conditions hold"), *facts]), table, *parts], notes)
