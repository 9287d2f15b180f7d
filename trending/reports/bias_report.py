"""The page on bias: what is known, listed, predicted, rated and ranked of titles, by language, country, region and decade."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from trending.evaluation.bias import SHARE, Bias
from trending.evaluation.card_trust import (
    DISPARITY_HEADER,
    OVERALL_HEADER,
    SIZE_HEADER,
    list_disparity,
    list_overall,
    list_size,
    tell_coverage,
    tell_marked,
)
from trending.evaluation.disparities import ALPHA, MIN_COMPARED, Disparity
from trending.evaluation.fairness import Fairness
from trending.genres import GENRES
from trending.reports.charts import draw_grid
from trending.reports.page import render_cards, render_figure, render_page, render_table

_MOST = 60  # comparisons that stand out, of labels and of scores each
_DRAWN = 15  # groups of a kind in a grid
_CAUTION = (
    "A difference says how these sources collect, label and rate, not what films of a country or a time are like; nor is a group equal because nothing "
    "stands out. Who voted, and who labelled, isn't known."
)


def render_bias(bias: Bias, fairness: Fairness, notes: Sequence[str]) -> str:
    """Return the page.

    Args:
        bias: Of labels, scores and what is ranked.
        fairness: Of the champion's predictions.
        notes: Shown on top.
    """
    labels = [one for one in bias.marked if one.measure == SHARE or one.measure.endswith(("a plot", "a genre", "a title"))]
    scores = [one for one in bias.marked if one not in labels]
    predicted = [one for one in fairness.marked if one.measure != "macro F1"]
    parts = [
        render_cards(
            [
                (f"{bias.titles:,}", "titles"),
                (f"{bias.trending:,}", "of them ranked as trending"),
                (f"{sum(one.compared for one in bias.groups):,}", f"groups compared, of {len(bias.groups):,}"),
                (f"{len(bias.marked):,}", f"of {len(bias.disparities):,} comparisons stand out"),
                *((f"{one.known / max(one.titles, 1):.0%}", f"of the titles have a known {one.kind}") for one in bias.coverage),
            ]
        ),
        render_table(OVERALL_HEADER, list_overall(bias), "All titles"),
        render_table(SIZE_HEADER, [list_size(bias, one) for one in bias.groups], "Who is in it"),
        *(part for kind in ("country", "language", "decade") for part in _draw_shares(bias.disparities, kind)),
        render_table(DISPARITY_HEADER, map(list_disparity, labels[:_MOST]), f"Labels: what stands out ({len(labels):,}, the surest {_MOST} at most)"),
        render_table(
            DISPARITY_HEADER, map(list_disparity, scores[:_MOST]), f"Scores and ranking: what stands out ({len(scores):,}, the surest {_MOST} at most)"
        ),
        render_table(DISPARITY_HEADER, map(list_disparity, predicted[:_MOST]), f"Predicted genres of test titles: what stands out ({len(predicted):,})"),
    ]
    lead = (
        f"Each group is compared with other titles of the same sources, weighted to its mix of them; 95 % intervals are from a bootstrap over title groups, "
        f"p values are adjusted over all comparisons (Benjamini and Hochberg), and below {ALPHA:g} one stands out. Groups of fewer than {MIN_COMPARED} titles, "
        f"or with fewer others, are counted and not compared. The page on fairness has all comparisons of predictions. {tell_marked(bias).partition(';')[0]}."
    )
    return render_page("Bias over language, country and decade", lead, parts, [*notes, *tell_coverage(bias), _CAUTION])


def _draw_shares(disparities: Sequence[Disparity], kind: str) -> list[Markup]:
    shares = {(one.group, one.genre): one.value.value for one in disparities if one.kind == kind and one.measure == SHARE}
    groups = list(dict.fromkeys(group for group, _ in shares))[:_DRAWN]
    if len(groups) < 2:
        return []
    grid = np.asarray([[shares.get((group, genre), 0.0) for genre in GENRES] for group in groups])
    caption = "Share of the group's titles with any genre that are listed under each; those of the sources that could be compared."
    return [render_figure(f"Listed genres by {kind}", draw_grid(groups, GENRES, grid), caption)]
