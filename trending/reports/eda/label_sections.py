"""The sections about what titles are listed as and rated: genres, ratings, languages and countries."""

from __future__ import annotations

from functools import partial

import numpy as np

from trending.genres import GENRES
from trending.reports.charts import draw_columns, draw_grid, draw_stacks
from trending.reports.eda.facts import Counted, TitleFacts
from trending.reports.eda.section import Chart, Section, Table, count_of, list_names, say_share
from trending.reports.eda.title_sections import SPREAD_HEADER, name_bins, spread_rows

_PAIRS = 12
_FEWEST = 20  # titles two genres must share before their affinity says anything


def describe_genres(titles: TitleFacts) -> Section:
    """Which genres there are."""
    order = sorted(titles.genres, key=lambda genre: -titles.genres[genre].all)
    first, last = order[0], order[-1]
    top, bottom = (titles.genres[genre].all for genre in (first, last))
    none = titles.genres_per_title.get(0, 0)
    ratio = f"{top / bottom:,.0f} titles of {first} to each of {last}" if bottom else f"no title is listed under {last}"
    take = f"{first} is the commonest genre ({say_share(top, titles.rows)} of titles); {ratio}; {say_share(none, titles.rows)} of titles have no genre."
    series = {"films": [titles.genres[genre].movie for genre in order], "TV shows": [titles.genres[genre].tv for genre in order]}
    rows = [(genre, one.movie, one.tv, say_share(one.all, titles.rows)) for genre, one in ((genre, titles.genres[genre]) for genre in order)]
    return Section(
        "genres",
        "Genres",
        take,
        [Chart("genres", partial(draw_stacks, order, series, "titles"), f"Bars: titles under each genre, films and TV shows, from {first} down to {last}.")],
        [Table("Titles by genre", ("genre", "films", "TV shows", "share of titles"), rows)],
    )


def describe_genres_per_title(titles: TitleFacts) -> Section:
    """How many genres a title has."""
    counts = [titles.genres_per_title.get(number, 0) for number in range(max(titles.genres_per_title) + 1)]
    listed = titles.rows - counts[0]
    mean = sum(number * rows for number, rows in enumerate(counts)) / listed if listed else 0.0
    labels = [str(number) for number in range(len(counts))]
    alone = counts[1] if len(counts) > 1 else 0
    return Section(
        "genres-per-title",
        "Genres per title",
        f"A title that has any genre has {mean:.2f} on average, and {say_share(alone, listed)} of these have just one: where sources list fewer, "
        "a genre that isn't listed needn't be absent.",
        [Chart("genres-per-title", partial(draw_columns, labels, {"titles": counts}, "genres", "titles"), "Columns: titles by how many genres they have.")],
        [Table("Titles by number of genres", ("genres", "titles", "share"), [(n, rows, say_share(rows, titles.rows)) for n, rows in enumerate(counts)])],
    )


def describe_pairs(titles: TitleFacts) -> Section | None:
    """Which genres go together."""
    counts = np.asarray(titles.genre_pairs, dtype=float)
    own = counts.diagonal().copy()
    found = [
        (counts[one, other] * titles.rows / (own[one] * own[other]), int(counts[one, other]), GENRES[one], GENRES[other])
        for one in range(len(GENRES))
        for other in range(one)
        if counts[one, other] >= _FEWEST
    ]
    if not found:
        return None
    commonest, closest = max(found, key=lambda pair: pair[1]), max(found)
    shares = counts / np.maximum(own, 1)[:, None]
    np.fill_diagonal(shares, np.nan)
    take = (
        f"{commonest[3]} with {commonest[2]} is the commonest pair ({count_of(commonest[1], 'title')}); "
        f"{closest[3]} with {closest[2]} is the closest: {closest[0]:.1f} times as many titles as if genres fell by chance."
    )
    rows = [(f"{other} + {one}", together, f"{lift:.1f}") for lift, together, one, other in sorted(found, reverse=True)[:_PAIRS]]
    alt = "Grid: of the titles under the row's genre, the percentage that is also under the column's."
    return Section(
        "genre-pairs",
        "Genres that go together",
        take,
        [Chart("genre-pairs", partial(draw_grid, GENRES, GENRES, shares, (9, 7.2), "% also listed under", "of the titles under"), alt)],
        [Table(f"Closest pairs (of those with {_FEWEST} titles or more)", ("genres", "titles", "times chance"), rows)],
    )


def describe_ratings(titles: TitleFacts) -> Section | None:
    """What titles are rated, and by how many."""
    rated = sum(one.n for one in titles.ratings.values())
    if not rated:
        return None
    mean = sum(one.mean * one.n for one in titles.ratings.values()) / rated
    names = list(titles.ratings)
    votes = (
        f"the median title has {max(one.median for one in titles.votes.values()):,.0f} votes at most" if titles.votes else "no source says by how many votes"
    )
    histogram = titles.rating_histogram
    tables = [Table("Ratings, 0 to 10", SPREAD_HEADER, spread_rows(titles.ratings, 1))]
    if titles.votes:
        tables.append(Table("Votes behind a rating", SPREAD_HEADER, spread_rows(titles.votes)))
    return Section(
        "ratings",
        "Ratings and votes",
        f"{say_share(rated, titles.rows)} of titles have a rating ({list_names(names)}), {mean:.1f} of 10 on average; {votes}.",
        [
            Chart(
                "ratings",
                partial(draw_columns, [*name_bins(histogram)[:-1], "9.5"], {"titles": histogram.counts}, "rating", "titles", edges=True),
                "Columns: titles by rating, in steps of half a point.",
            )
        ],
        tables,
    )


def describe_places(titles: TitleFacts) -> Section | None:
    """Languages and countries."""
    named = [(name, one) for name, one in (("language", titles.languages), ("country", titles.countries)) if one.known]
    if not named:
        return None
    takes = [
        f"{_lead(one)} is the commonest {name} ({say_share(one.top[_lead(one)], one.known)} of {one.known:,} mentions, {one.distinct:,} different)"
        for name, one in named
    ]
    charts = [
        Chart(name, partial(draw_stacks, list(one.top), {"titles": list(one.top.values())}, "titles"), f"Bars: titles by {name}, the commonest first.")
        for name, one in named
    ]
    tables = [Table(f"Commonest: {name}", (name, "titles"), list(one.top.items()), repeats=True) for name, one in named]
    return Section("places", "Languages and countries", "; ".join(takes) + ".", charts, tables)


def _lead(counted: Counted) -> str:
    return next(iter(counted.top))
