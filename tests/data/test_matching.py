"""Matching as a whole, on real files: identifiers first, then title, year, type and plot; in any order of rows; and every title in one work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trending.errors import InputError, UsageError
from trending.matching import MatchSettings, match_titles
from trending.tables import IDENTIFIER_SCHEMA, MATCH_SCHEMA, TITLE_SCHEMA

STEADY = settings(deadline=None, derandomize=True, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
MAGIC = "Two rival magicians in London each try to learn the secret of the other's best trick, whatever the price."
HARBOUR = "A retired lighthouse keeper hides a runaway sailor while storms batter the harbour and smugglers search every cottage."
Row = dict[str, Any]
Match = Callable[..., dict[str, str]]


def title(source: str, name: str, year: int | None = 2000, plot: str | None = MAGIC, **more: Any) -> Row:
    """Return a row; its id is the source's name and what `id` says, 1 by default."""
    key = more.pop("id", "1")
    base = {"title_id": f"{source}:{key}", "source": source, "source_id": key, "title": name, "year": year, "plot": plot, "type": "movie", "genres": []}
    return base | {"rights_class": "open_cc_by_sa"} | more


def write(path: Path, rows: list[Row], schema: pa.Schema) -> Path:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


@pytest.fixture
def match(tmp_path: Path) -> Match:
    """Match rows and return the work of each by title_id; `identifiers` are (title_id, scheme, value)."""

    def run(rows: list[Row], identifiers: list[tuple[str, str, str]] | None = None) -> dict[str, str]:
        titles = write(tmp_path / "titles.parquet", rows, TITLE_SCHEMA)
        named = [{"title_id": one, "scheme": scheme, "value": value, "source": one.split(":")[0]} for one, scheme, value in identifiers or []]
        ids = write(tmp_path / "identifiers.parquet", named, IDENTIFIER_SCHEMA)
        match_titles([titles], [ids], tmp_path / "matches.parquet")
        found = pq.read_table(tmp_path / "matches.parquet")
        assert found.schema.equals(MATCH_SCHEMA)
        assert found["title_id"].to_pylist() == sorted(row["title_id"] for row in rows)
        return dict(zip(found["title_id"].to_pylist(), found["work_id"].to_pylist(), strict=True))

    return run


def one_work(works: dict[str, str]) -> bool:
    return len(set(works.values())) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(("Heat", 1995, None), ("The Heat", 1995, None), False, id="an article and no plot: Wind is not The Wind"),
        pytest.param(("Dead Calm", 1989, None), ("Dead Calm", 1989, None), True, id="title and year"),
        pytest.param(("Dead Calm", 1989, MAGIC), ("Dead Calm", 1990, MAGIC), True, id="a year apart, one plot"),
        pytest.param(("Wonder", 2017, MAGIC), ("Wonder", 2017, HARBOUR), False, id="one word, plots with nothing in common"),
        pytest.param(("Wonder", 2017, None), ("Wonder", 2018, None), False, id="one word, a year apart, nothing else"),
        pytest.param(("Cape Fear", 1962, MAGIC), ("Cape Fear", 1991, MAGIC), False, id="a remake, even with the plot's words"),
        pytest.param(("Rocky II", 1979, MAGIC), ("Rocky 2", 1979, MAGIC), True, id="Roman numerals"),
        pytest.param(("Rocky", 1979, MAGIC), ("Rocky II", 1979, MAGIC), False, id="a sequel, even with one plot"),
        pytest.param(("The Office (US)", 2005, MAGIC), ("The Office (UK)", 2005, MAGIC), False, id="countries in brackets"),
        pytest.param(("The Office (US)", 2005, MAGIC), ("The Office", 2005, MAGIC), True, id="a country in brackets and none"),
        pytest.param(("Poldark (2015)", None, MAGIC), ("Poldark", 2015, MAGIC), True, id="the year in brackets"),
        pytest.param(("Interstelar", 2014, MAGIC), ("Interstellar", 2014, MAGIC), True, id="a misspelling, one plot"),
        pytest.param(("Interstelar", 2014, MAGIC), ("Interstellar", 2014, HARBOUR), False, id="a misspelling, two plots"),
        pytest.param(("Eggnoid: Love and Time", 2019, MAGIC), ("Eggnoid", 2019, MAGIC), True, id="a subtitle, one plot"),
        pytest.param(("Death Can Wait", 2020, MAGIC), ("No andaba muerto", 2020, MAGIC), True, id="a translation, one plot and year"),
        pytest.param(("Death Can Wait", None, None), ("Death Can Wait", None, None), True, id="three words are rarely two works"),
        pytest.param(("Wonder", None, None), ("Wonder", 2017, None), False, id="one word and no year"),
    ],
)
def test_evidence(match: Match, one: tuple[str, int | None, str | None], other: tuple[str, int | None, str | None], same: bool) -> None:
    assert one_work(match([title("a", *one), title("b", *other)])) is same


def test_a_film_and_a_show_are_two_works(match: Match) -> None:
    assert not one_work(match([title("a", "Fargo"), title("b", "Fargo", type="tv")]))


