"""A crawl that went wrong is stopped before it is published, with one line that says by which figure; one that went right passes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from pydantic import ValidationError

from trending.errors import QualityError, UsageError
from trending.sources.crawl.config import LIVE_SOURCES
from trending.tables import TITLE_SCHEMA
from trending.validation.gates import Gate, GateReport, SourceRows, run_gates
from trending.validation.settings import BUILT_IN, BUILT_IN_SOURCES, GateSettings

Title = dict[str, Any]
Titles = list[Title]
Crawl = Callable[..., SourceRows]


def make_titles(count: int, source: str = "tvmaze") -> Titles:
    """Return titles as a good crawl brings them: one in twenty has no plot, one in ten no genre."""
    return [
        {
            "title_id": f"{source}:{number}",
            "title": f"Bees {number}",
            "type": "tv",
            "year": 2000 + number % 20,
            "plot": f"A keeper and {number} bees." if number % 20 else None,
            "genres": ["Drama"] if number % 10 else [],
            "source": source,
            "source_id": str(number),
            "group_id": f"g{number}",
            "rights_class": "open_cc_by_sa",
        }
        for number in range(count)
    ]


@pytest.fixture
def crawl(tmp_path: Path) -> Crawl:
    """Return what a source brought, from rows of this run, of the parent and of the new version."""

    def build(fresh: Sequence[Title], parent: Sequence[Title] = (), result: Sequence[Title] = (), **counts: Any) -> SourceRows:
        files = {}
        for name, rows in {"titles": fresh, "parent": parent, "result": result}.items():
            path = tmp_path / f"{name}.parquet"
            pq.write_table(pa.Table.from_pylist(list(rows), schema=TITLE_SCHEMA), path)
            files[name] = (path,) if rows or name == "titles" else ()
        return SourceRows(**files, **{"fetched": len(fresh), "parsed": len(fresh), "complete": True} | counts)

    return build


def judge(rows: SourceRows, source: str = "tvmaze", **gates: Any) -> GateReport:
    return run_gates(GateSettings(**gates), {source: rows})


def gate_of(report: GateReport, name: str) -> Gate:
    return next(gate for gate in report.gates if gate.name == name)


def refuse(report: GateReport) -> str:
    with pytest.raises(QualityError) as caught:
        report.check()
    line = str(caught.value)
    assert line.isprintable()
    assert len(line) < 450
    return line


def empty_half(titles: Titles) -> Titles:
    return [row | {"plot": None} if number % 2 else row for number, row in enumerate(titles)]


def test_a_good_crawl_passes_every_gate(crawl: Crawl) -> None:
    rows = crawl(make_titles(200), make_titles(190), make_titles(200), failed=2, quarantined=3)
    report = judge(rows)
    report.check()
    assert report.passed
    assert {gate.name for gate in report.gates} == set(BUILT_IN.model_dump())
    assert all(gate.judged for gate in report.gates)


def test_a_crawl_with_half_the_plots_empty_is_stopped_with_source_figure_bound_and_override(crawl: Crawl) -> None:
    line = refuse(judge(crawl(empty_half(make_titles(200)), make_titles(200))))
    assert "gate max_no_plot of tvmaze" in line
    assert "110 of 200 titles have no plot: 55.0%, at most 35% may be" in line
    assert "and 1 more: tvmaze max_plot_loss" in line
    assert "nothing was published" in line
    assert "--set gates.tvmaze.max_no_plot=0.56" in line


SPOILT: dict[str, Callable[[Titles], Titles]] = {
    "max_no_plot": empty_half,
    "max_no_year": lambda titles: [row | {"year": None} if number % 3 else row for number, row in enumerate(titles)],
    "max_no_genres": lambda titles: [row | {"genres": []} if number % 4 else row for number, row in enumerate(titles)],
    "max_shared_plots": lambda titles: [row | {"plot": "Please enable JavaScript."} if number % 3 == 1 else row for number, row in enumerate(titles)],
}


@pytest.mark.parametrize("name", SPOILT)
def test_rows_that_lack_what_they_should_have_are_stopped(crawl: Crawl, name: str) -> None:
    report = judge(crawl(SPOILT[name](make_titles(200))))
    assert [gate.name for gate in report.failed] == [name]


@pytest.mark.parametrize(("name", "counts"), [("max_failed", {"fetched": 280, "failed": 80}), ("max_quarantined", {"parsed": 280, "quarantined": 80})])
def test_records_that_fail_or_are_refused_are_stopped_at_their_share(crawl: Crawl, name: str, counts: dict[str, int]) -> None:
    report = judge(crawl(make_titles(200), **counts))
    assert [gate.name for gate in report.failed] == [name]
    assert gate_of(report, name).value == pytest.approx(80 / 280)


def test_a_source_whose_plots_vanish_is_stopped_even_within_its_own_bound(crawl: Crawl) -> None:
    fresh = [row | {"plot": None} if number % 3 == 0 else row for number, row in enumerate(make_titles(300))]
    report = judge(crawl(fresh, make_titles(300)), tvmaze={"max_no_plot": 0.5, "max_plot_loss": 0.2})
    assert [gate.name for gate in report.failed] == ["max_plot_loss"]
    assert "63% of titles have a plot, 95% in the version before" in report.failed[0].sentence


def test_a_complete_crawl_that_brings_far_less_is_stopped_but_an_incremental_one_is_not(crawl: Crawl) -> None:
    rows = crawl(make_titles(60), make_titles(200))
    assert [gate.name for gate in judge(rows).failed] == ["max_crawl_loss"]
    assert judge(replace(rows, complete=False)).passed


def test_a_version_that_loses_rows_is_stopped(crawl: Crawl) -> None:
    report = judge(crawl(make_titles(200), make_titles(200), make_titles(190)))
    assert [gate.name for gate in report.failed] == ["max_row_loss"]
    assert judge(crawl(make_titles(200), make_titles(200), make_titles(230))).passed


def test_no_titles_at_all_are_stopped_unless_only_changes_were_asked_for(crawl: Crawl) -> None:
    assert "0 titles came, at least 1 must" in refuse(judge(crawl([])))
    nothing_new = crawl([], make_titles(200), make_titles(200), complete=False)
    assert judge(nothing_new).passed


def test_three_rows_are_no_sample_whatever_is_wrong_with_them(crawl: Crawl) -> None:
    bad = [row | {"plot": None, "genres": [], "year": None} for row in make_titles(3)]
    report = judge(crawl(bad, failed=3, fetched=6))
    report.check()
    assert gate_of(report, "max_no_plot").value == 1
    assert "not judged below 50 rows" in gate_of(report, "max_no_plot").sentence


def test_the_smallest_sample_is_a_setting(crawl: Crawl) -> None:
    bad = [row | {"plot": None} for row in make_titles(3)]
    assert not judge(crawl(bad), min_sample=3).passed


def test_what_a_source_never_has_is_not_asked_of_it(crawl: Crawl) -> None:
    bare = [row | {"plot": None, "genres": [], "year": None} for row in make_titles(200, "netflix_top10")]
    assert judge(crawl(bare), "netflix_top10").passed
    assert not judge(crawl([row | {"source": "tvmaze"} for row in bare])).passed


def test_only_rows_of_the_source_are_counted(crawl: Crawl) -> None:
    bare = [row | {"plot": None} for row in make_titles(200, "netflix_top10")]
    report = judge(crawl(make_titles(100) + bare))
    assert gate_of(report, "min_rows").value == 100
    assert report.passed


def test_spellings_of_one_title_may_share_its_plot(crawl: Crawl) -> None:
    pairs = [row | {"title": f"{row['title']}!", "plot": f"Of {number}."} for number, row in enumerate(make_titles(100))]
    twins = [row | {"title": row["title"].upper(), "title_id": f"{row['title_id']}b"} for row in pairs]
    assert gate_of(judge(crawl(pairs + twins)), "max_shared_plots").value == 0


@pytest.mark.parametrize("name", ["max_no_year", "max_no_genres", "max_shared_plots", "max_crawl_loss"])
def test_the_override_a_refusal_names_lets_the_crawl_through(crawl: Crawl, name: str) -> None:
    rows = crawl(make_titles(60), make_titles(200)) if name == "max_crawl_loss" else crawl(SPOILT[name](make_titles(200)))
    found = re.search(r"--set gates\.(\w+)\.(\w+)=(\S+)", refuse(judge(rows)))
    assert found is not None
    assert found[2] == name
    assert judge(rows, **{found[1]: {found[2]: yaml.safe_load(found[3])}}).passed


def test_a_setting_of_a_source_wins_over_what_is_known_of_it_and_that_over_the_default() -> None:
    settings = GateSettings(default={"max_no_plot": 0.05, "max_failed": 0.5}, tvmaze={"max_no_year": 0.9})
    assert settings.bounds("files")["max_no_plot"] == 0.05
    assert settings.bounds("tvmaze")["max_no_plot"] == BUILT_IN_SOURCES["tvmaze"].max_no_plot
    assert settings.bounds("tvmaze")["max_no_year"] == 0.9
    assert settings.bounds("netflix_top10")["max_failed"] == 0.5
    assert GateSettings(**settings.model_dump()) == settings


@pytest.mark.parametrize("source", LIVE_SOURCES)
def test_every_source_has_every_bound_and_half_the_plots_empty_is_too_much_where_there_are_any(source: str) -> None:
    bounds = GateSettings().bounds(source)
    assert set(bounds) == set(BUILT_IN.model_dump())
    assert bounds["max_no_plot"] < 0.5 or source == "netflix_top10"


def test_a_mistyped_source_is_refused_with_the_name_that_was_meant(crawl: Crawl) -> None:
    with pytest.raises(UsageError, match="no source 'tvmase'; did you mean 'tvmaze'"):
        judge(crawl(make_titles(100)), tvmase={"max_no_plot": 0.9})


def test_a_mistyped_bound_is_refused() -> None:
    with pytest.raises(ValidationError, match="max_no_plots"):
        GateSettings(tvmaze={"max_no_plots": 0.9})
    with pytest.raises(ValidationError):
        GateSettings(tvmaze={"max_no_plot": 90})
