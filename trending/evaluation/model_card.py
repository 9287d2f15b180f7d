"""The model card of a release (after Mitchell et al., "Model cards for model reporting", 2019), as Markdown made from the judgement."""

from __future__ import annotations

from trending.evaluation.baselines import BASELINE, COMMONEST
from trending.evaluation.judgement import Figure, Judgement
from trending.reports.markdown import render_rows
from trending.sources.starter import STARTER_NOTE

METRIC_NAMES = {
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "weighted_f1": "weighted F1",
    "samples_f1": "samples F1",
    "map": "mean average precision",
    "ece": "expected calibration error",
}

_PURPOSE = (
    "Predicts which of 20 genres a title has from what its plot says. Meant for sorting and describing catalogues; "
    "not for judging how good a title is, nor for texts that aren't plots."
)
_METHOD = "Intervals are 95 %, from a 1,000-fold bootstrap over groups. Calibration and thresholds come from validation data alone."


def render_model_card(champion: Judgement, others: list[Judgement], leak: dict[str, Figure], thresholds: dict[str, float], starter: bool) -> str:
    """Return the card as Markdown.

    Args:
        champion: The judgement of the model in the release.
        others: Those of the other models that were trained, the baselines among them.
        leak: Macro F1 of the reference model with genre words `masked` and `unmasked`.
        thresholds: Threshold per genre.
        starter: Whether the data is the starter catalogue.
    """
    by_kind = {one.kind: one for one in others}
    baseline, commonest = by_kind[BASELINE], by_kind[COMMONEST]
    lines = [f"# Model card: genres of films and TV shows ({champion.kind})", ""]
    if starter:
        lines += [f"> {STARTER_NOTE}", ""]
    lines += [
        _PURPOSE,
        "",
        "## Figures",
        "",
        f"On {champion.n:,} held-out test titles in {champion.groups:,} groups none of which was trained on, with words that name a genre masked. " + _METHOD,
        "",
        *render_rows(
            ("metric", "this model", "majority baseline: every genre", "majority baseline: the commonest genres"),
            ((name, champion.metrics[key], baseline.metrics[key], commonest.metrics[key]) for key, name in METRIC_NAMES.items()),
        ),
        "### Every model trained in this run",
        "",
        *render_rows(
            ("model", "macro F1", "micro F1", "mAP", "ECE"),
            ((one.kind, *(one.metrics[key] for key in ("macro_f1", "micro_f1", "map", "ece"))) for one in [champion, *others]),
        ),
        *_leak_section(leak),
        "### Genres",
        "",
        *render_rows(
            ("genre", "test titles", "precision", "recall", "F1", "baseline F1", "threshold"),
            (
                (genre, one.n, f"{one.precision:.2f}", f"{one.recall:.2f}", one.f1, baseline.per_genre[genre].f1, f"{thresholds[genre]:.2f}")
                for genre, one in champion.per_genre.items()
            ),
        ),
        "### Slices",
        "",
        *render_rows(
            ("slice", "test titles", "macro F1", "baseline macro F1", "micro F1", "baseline micro F1"),
            (
                (f"{kind}: {name}", one.n, one.macro_f1, baseline.slices[kind][name].macro_f1, one.micro_f1, commonest.slices[kind][name].micro_f1)
                for kind, parts in champion.slices.items()
                for name, one in parts.items()
            ),
        ),
        "The baselines answer every title alike: with every genre (best for macro F1) or with the few commonest (better for micro F1).",
        "",
        "## Limits",
        "",
        "- Labels are what catalogues say, and catalogues disagree about the same title; part of what counts as an error is convention.",
        "- Short plots carry little; see the slices. English only: other languages get the genres of their proper names.",
        "- A genre below its threshold isn't shown, and a text may get none: that is an answer, not a failure.",
        "- Rare genres (see the number of test titles) have wide intervals: read those before the figure.",
        "",
    ]
    return "\n".join(lines)


def _leak_section(leak: dict[str, Figure]) -> list[str]:
    if not leak:
        return []
    text = (
        f"The reference model (TF-IDF and logistic regression) scores macro F1 {leak['masked']} with genre words masked and {leak['unmasked']} "
        "when it may read them in training and test. The difference is reading, not judgement; the figures above are the masked ones."
    )
    return ["### Label leaks", "", text, ""]
