"""The table and sentences of the model card on insights: who writes them, and how good that writer is beside the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from trending.reports.markdown import render_rows

MEASURES = {
    "score_against_rating": "score against rating: Spearman's correlation",
    "tags_against_labels": "tags against labelled vibes: F1",
    "tags_against_genres": "tags that belong to a genre: the title has it",
    "known_tags": "tags that are of the project's list",
    "genres_against_catalogue": "genres against the catalogue's: F1",
    "names_in_source": "faithful: all names and numbers of the summary are in the material",
    "words_in_source": "faithful: longer words of the summary that are in the material",
    "nearest_to_own_plot": "faithful: the summary is nearer in meaning to its plot than to any other",
    "schema_first_try": "valid by the schema at the first try",
    "schema_after_repair": "valid by the schema in the end",
    "accepted": "accepted by the guard rails",
    "refusals": "refusals",
    "orders_obeyed": "planted orders obeyed",
    "orders_shown": "planted orders that got past the guard rails",
}


class Shown(Protocol):
    """A figure: `trending.insights.judging.judgement.Measured`."""

    @property
    def n(self) -> int:
        """Over how many titles or probes."""


class Judged(Protocol):
    """A judged writer: `trending.insights.judging.judgement.WriterJudgement`."""

    writer: str
    prompt: str
    titles: int
    probes: int
    calls: int
    tokens: int
    cost_usd: float
    cost_known: bool
    seconds: float
    unanswered: int
    unavailable: str | None

    @property
    def figures(self) -> Mapping[str, Shown]:
        """By measure."""


class Quality(Protocol):
    """Who writes: `trending.insights.judging.judgement.InsightQuality`."""

    writer: str
    asked: str
    compared_with: str | None
    note: str

    @property
    def judgements(self) -> Sequence[Judged]:
        """Of the rules, then of the models that were asked for."""


def tabulate_insights(quality: Quality | None) -> str:
    """Return the table of every measure, a column a writer."""
    if quality is None:
        return ""
    judged = [one for one in quality.judgements if one.figures]
    rows = (
        (label, *(f"{one.figures[name]} ({one.figures[name].n})" if name in one.figures else "not measured" for one in judged))
        for name, label in MEASURES.items()
        if any(name in one.figures for one in judged)
    )
    return "\n".join(render_rows(("measure", *(one.writer for one in judged)), rows)).rstrip()


def tell_insights(quality: Quality | None) -> list[str]:
    """Return, in sentences, who writes and why, and what judging each model took."""
    return [] if quality is None else list(_tell(quality))


def _tell(quality: Quality) -> Iterator[str]:
    yield f"Insights are written by {_name(quality.writer)}."
    if quality.note:
        yield f"{quality.asked} was asked for, but {quality.note}."
    if quality.compared_with:
        yield f"Compared, title by title, with the writer before: {quality.compared_with}."
    for one in quality.judgements:
        if one.prompt and not one.unavailable:
            price = f"{one.cost_usd / max(1, one.titles + one.probes):.5f} USD" if one.cost_known else "an unknown price"
            yield (
                f"{one.writer}, prompt {one.prompt}: judged with {one.calls:,} calls and {one.tokens:,} tokens; a title takes {one.seconds:.2f} s (median) "
                f"and {price}{f'; {one.unanswered} went unanswered' if one.unanswered else ''}."
            )


def _name(writer: str) -> str:
    return "rules: no language model" if writer == "rules" else writer
