"""The sections about what lies beside titles: overlap of sources, reviews, signals, trends and the quarantine."""

from __future__ import annotations

from functools import partial

import numpy as np

from trending.reports.charts import draw_columns, draw_grid, draw_spans, draw_stacks
from trending.reports.eda.facts import EdaFacts, OverlapFacts, Refused, ReviewFacts, SignalFacts, TrendFacts
from trending.reports.eda.section import MOST_NAMES, Chart, Section, Table, count_of, say_share
from trending.reports.eda.title_sections import SPREAD_HEADER, name_bins, spread_rows

_PAIRS = 15  # sources that share works, on a table


def describe_overlap(overlap: OverlapFacts) -> Section | None:
    """Which works several sources have."""
    if not overlap.works:
        return None
    names = overlap.sources[:MOST_NAMES]
    counts = np.asarray(overlap.shared, dtype=float)[: len(names), : len(names)]
    shares = counts / counts.diagonal()[:, None]
    np.fill_diagonal(shares, np.nan)
    sizes = {name: overlap.shared[number][number] for number, name in enumerate(overlap.sources)}
    pairs = [
        (overlap.shared[one][other], overlap.sources[one], overlap.sources[other])
        for one in range(len(overlap.sources))
        for other in range(one + 1, len(overlap.sources))
    ]
    take = f"{say_share(overlap.in_several, overlap.works)} of {count_of(overlap.works, 'work')} are in more than one source"
    if pairs and max(pairs)[0]:
        most, one, other = max(pairs)
        take += f"; {one} and {other} share the most ({most:,})"
    charts = [
        Chart(
            "overlap",
            partial(draw_grid, names, names, shares, None, "% also in", "of the works in"),
            "Grid: of the works in the row's source, the percentage also in the column's.",
        )
    ]
    rows = [
        (f"{one} + {other}", works, say_share(works, min(sizes[one], sizes[other]))) for works, one, other in sorted(pairs, key=lambda pair: -pair[0]) if works
    ]
    tables = [
        Table("Works by source", ("source", "works"), list(sizes.items())),
        Table("Works that two sources share", ("sources", "works", "of the smaller source"), rows[:_PAIRS]),
        Table("How rows were matched", ("evidence", "rows"), list(overlap.evidence.items())),
    ]
    return Section("overlap", "Overlap of sources", f"{take}.", charts if len(names) > 1 else [], tables)


def describe_reviews(reviews: ReviewFacts) -> Section | None:
    """How many reviews there are, what they score and how long they are."""
    if not reviews.rows:
        return None
    scored = sum(one.n for one in reviews.ratings.values())
    high = sum(reviews.rating_histogram.counts[7:])
    take = f"{count_of(reviews.rows, 'review')} of {count_of(reviews.titles, 'title')} by {count_of(reviews.authors, 'author')}"
    if scored:
        take += f"; {say_share(high, scored)} of the scores are 7 or more, {say_share(sum(reviews.rating_histogram.counts[:5]), scored)} below 5"
    if reviews.per_title:
        take += f"; a reviewed title has {reviews.per_title.median:g} (median) and at most {reviews.per_title.high:,.0f}"
    scores = [str(number) for number in range(len(reviews.rating_histogram.counts))]
    charts = [
        Chart(
            "review-scores",
            partial(draw_columns, scores, {"reviews": reviews.rating_histogram.counts}, "score", "reviews"),
            "Columns: reviews by score, 0 to 10.",
        ),
        Chart(
            "review-lengths",
            partial(draw_columns, name_bins(reviews.char_histogram), {"reviews": reviews.char_histogram.counts}, "characters", "reviews", edges=True),
            "Columns: reviews by length.",
        ),
    ]
    rows = [
        (one.source, one.rows, one.titles, _say_dates(one.first, one.last), one.spoilers, one.rows - one.spoilers - one.spoiler_unknown, one.spoiler_unknown)
        for one in reviews.sources
    ]
    tables = [Table("Reviews by source", ("source", "reviews", "titles", "dates", "spoilers", "no spoilers", "unknown"), rows)]
    tables += [Table("Scores, 0 to 10", SPREAD_HEADER, spread_rows(reviews.ratings, 1))] if scored else []
    tables += [Table("Characters in a review", SPREAD_HEADER, spread_rows(reviews.chars))]
    tables += [Table("Languages of reviews", ("language", "reviews"), list(reviews.languages.top.items()))] if reviews.languages.known else []
    return Section("reviews", "Reviews", f"{take}.", charts if scored else charts[1:], tables)


