"""The model card of a release (after Mitchell et al., "Model cards for model reporting", 2019), as Markdown made from what a run found out.

Its words are in `model_card.md.jinja`, its tables in `card_tables`, `card_trust` and `card_insights`.
"""

from __future__ import annotations

import re
from importlib import resources

from jinja2 import Environment, StrictUndefined

from trending.evaluation.behaviour import TOLERANCE, TOP
from trending.evaluation.card_content import CardContent, Encoder
from trending.evaluation.card_insights import tabulate_insights, tell_insights
from trending.evaluation.card_tables import (
    METRIC_NAMES,
    WATTS_PER_CORE,
    estimate_watt_hours,
    list_histories,
    tabulate_data,
    tabulate_figures,
    tabulate_frontier,
    tabulate_training,
)
from trending.evaluation.card_trust import tabulate_behaviour, tabulate_bias, tabulate_checks, tabulate_fairness, tell_coverage, tell_marked
from trending.evaluation.disparities import ALPHA, MIN_COMPARED, MIN_LISTED
from trending.evaluation.slices import MIN_SLICE
from trending.sources.starter import STARTER_NOTE

__all__ = ["METRIC_NAMES", "render_card"]
_BLANK_LINES = re.compile(r"\n{3,}")


def render_card(content: CardContent) -> str:
    """Return the card as Markdown; the same content gives the same card."""
    template = (resources.files("trending.evaluation") / "model_card.md.jinja").read_text(encoding="utf-8")
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701 - Markdown
    tables = {
        **tabulate_data(content.counts),
        **tabulate_figures(content),
        **tabulate_fairness(content.fairness),
        **tabulate_bias(content.bias),
        **tabulate_behaviour(content.behaviour),
        "training": tabulate_training(content.training),
        "frontier": tabulate_frontier(content),
        "checks": tabulate_checks(content.checks),
        "insights": tabulate_insights(content.insights),
    }
    card = environment.from_string(template).render(
        content=content,
        champion=content.champion,
        starter_note=STARTER_NOTE,
        members=", ".join(f"{name} ({weight:.2f})" for name, weight in content.members.items()),
        encoder=_find_encoder(content),
        tables=tables,
        watts=WATTS_PER_CORE,
        watt_hours=f"{sum(map(estimate_watt_hours, content.training.values())):,.2f}",
        histories=list(list_histories(content.training)),
        fairness=content.fairness,
        coverage=tell_coverage(content.fairness) if content.fairness else [],
        marked=tell_marked(content.fairness) if content.fairness else "",
        bias=content.bias,
        bias_told=[*tell_coverage(content.bias), tell_marked(content.bias)] if content.bias else [],
        insights=tell_insights(content.insights),
        min_slice=MIN_SLICE,
        min_listed=MIN_LISTED,
        min_compared=MIN_COMPARED,
        alpha=ALPHA,
        tolerance=TOLERANCE,
        top=TOP,
    )
    return _BLANK_LINES.sub("\n\n", card).rstrip() + "\n"


def _find_encoder(content: CardContent) -> Encoder | None:
    """Return the pre-trained weights if the champion, or a member of it, begins with them: such a training names its encoder."""
    names = content.members or [content.champion.kind]
    return content.encoder if any("encoder" in content.training.get(name, {}) for name in names) else None
