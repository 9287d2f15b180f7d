"""The gate's verdict as a page: what was compared, the rules, and the decision."""

from __future__ import annotations

from trending.continual.gate import GateVerdict
from trending.reports.page import render_cards, render_page, render_table

_SETS = {"frozen": "frozen: held out since the first release", "fresh": "fresh: held out of what is new"}


def render_verdict(verdict: GateVerdict) -> str:
    """Return the page."""
    promoted = verdict.decision == "promote"
    lead = f"Challenger {verdict.challenger} ({verdict.challenger_kind}) against champion {verdict.champion} ({verdict.champion_kind}). {_begin(verdict.why)}."
    cards = [("promoted" if promoted else "declined", "decision"), *((f"{n:,}", f"titles of the {name} set") for name, n in verdict.sets.items())]
    rows = [
        (
            _SETS[name],
            f"{verdict.champion_macro_f1[name]:.3f}",
            f"{verdict.challenger_macro_f1[name]:.3f}",
            f"{figure.value:+.3f}",
            f"[{figure.low:+.3f}, {figure.high:+.3f}]",
        )
        for name, figure in verdict.differences.items()
    ]
    rules = [(rule.name, "holds" if rule.held else "BROKEN", rule.measured, rule.wanted) for rule in verdict.rules]
    parts = [
        render_cards(cards),
        render_table(("macro F1 on the set", "champion", "challenger", "difference", "95 % interval"), rows, "The comparison"),
        render_table(("rule", "", "measured", "wanted"), rules, "The rules", prose=True),
    ]
    note = "All rules hold." if promoted else f"Not promoted. {_begin(verdict.reason)}."
    return render_page("Champion and challenger", lead, parts, [note])


def _begin(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
