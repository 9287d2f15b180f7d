"""The pages on whether a model can be trusted: how it treats titles by language, country and decade, and how it behaves when it is probed."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from trending.evaluation.behaviour import BehaviourResult, add_up_behaviour
from trending.evaluation.card_trust import DISPARITY_HEADER, GROUP_HEADER, list_disparity, list_groups, tell_coverage
from trending.evaluation.disparities import ALPHA, MIN_COMPARED, MIN_LISTED
from trending.evaluation.fairness import Fairness
from trending.reports.charts import draw_bars
from trending.reports.page import render_cards, render_figure, render_page, render_table

_ALL = 60  # comparisons shown below those that stand out, the least likely to be chance


def render_fairness(fairness: Fairness, champion: str, notes: Sequence[str]) -> str:
    """Return the page on languages, countries, regions and decades.

    Args:
        fairness: What was compared.
        champion: The model's name.
        notes: Shown on top.
    """
    marked = fairness.marked
    rest = sorted((one for one in fairness.disparities if not one.stands_out), key=lambda one: one.p)[:_ALL]
    parts = [
        render_cards(
            [
                (f"{len(fairness.groups):,}", "groups compared"),
                (f"{len(fairness.disparities):,}", "comparisons"),
                (f"{len(marked):,}", "stand out"),
                *((f"{one.known / max(one.titles, 1):.0%}", f"of the test titles have a {one.kind}") for one in fairness.coverage),
            ]
        ),
        *_draw_groups(fairness),
        render_table(GROUP_HEADER, list_groups(fairness), "Groups"),
        render_table(DISPARITY_HEADER, map(list_disparity, marked), "What stands out"),
        render_table(DISPARITY_HEADER, map(list_disparity, rest), "The nearest that doesn't"),
    ]
    lead = (
        f"{champion} on {fairness.titles:,} test titles. Each group is compared with others of the same sources, weighted to its mix of them; p values "
        f"are adjusted over all comparisons (Benjamini and Hochberg), and below {ALPHA:g} one stands out. Recall and over-prediction are measured for genres "
        f"with {MIN_LISTED} titles on both sides, in groups with {MIN_COMPARED} titles and as many others."
    )
    return render_page("Fairness over language, country and decade", lead, parts, [*notes, *tell_coverage(fairness), _CAUTION])


_CAUTION = (
    "What stands out need not be the model's doing: markets call different things by a genre's name. What doesn't stand out isn't proved to be equal: "
    "few titles show only large differences."
)


def _draw_groups(fairness: Fairness) -> list[Markup]:
    pairs = {f"{one.kind}: {one.group}": one for one in fairness.disparities if one.measure == "macro F1"}
    if not pairs:
        return []
    series = {"this group": [one.value.value for one in pairs.values()], "comparable others": [one.others.value for one in pairs.values()]}
    return [render_figure("Macro F1 of groups and of comparable others", draw_bars(list(pairs), series), "Over genres that occur often enough on both sides.")]


def render_behaviour(results: Sequence[BehaviourResult], champion: str, notes: Sequence[str]) -> str:
    """Return the page on behavioural tests; arguments as for `render_fairness`."""
    shares = add_up_behaviour(results)
    rows = [(one.name, one.kind, one.cases, one.failures, str(one.rate), "" if one.move is None else f"{one.move:+.3f}") for one in results]
    parts = [
        render_cards((f"{share.value:.1%}", f"of the cases of {kind} fail [{share.low:.1%}, {share.high:.1%}]") for kind, share in shares.items()),
        render_table(("test", "kind", "cases", "failed", "share", "mean move"), rows, "Tests"),
    ]
    lead = (
        f"What {champion} does with texts that were changed, added to or made up (after Ribeiro et al., 2020). Invariance: nothing that matters has "
        "changed. Directional: a sentence that speaks for a genre was added. Minimum functionality: an invented plot as clear as can be."
    )
    return render_page("Behaviour", lead, parts, notes)
