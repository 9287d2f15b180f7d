"""Why a model was learnt anew, or wasn't, as a page."""

from __future__ import annotations

from trending.continual.triggers import Decision
from trending.reports.page import render_page, render_table


def render_decision(decision: Decision) -> str:
    """Return the page."""
    rows = [(finding.trigger, "fired" if finding.fired else "", finding.measured) for finding in decision.findings]
    lead = f"Champion: {decision.champion or 'none yet'}. {decision.reason}."
    return render_page("Reasons to learn anew", lead, [render_table(("trigger", "", "measured"), rows, "Triggers", prose=True)])