def test_an_identifier_joins_what_nothing_else_would(match: Match) -> None:
    rows = [title("a", "Heat", 1995, imdb_id="tt0113277"), title("b", "Hitze", 1996, HARBOUR, type="tv")]
    assert one_work(match(rows, [("b:1", "imdb", "tt0113277")]))
    assert not one_work(match(rows))


def test_different_identifiers_keep_apart_what_all_else_would_join(match: Match) -> None:
    rows = [title(source, "Dead Calm", 1989) for source in ("a", "b", "c")]
    assert one_work(match(rows))
    works = match(rows, [("a:1", "tvmaze", "1"), ("c:1", "tvmaze", "2")])
    assert works["a:1"] != works["c:1"]


def test_a_title_with_two_identifiers_of_one_scheme_joins_neither(match: Match) -> None:
    rows = [title("a", "Heat"), title("b", "Alien", plot=HARBOUR), title("c", "Ran", plot=None)]
    works = match(rows, [("a:1", "imdb", "tt0000001"), ("b:1", "imdb", "tt0000002"), ("c:1", "imdb", "tt0000001"), ("c:1", "imdb", "tt0000002")])
    assert len(set(works.values())) == 3


def test_two_rows_of_one_source_are_two_works_unless_one_repeats_the_other(match: Match) -> None:
    assert not one_work(match([title("a", "Dead Calm"), title("a", "Dead Calm", plot=HARBOUR, id="2")]))
    assert not one_work(match([title("a", "Dead Calm", plot=None), title("a", "Dead Calm", plot=None, id="2")]))
    assert one_work(match([title("a", "Dead Calm"), title("a", "Dead Calm", plot=MAGIC.upper(), id="2")]))


def test_of_two_rivals_the_one_with_the_plot_is_chosen(match: Match) -> None:
    works = match([title("a", "Cinderella", plot=HARBOUR), title("a", "Cinderella", id="2"), title("b", "Cinderella")])
    assert works["b:1"] == works["a:2"] != works["a:1"]


def test_rivals_without_a_plot_to_tell_them_apart_are_left_alone(match: Match) -> None:
    works = match([title("a", "Cinderella", plot=HARBOUR), title("a", "Cinderella", id="2"), title("b", "Cinderella", plot=None)])
    assert len(set(works.values())) == 3


def test_the_stronger_evidence_joins_first(match: Match) -> None:
    works = match([title("a", "Dead Calm", 2001), title("a", "Dead Calm", 2000, id="2"), title("b", "Dead Calm", 2000)])
    assert works["b:1"] == works["a:2"] != works["a:1"]


_ROW = st.tuples(
    st.sampled_from(["Heat", "The Heat", "Heat 2", "Dead Calm", "Dead Calm: The Return", "Death Can Wait"]),
    st.sampled_from([None, 1999, 2000, 2001]),
    st.sampled_from([None, MAGIC, HARBOUR]),
    st.sampled_from([None, "tt0000001", "tt0000002"]),
)


@STEADY
@given(st.lists(_ROW, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_order_and_unrelated_rows_change_nothing(match: Match, rows: list[tuple[Any, ...]], shuffler: Any) -> None:
    table = [title("abc"[place % 3], *row[:3], imdb_id=row[3], id=f"{place:02}") for place, row in enumerate(rows)]
    works = match(table)
    shuffled = [*table, title("b", "Zanzibar Quartet", 1950, None, id="zz"), title("a", "Quixotic Yonder", None, None, id="00a")]
    shuffler.shuffle(shuffled)
    assert {name: work for name, work in match(shuffled).items() if name in works} == works


def test_the_report_accounts_for_every_title(tmp_path: Path) -> None:
    rows = [title("a", "Dead Calm"), title("b", "Dead Calm"), title("c", "Alien", plot=None)]
    report = match_titles([write(tmp_path / "t.parquet", rows, TITLE_SCHEMA)], [], tmp_path / "m.parquet")
    assert (report.titles, report.works, report.joined) == (3, 2, 2)
    assert report.how == {"single": 1, "title+year+plot": 2}
    assert report.line() == "3 titles are 2 works; 2 titles share theirs with another"
    first = (tmp_path / "m.parquet").read_bytes()
    match_titles([write(tmp_path / "t.parquet", rows[::-1], TITLE_SCHEMA)], [], tmp_path / "m.parquet")
    assert (tmp_path / "m.parquet").read_bytes() == first


def test_what_cannot_be_matched_is_refused_in_one_line(tmp_path: Path) -> None:
    twice = write(tmp_path / "t.parquet", [title("a", "Heat"), title("a", "Heat")], TITLE_SCHEMA)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"not Parquet")
    empty = write(tmp_path / "empty.parquet", [], TITLE_SCHEMA)
    for files, words in (([], "no files"), ([twice], "'a:1' comes twice"), ([broken], "can't read"), ([empty], "no titles")):
        with pytest.raises(InputError, match=words) as caught:
            match_titles(files, [], tmp_path / "m.parquet")
        assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(UsageError, match="threshold"):
        MatchSettings(threshold=1.0)
    with pytest.raises(UsageError, match="max_block"):
        MatchSettings(max_block=1)
