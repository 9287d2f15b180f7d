"""The facts of the report are those of the tables, counted here a second time with pandas or by hand."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.data.eda_samples import DAY, make_version, title, write_tables, write_titles
from trending.cleaning.clean import CleaningResult
from trending.cleaning.text import plot_key
from trending.errors import InputError, UsageError
from trending.features.masking import names_a_genre
from trending.genres import GENRES
from trending.reports.eda import EdaFacts, describe_tables, describe_titles  # the module, to patch its constant
from trending.reports.eda.facts import Counted, Leak, Refused, SharedPlots, Spread, TitleFacts


@pytest.fixture(scope="module")
def starter_facts(starter: CleaningResult, tmp_path_factory: pytest.TempPathFactory) -> TitleFacts:
    """The facts of the starter catalogue."""
    return describe_tables(write_titles(tmp_path_factory.mktemp("starter"), starter.titles)).titles


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> EdaFacts:
    """The facts of a version with something in every table."""
    return describe_tables(write_tables(tmp_path_factory.mktemp("small"), make_version()))


def test_titles_types_years_and_gaps_of_the_starter_are_those_pandas_counts(starter_facts: TitleFacts, starter: CleaningResult) -> None:
    titles = starter.titles
    assert (starter_facts.rows, starter_facts.groups) == (len(titles), titles["group_id"].nunique())
    assert starter_facts.types.model_dump() == titles["type"].value_counts().to_dict()
    (source,) = starter_facts.sources
    assert (source.rows, source.rights_class, source.first_year, source.last_year) == (len(titles), "open_project", titles["year"].min(), titles["year"].max())
    decades = titles.groupby([titles["year"] // 10 * 10, "type"]).size().unstack(fill_value=0).to_dict("index")
    assert {decade: counts.model_dump() for decade, counts in starter_facts.decades.items()} == decades
    gaps = titles.drop(columns=["source", "genres"]).isna().sum().to_dict() | {"genres": int((titles["genres"].map(len) == 0).sum())}
    assert starter_facts.missing == {"starter": gaps}


def test_genres_of_the_starter_alone_together_and_per_title_are_those_pandas_counts(starter_facts: TitleFacts, starter: CleaningResult) -> None:
    titles = starter.titles
    exploded = titles.explode("genres").groupby(["genres", "type"]).size()
    wanted = {genre: {kind: int(exploded.get((genre, kind), 0)) for kind in ("movie", "tv")} for genre in GENRES}
    assert {genre: counts.model_dump() for genre, counts in starter_facts.genres.items()} == wanted
    pairs = [[sum(one in row and other in row for row in titles["genres"]) for other in GENRES] for one in GENRES]
    assert starter_facts.genre_pairs == pairs
    assert starter_facts.genres_per_title == titles["genres"].map(len).value_counts().to_dict()


def test_plots_of_the_starter_are_measured_and_read_as_in_python(starter_facts: TitleFacts, starter: CleaningResult) -> None:
    titles = starter.titles
    lengths = titles["plot"].dropna().str.len()
    spread = starter_facts.plot_chars["starter"]
    quantiles = np.quantile(lengths, [0, 0.25, 0.5, 0.75, 1])
    assert [spread.low, spread.lower, spread.median, spread.upper, spread.high] == pytest.approx(quantiles)
    assert (spread.n, spread.mean) == (len(lengths), pytest.approx(lengths.mean()))
    histogram = starter_facts.plot_histogram
    bins = np.minimum(lengths // histogram.width, len(histogram.counts) - 1).astype(int)
    assert histogram.counts == np.bincount(bins, minlength=len(histogram.counts)).tolist()
    naming = int(titles["plot"].dropna().map(names_a_genre).sum())
    assert starter_facts.leaks == [Leak(source="starter", plots=len(lengths), read=len(lengths), naming=naming)]
    shared = titles.dropna(subset="plot").groupby(titles["plot"].map(plot_key))["title"].nunique()
    assert starter_facts.shared_plots.texts == int((shared > 1).sum())


def test_languages_and_countries_of_the_starter_are_those_pandas_counts(starter_facts: TitleFacts, starter: CleaningResult) -> None:
    languages = starter.titles["language"].value_counts()
    assert (starter_facts.languages.known, starter_facts.languages.distinct) == (languages.sum(), len(languages))
    assert list(starter_facts.languages.top.values()) == languages.head(15).tolist()
    countries = starter.titles["country"].dropna().str.split(r"\s*,\s*", regex=True).explode().value_counts()
    assert (starter_facts.countries.known, starter_facts.countries.distinct) == (countries.sum(), len(countries))
    assert all(countries[name] == rows for name, rows in starter_facts.countries.top.items())


def test_titles_of_a_small_version_counted_by_hand(small: EdaFacts) -> None:
    titles = small.titles
    assert [(one.source, one.rights_class, one.rows, one.types.movie, one.first_year) for one in titles.sources] == [
        ("here", "open_cc0", 2, 2, 1999),
        ("here", "unclear", 1, 0, None),
        ("there", "open_cc0", 1, 1, 1999),
    ]
    assert titles.missing["here"]["year"] == 1
    assert titles.missing["here"]["genres"] == 1
    assert titles.missing["there"]["plot"] == 1
    assert titles.shared_plots == SharedPlots(texts=1, rows=2, most=2)
    assert titles.ratings == {"here": Spread(n=2, mean=8, low=7.5, lower=7.75, median=8, upper=8.25, high=8.5)}
    assert (titles.votes["here"].median, titles.rating_histogram.counts[15], titles.rating_histogram.counts[17]) == (20, 1, 1)
    assert titles.countries == Counted(known=3, distinct=2, top={"US": 2, "FR": 1})
    assert small.identifiers == {"imdb": 2}


def test_overlap_of_a_small_version_counted_by_hand(small: EdaFacts) -> None:
    overlap = small.overlap
    assert (overlap.works, overlap.in_several, overlap.sources) == (3, 1, ["here", "there"])
    assert overlap.shared == [[3, 1], [1, 1]]
    assert overlap.evidence == {"id:imdb": 2, "single": 2}


def test_reviews_and_signals_of_a_small_version_counted_by_hand(small: EdaFacts) -> None:
    reviews, signals = small.reviews, small.signals
    assert (reviews.rows, reviews.titles, reviews.authors) == (3, 2, 2)
    (source,) = reviews.sources
    assert (source.first, source.last, source.spoilers, source.spoiler_unknown) == (DAY, dt.date(2026, 1, 14), 1, 1)
    assert (reviews.rating_histogram.counts[8], reviews.rating_histogram.counts[2], sum(reviews.rating_histogram.counts)) == (1, 1, 2)
    assert reviews.char_histogram.counts[:2] == [1, 2]
    assert reviews.per_title is not None
    assert (reviews.per_title.median, reviews.per_title.high) == (1.5, 2)
    assert [(one.kind, one.rows, one.markets, one.first, one.last, one.median) for one in signals.series] == [
        ("rank", 1, 1, DAY, dt.date(2026, 1, 11), 2),
        ("views", 2, 1, DAY, dt.date(2026, 1, 18), 6),
    ]
    assert signals.markets.top == {"global": 2, "FR": 1}


def test_trends_are_the_first_ten_of_a_type_with_the_parts_that_count(small: EdaFacts) -> None:
    assert (small.trends.rows, small.trends.as_of) == (12, DAY)
    assert [one.rank for one in small.trends.top] == list(range(1, 11))
    assert small.trends.top[0].sentences == ["3 times the typical title's views"]
    assert small.quarantine == [Refused(source="here", kind="title", reason="title_missing", rows=3)]


def test_the_last_bin_of_a_histogram_holds_all_beyond_it(tmp_path: Path) -> None:
    rows = [title(n, plot="x" * length) for n, length in enumerate((1, 49, 50, 1_199, 1_200, 9_000))]
    counts = describe_tables(write_tables(tmp_path, {"titles": rows})).titles.plot_histogram.counts
    assert (counts[0], counts[1], counts[23], counts[24], len(counts)) == (2, 1, 1, 2, 25)


def test_facts_survive_json(small: EdaFacts) -> None:
    assert EdaFacts.model_validate_json(small.model_dump_json()) == small


@pytest.mark.parametrize("tables", [{}, {"titles": []}])
def test_without_files_every_count_is_nought(tables: dict[str, list[Path]]) -> None:
    facts = describe_tables(tables)
    assert (facts.titles.rows, facts.reviews.rows, facts.signals.rows, facts.overlap.works, facts.quarantine) == (0, 0, 0, 0, [])


def test_several_files_and_one_that_lacks_a_column_count_as_one_table(tmp_path: Path) -> None:
    """Versions made before a column was added stay readable."""
    old, new = tmp_path / "titles" / "source=a", tmp_path / "titles" / "source=b"
    for folder in (old, new):
        folder.mkdir(parents=True)
    files = [*write_tables(old, {"titles": [title(1, "a")]})["titles"], *write_tables(new, {"titles": [title(2, "b", url="https://example.org/2")]})["titles"]]
    pq.write_table(pq.read_table(files[0], partitioning=None).drop_columns(["url"]), files[0])
    missing = describe_tables({"titles": files}).titles.missing
    assert {source: columns["url"] for source, columns in missing.items()} == {"a": 1, "b": 0}


def test_a_sample_of_each_source_is_read_for_genre_words_and_is_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [title(n, source, plot="A comedy of errors." if n % 3 else "Bees.") for source, n in itertools.product(("a", "b"), range(60))]
    files = write_tables(tmp_path, {"titles": rows})
    monkeypatch.setattr(describe_titles, "LEAK_SAMPLE", 40)
    leaks = describe_tables(files).titles.leaks
    assert [(one.source, one.plots, one.read) for one in leaks] == [("a", 60, 40), ("b", 60, 40)]
    assert all(20 <= one.naming <= 33 for one in leaks)
    turned = tmp_path / "turned"
    turned.mkdir()
    assert describe_tables(write_tables(turned, {"titles": rows[::-1]})).titles.leaks == leaks


def test_what_is_no_table_or_no_parquet_is_refused_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no table 'films'"):
        describe_tables({"films": []})
    broken = tmp_path / "titles.parquet"
    broken.write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match="can't be read"):
        describe_tables({"titles": [broken]})


def test_the_facts_of_a_table_do_not_hang_on_the_order_of_its_rows(starter: CleaningResult, starter_facts: TitleFacts, tmp_path: Path) -> None:
    shuffled: pd.DataFrame = starter.titles.sample(frac=1, random_state=3)
    assert describe_tables(write_titles(tmp_path, shuffled)).titles == starter_facts