def describe_signals(signals: SignalFacts) -> Section | None:
    """Which signals there are, and for which days."""
    if not signals.rows:
        return None
    series = signals.series
    first, last = min(one.first for one in series), max(one.last for one in series)
    take = (
        f"{count_of(signals.rows, 'signal')} of {count_of(signals.titles, 'title')} reach from {first} to {last}, "
        f"from {count_of(signals.markets.distinct, 'market')}: a score can only see what a source counted on those days."
    )
    names = [f"{one.source}: {one.kind}" for one in series][:MOST_NAMES]
    spans = [one.first for one in series][:MOST_NAMES], [one.last for one in series][:MOST_NAMES]
    rows = [(one.source, one.kind, one.rows, one.titles, one.markets, _say_dates(one.first, one.last), _say_number(one.median)) for one in series]
    return Section(
        "signals",
        "Popularity signals",
        take,
        [Chart("signals", partial(draw_spans, names, *spans), "Bars: the days each source's signals reach over.")],
        [
            Table("Signals by source and kind", ("source", "kind", "signals", "titles", "markets", "days", "median"), rows),
            Table("Markets with the most signals", ("market", "signals"), list(signals.markets.top.items())),
        ],
    )


def describe_trends(trends: TrendFacts) -> Section | None:
    """What is trending, and why."""
    if not trends.top:
        return None
    names = {"movie": "Films", "tv": "TV shows"}
    tables = [
        Table(
            f"{names.get(kind, kind)} that are trending",
            ("rank", "title", "score", "why"),
            [(one.rank, one.title, f"{one.score:.2f}", "; ".join(one.sentences)) for one in trends.top if one.type == kind],
        )
        for kind in dict.fromkeys(one.type for one in trends.top)
    ]
    first = trends.top[0]
    take = (
        f"On {trends.as_of}, {first.title} leads the {'films' if first.type == 'movie' else 'TV shows'}; "
        f"of {count_of(trends.rows, 'score')}, the first ten of each list are below with the parts they are the sums of."
    )
    return Section("trends", "What is trending", take, (), tables)


def describe_quarantine(refused: list[Refused]) -> Section | None:
    """Why rows were put aside."""
    if not refused:
        return None
    reasons: dict[str, int] = {}
    for one in refused:
        reasons[one.reason] = reasons.get(one.reason, 0) + one.rows
    order = sorted(reasons, key=lambda reason: (-reasons[reason], reason))
    whole = sum(reasons.values())
    take = (
        f"{count_of(whole, 'row')} can't be used; {order[0]} is the commonest reason ({say_share(reasons[order[0]], whole)}). "
        "What is put aside is kept, and can be tried again after a fix."
    )
    shown = order[:MOST_NAMES]
    return Section(
        "quarantine",
        "Quarantine",
        take,
        []
        if len(shown) == 1
        else [Chart("quarantine", partial(draw_stacks, shown, {"rows": [reasons[reason] for reason in shown]}, "rows"), "Bars: rows in quarantine by reason.")],
        [Table("Rows put aside", ("source", "kind", "reason", "rows"), [(one.source, one.kind, one.reason, one.rows) for one in refused])],
    )


def _say_number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _say_dates(first: object, last: object) -> str:
    return f"{first} to {last}" if first else "unknown"


def list_absent(facts: EdaFacts) -> list[str]:
    """Return the names of what this version holds nothing of."""
    counts = {
        "titles": facts.titles.rows,
        "matches": facts.overlap.works,
        "reviews": facts.reviews.rows,
        "signals": facts.signals.rows,
        "trends": facts.trends.rows,
        "quarantined rows": len(facts.quarantine),
    }
    return [name for name, rows in counts.items() if not rows]
