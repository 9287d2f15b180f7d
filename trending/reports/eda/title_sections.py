"""The sections about titles: where they come from, when, what they lack and how long their plots are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from trending.reports.charts import draw_columns, draw_grid, draw_quartiles, draw_stacks
from trending.reports.eda.facts import Histogram, Spread, TitleFacts, TypeCounts
from trending.reports.eda.section import MOST_NAMES, Chart, Section, Table, count_of, list_names, say_share

SPREAD_HEADER = ("source", "values", "least", "lower quarter", "median", "upper quarter", "most", "mean")


def spread_rows(spreads: Mapping[str, Spread], digits: int = 0) -> list[tuple[str, ...]]:
    """Return the rows of a table under `SPREAD_HEADER`."""
    return [
        (name, f"{one.n:,}", *(f"{value:,.{digits}f}" for value in (one.low, one.lower, one.median, one.upper, one.high, one.mean)))
        for name, one in spreads.items()
    ]


def name_bins(histogram: Histogram) -> list[str]:
    """Return the lower edge of each bin; the last says that it is open."""
    edges = [f"{number * histogram.width:,g}" for number in range(len(histogram.counts))]
    return [*edges[:-1], f"{edges[-1]}+"]


def sum_sources(titles: TitleFacts) -> dict[str, TypeCounts]:
    """Return films and shows by source, whatever their rights; the source with the most comes first."""
    found: dict[str, TypeCounts] = {}
    for row in titles.sources:
        before = found.get(row.source, TypeCounts())
        found[row.source] = TypeCounts(movie=before.movie + row.types.movie, tv=before.tv + row.types.tv)
    return dict(sorted(found.items(), key=lambda pair: -pair[1].all))


def describe_sources(titles: TitleFacts) -> Section:
    """Who gave how many titles, and under which rights."""
    counts = sum_sources(titles)
    shown = list(counts)[:MOST_NAMES]
    first = shown[0]
    rights: dict[str, int] = {}
    for row in titles.sources:
        rights[row.rights_class] = rights.get(row.rights_class, 0) + row.rows
    is_open = sum(rows for name, rows in rights.items() if name.startswith("open_"))
    take = (
        f"{first} gives {say_share(counts[first].all, titles.rows)} of the {titles.rows:,} titles, "
        f"{say_share(titles.types.tv, titles.rows)} of all are TV shows, and {say_share(is_open, titles.rows)} come under an open licence."
    )
    rows = [
        (row.source, row.rights_class, row.rows, row.types.movie, row.types.tv, f"{row.first_year} to {row.last_year}" if row.first_year else "unknown")
        for row in titles.sources
    ]
    stacks = {"films": [counts[name].movie for name in shown], "TV shows": [counts[name].tv for name in shown]}
    return Section(
        "sources",
        "Sources and rights",
        take,
        [Chart("sources", partial(draw_stacks, shown, stacks, "titles"), f"Bars: titles of each source, films and TV shows. The largest is {first}.")],
        [Table("Titles by source and rights class", ("source", "rights class", "titles", "films", "TV shows", "years"), rows)],
    )


def describe_years(titles: TitleFacts) -> Section | None:
    """When titles were first released."""
    if not titles.decades:
        return None
    dated = sum(counts.all for counts in titles.decades.values())
    peak = max(titles.decades, key=lambda decade: titles.decades[decade].all)
    decades = range(min(titles.decades), max(titles.decades) + 10, 10)
    counts = {decade: titles.decades.get(decade, TypeCounts()) for decade in decades}
    series = {"films": [one.movie for one in counts.values()], "TV shows": [one.tv for one in counts.values()]}
    early = sum(one.all for decade, one in counts.items() if decade < 1960)
    take = (
        f"The {peak}s are the fullest decade, with {say_share(counts[peak].all, dated)} of the titles whose year is known; "
        f"{say_share(early, dated)} are older than 1960, and {count_of(titles.rows - dated, 'title')} {'has' if titles.rows - dated == 1 else 'have'} no year."
    )
    labels = [f"{decade}s" for decade in decades]
    return Section(
        "years",
        "Years",
        take,
        [Chart("years", partial(draw_columns, labels, series, ylabel="titles"), f"Columns: titles by decade of first release. The highest is the {peak}s.")],
        [Table("Titles by decade", ("decade", "films", "TV shows"), [(f"{decade}s", one.movie, one.tv) for decade, one in counts.items()])],
    )


def describe_missing(titles: TitleFacts) -> Section:
    """Which columns are empty, source by source."""
    rows = {source: counts.all for source, counts in sum_sources(titles).items()}
    columns = [name for name in next(iter(titles.missing.values())) if any(part[name] for part in titles.missing.values())]
    totals = {name: sum(part[name] for part in titles.missing.values()) for name in columns}
    whole = [name for name in next(iter(titles.missing.values())) if name not in totals]
    worst = sorted(totals, key=lambda name: -totals[name])
    take = f"{count_of(len(whole), 'column')} {'has' if len(whole) == 1 else 'have'} no gap; " + (
        f"the emptiest {'is' if len(worst) == 1 else 'are'} {list_names([f'{name} ({say_share(totals[name], titles.rows)})' for name in worst[:3]])}."
        if worst
        else "nothing is missing."
    )
    shown = list(rows)[:MOST_NAMES]
    shares = np.asarray([[titles.missing[source][name] / rows[source] for name in columns] for source in shown])
    table = [(source, *(say_share(titles.missing[source][name], count) for name in columns)) for source, count in rows.items()]
    charts = (
        [Chart("missing", partial(draw_grid, shown, columns, shares), "Grid: percentage of each source's titles that lack each column.")] if columns else []
    )
    return Section("missing", "Missing values", take, charts, [Table("Titles without a value", ("source", *columns), table, repeats=True)] if columns else [])


def describe_plots(titles: TitleFacts) -> Section | None:
    """How long plots are."""
    spreads = dict(sorted(titles.plot_chars.items(), key=lambda pair: -pair[1].n))
    if not spreads:
        return None
    plots = sum(one.n for one in spreads.values())
    ordered = sorted(spreads, key=lambda name: spreads[name].median)
    shared = titles.shared_plots
    lengths = (
        f"The middle half of {ordered[0]}'s plots has {spreads[ordered[0]].lower:,.0f} to {spreads[ordered[0]].upper:,.0f} characters"
        if len(ordered) == 1
        else f"A median plot has from {spreads[ordered[0]].median:,.0f} characters ({ordered[0]}) to {spreads[ordered[-1]].median:,.0f} ({ordered[-1]})"
    )
    copies = (
        f"{count_of(shared.rows, 'row')} share a plot with a different title (the commonest is in {shared.most:,}), which then describes neither."
        if shared.texts
        else "no text stands under two different titles."
    )
    shown = list(spreads)[:MOST_NAMES]
    lowers, medians, uppers = ([getattr(spreads[name], part) for name in shown] for part in ("lower", "median", "upper"))
    histogram = titles.plot_histogram
    return Section(
        "plots",
        "Plot lengths",
        f"{lengths}; {plots:,} titles have a plot, and {copies}",
        [
            Chart(
                "plot-lengths",
                partial(draw_columns, name_bins(histogram), {"titles": histogram.counts}, "characters in the plot", "titles", edges=True),
                "Columns: titles by the length of their plot.",
            ),
            Chart(
                "plot-sources",
                partial(draw_quartiles, shown, lowers, medians, uppers, "characters in the plot"),
                "Ranges: the middle half of plot lengths, by source.",
            ),
        ],
        [
            Table("Characters in a plot", SPREAD_HEADER, spread_rows(spreads)),
            Table("Plots under several titles", ("different texts", "rows that have one", "rows of the commonest"), [(shared.texts, shared.rows, shared.most)]),
        ],
    )


def describe_leaks(titles: TitleFacts) -> Section | None:
    """How many plots name a genre."""
    leaks = sorted((leak for leak in titles.leaks if leak.read), key=lambda leak: -leak.naming / leak.read)
    if not leaks:
        return None
    sampled = any(leak.read < leak.plots for leak in leaks)
    whole = sum(leak.plots for leak in leaks)
    naming = sum(leak.naming / leak.read * leak.plots for leak in leaks)
    reading = "In a sample of each source's plots, " if sampled else ""
    text = f"{reading}{say_share(naming, whole)} of plots hold a word that names a genre: a model that reads them unmasked can copy the answer"
    if len(leaks) > 1:
        first, last = leaks[0], leaks[-1]
        text += f"; it is worst in {first.source} ({say_share(first.naming, first.read)}) and least in {last.source} ({say_share(last.naming, last.read)})"
    shown = leaks[:MOST_NAMES]
    bars = {"percent": [100 * leak.naming / leak.read for leak in shown]}
    names = [leak.source for leak in shown]
    chart = Chart("leaks", partial(draw_stacks, names, bars, "percent of plots"), "Bars: percentage of plots that name a genre, by source.")
    return Section(
        "leaks",
        "Genre words in plots",
        f"{text}.",
        [] if len(shown) == 1 else [chart],
        [
            Table(
                "Plots that name a genre",
                ("source", "plots", "read", "name a genre", "share"),
                [(leak.source, leak.plots, leak.read, leak.naming, say_share(leak.naming, leak.read)) for leak in leaks],
            )
        ],
    )
