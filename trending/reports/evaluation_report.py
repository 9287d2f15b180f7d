"""The evaluation report of a model and the comparison of all models, as pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from trending.evaluation.frontier import FrontierRow
from trending.evaluation.judgement import Figure, Judgement
from trending.evaluation.metrics import ECE_BINS, Judged
from trending.evaluation.model_card import METRIC_NAMES
from trending.genres import GENRES
from trending.reports.charts import draw_intervals, draw_matrix, draw_reliability
from trending.reports.frontier import render_frontier
from trending.reports.page import render_cards, render_figure, render_page, render_table


def confusion_shares(judged: Judged) -> npt.NDArray[np.float64]:
    """Return, for titles listed under a genre (row), the share that was predicted each genre (column), shape (20, 20).

    The diagonal is recall; elsewhere only genres the title is not listed under count, so that every other cell is an error.
    """
    truth, chosen = judged.labels.astype(float), judged.decisions.astype(float)
    shares = truth.T @ (chosen * (1 - truth))
    np.fill_diagonal(shares, (truth * chosen).sum(axis=0))
    return np.asarray(shares / np.maximum(truth.sum(axis=0), 1)[:, None])


def reliability_points(judged: Judged) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return mean probability, observed share and count per bin, over all genres, empty bins left out."""
    probability, truth = judged.probabilities.ravel(), judged.labels.ravel()
    bins = np.minimum((probability * ECE_BINS).astype(int), ECE_BINS - 1)
    counts = np.bincount(bins, minlength=ECE_BINS).astype(float)
    used = counts > 0
    sums = np.bincount(bins, weights=probability, minlength=ECE_BINS), np.bincount(bins, weights=truth, minlength=ECE_BINS)
    return sums[0][used] / counts[used], sums[1][used] / counts[used], counts[used]


def render_evaluation(judgement: Judgement, baseline: Judgement, judged: Judged, notes: Sequence[str]) -> str:
    """Return the page of one model, the baseline beside every figure."""
    per_genre = judgement.per_genre
    f1 = [per_genre[genre].f1 for genre in GENRES]
    genre_rows = [
        (genre, one.n, f"{one.precision:.2f}", f"{one.recall:.2f}", str(one.f1), f"{baseline.per_genre[genre].f1.value:.2f}")
        for genre, one in per_genre.items()
    ]
    slice_rows = [
        (f"{kind}: {name}", one.n, str(one.macro_f1), str(baseline.slices[kind][name].macro_f1), str(one.micro_f1))
        for kind, parts in judgement.slices.items()
        for name, one in parts.items()
    ]
    parts = [
        render_cards(
            (figure.value.__format__(".3f"), f"{METRIC_NAMES[name]} [{figure.low:.3f}, {figure.high:.3f}]") for name, figure in judgement.metrics.items()
        ),
        render_figure(
            "F1 per genre",
            draw_intervals(
                GENRES, [one.value for one in f1], [one.low for one in f1], [one.high for one in f1], [baseline.per_genre[genre].f1.value for genre in GENRES]
            ),
            "On held-out titles, genre words masked.",
        ),
        render_table(("genre", "test titles", "precision", "recall", "F1", "baseline F1"), genre_rows),
        render_figure(
            "What is taken for what",
            draw_matrix(GENRES, confusion_shares(judged)),
            "Percent of the titles listed under the row's genre. Diagonal: found. Elsewhere: wrongly added.",
        ),
        render_figure(
            "Calibration",
            draw_reliability(*reliability_points(judged)),
            "All genres together; on the line, a probability of 0.3 comes true three times in ten.",
        ),
        render_table(("slice", "test titles", "macro F1", "baseline macro F1", "micro F1"), slice_rows, "Slices"),
    ]
    lead = f"{judgement.kind} on {judgement.n:,} held-out titles in {judgement.groups:,} groups, genre words masked; 95 % bootstrap intervals over groups."
    return render_page("Evaluation", lead, parts, notes)


def render_comparison(
    judgements: Sequence[Judgement],
    champion: str,
    validation: Mapping[str, float],
    differences: Mapping[str, Figure],
    leak: Mapping[str, Figure],
    frontier: Sequence[FrontierRow],
    notes: Sequence[str],
) -> str:
    """Return the page that sets all models side by side and says which was chosen and why."""
    rows = [
        (
            one.kind,
            f"{validation[one.kind]:.3f}" if one.kind in validation else "",
            *(str(one.metrics[name]) for name in ("macro_f1", "micro_f1", "map", "ece")),
            _signed(differences.get(one.kind)),
        )
        for one in judgements
    ]
    parts = [
        render_table(
            ("model", "macro F1, validation, cross-fitted", "macro F1", "micro F1", "mAP", "ECE", "macro F1 over the baseline"), rows, "Models", best=champion
        )
    ]
    parts += render_frontier(frontier)
    if leak:
        leak_rows = [("masked: genre words taken out", str(leak["masked"])), ("unmasked: genre words left in", str(leak["unmasked"]))]
        parts.append(render_table(("the reference model's text", "macro F1"), leak_rows, "Label leaks"))
    lead = (
        f"{champion} has the best macro F1 on validation titles of all that keep within the budget, and is the champion. "
        "The other figures are from test titles, which had no part in that choice."
    )
    return render_page("Model comparison", lead, parts, notes)


def _signed(figure: Figure | None) -> str:
    return "" if figure is None else f"{figure.value:+.3f} [{figure.low:+.3f}, {figure.high:+.3f}]"
