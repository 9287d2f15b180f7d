"""Putting a version together: what wins, what is merged, what is put aside, and that every record is accounted for."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.data.record_samples import review, signal, title
from trending.cleaning.clean import clean_titles
from trending.datasets.tables import read_table
from trending.errors import QualityError, UsageError
from trending.ingestion.account import build_account, describe_sources
from trending.ingestion.assemble import AssemblyReport, assemble_tables
from trending.ingestion.clean import CleaningAccount, Record, clean_records
from trending.ingestion.gate import gate_version
from trending.ingestion.snapshots import QUARANTINE_SOURCE, iter_all, read_all, write_snapshot
from trending.ingestion.trends import score_tables
from trending.ingestion.version import VersionParts, write_version
from trending.provenance import RunOrigin
from trending.tables import TABLES
from trending.validation.gates import GateReport
from trending.validation.settings import GateSettings
from trending.validation.tables import validate_tables

SALT = b"s" * 32
TODAY = dt.date(2026, 2, 20)


class Version:
    """A version of tables, and the account of the run that made it."""

    def __init__(self, folder: Path, records: Iterable[Record], parent: Version | None = None, *, replayed: bool = False) -> None:
        snapshots, fresh, self.folder = folder / "snapshots", folder / "fresh", folder / "tables"
        for one in (snapshots, fresh, self.folder):
            one.mkdir(parents=True)
        written = write_snapshot("here", records, snapshots, {})
        self.cleaning = clean_records(iter_all([written]), fresh, SALT)
        self.report = assemble_tables(fresh, parent.folder if parent else None, self.folder, replayed=replayed)
        self.snapshots = read_all([written])
        self.account = build_account(self.snapshots, self.cleaning, self.report)
        validate_tables({name: sorted((self.folder / name).rglob("*.parquet")) for name in TABLES if name != "trends"})

    def rows(self, name: str) -> pd.DataFrame:
        """Return a table of the version."""
        return read_table(self.folder, name).to_pandas()


def test_without_a_parent_titles_are_those_of_cleaning_in_memory(tmp_path: Path, starter_records: list[Mapping[str, Any]]) -> None:
    version = Version(tmp_path, (("title", record) for record in starter_records))
    wanted = clean_titles(starter_records).titles.sort_values("title_id").reset_index(drop=True)
    found = version.rows("titles")
    pd.testing.assert_frame_equal(
        found.drop(columns="genres").astype({"year": float, "votes": float}), wanted.drop(columns="genres").astype({"year": float, "votes": float})
    )
    assert found["genres"].map(list).tolist() == wanted["genres"].tolist()


def test_of_repeated_titles_the_first_wins_and_a_later_one_fills_what_it_lacks(tmp_path: Path) -> None:
    version = Version(tmp_path, [title(1, year=None, language="en"), title(1, year=1999, language="fr", title="Other")])
    (row,) = version.rows("titles").to_dict("records")
    assert (row["title"], row["year"], row["language"]) == ("Title 1", 1999, "en")
    assert version.account.total.merged == 1


def test_a_row_of_other_rights_fills_nothing(tmp_path: Path) -> None:
    """Its text would be laundered."""
    version = Version(tmp_path, [title(1, plot=None), title(1, rights_class="tmdb_restricted", plot="A plot that must not be shown as open.")])
    (row,) = version.rows("titles").to_dict("records")
    assert row["plot"] is None
    assert row["rights_class"] == "open_here"


def test_what_a_run_brings_replaces_what_was_there_and_the_rest_stays(tmp_path: Path) -> None:
    first = Version(tmp_path / "1", [title(1), title(2, year=1990)])
    second = Version(tmp_path / "2", [title(2, year=1991), title(3)], first)
    rows = second.rows("titles").set_index("source_id")
    assert list(rows.index) == ["1", "2", "3"]
    assert rows.loc["2", "year"] == 1991
    assert second.account.total.kept == 2


def test_a_plot_under_three_titles_is_nobodys_wherever_the_titles_came_from(tmp_path: Path) -> None:
    shared = "A complete list of all the shorts that were ever made by the studio."
    first = Version(tmp_path / "1", [title(1, plot=shared), title(2, plot=shared)])
    assert first.rows("titles")["plot"].notna().all()
    second = Version(tmp_path / "2", [title(3, plot=shared), title(4)], first)
    assert second.rows("titles").set_index("source_id")["plot"].notna().to_dict() == {"1": False, "2": False, "3": False, "4": True}


def test_a_figure_given_again_replaces_the_one_before(tmp_path: Path) -> None:
    first = Version(tmp_path / "1", [title(1), signal(1, 10), signal(1, 11)])
    assert first.rows("signals")["value"].tolist() == [11]
    assert first.account.kinds["signal"].merged == 1
    second = Version(tmp_path / "2", [signal(1, 12), signal(1, 5, start="2026-01-12")], first)
    assert second.rows("signals")["value"].tolist() == [12, 5]


def test_signals_and_reviews_of_unknown_titles_are_put_aside_until_the_title_comes(tmp_path: Path) -> None:
    first = Version(tmp_path / "1", [title(1), signal(2, 10), review(2, "A fine film of its kind.")])
    assert sorted(first.rows("quarantine")["reason"]) == ["title_unknown", "title_unknown"]
    assert first.account.total.quarantined == 2
    second = Version(tmp_path / "2", [title(2)], first)
    again = [(row["kind"], json.loads(row["record"])) for row in second.rows("quarantine").to_dict("records")]
    third = Version(tmp_path / "3", again, second, replayed=True)
    assert len(third.rows("quarantine")) == 0
    assert third.rows("signals").query("kind == 'views'")["value"].tolist() == [10]
    assert third.rows("reviews")["rating"].tolist() == [8]
    assert third.account.total.kept == 2


def test_replaying_what_is_still_wrong_changes_nothing(tmp_path: Path) -> None:
    records = [title(1), title(2, type="podcast"), signal(9, 10), signal(1, -3), review(9, "A fine film of its kind.")]
    first = Version(tmp_path / "1", records)
    again = [(row["kind"], json.loads(row["record"])) for row in first.rows("quarantine").to_dict("records")]
    second = Version(tmp_path / "2", again, first, replayed=True)
    pd.testing.assert_frame_equal(second.rows("quarantine"), first.rows("quarantine"))


def test_a_title_that_comes_again_and_is_kept_leaves_the_quarantine(tmp_path: Path) -> None:
    first = Version(tmp_path / "1", [title(1, type="podcast"), title(2, type="podcast"), title(3)])
    second = Version(tmp_path / "2", [title(1)], first)
    assert len(second.rows("quarantine")) == 1


def test_a_reviewers_name_is_nowhere_in_a_version(tmp_path: Path) -> None:
    name = "Zebulon Quartermaine"
    version = Version(
        tmp_path, [title(1), review(1, f"A fine film. {name} out.", author=name), review(1, "", author=name), review(7, "Nothing to link to.", author=name)]
    )
    for table in ("reviews", "quarantine"):
        assert "zebulon" not in version.rows(table).to_json().lower()


def test_copies_of_a_review_are_merged_across_versions(tmp_path: Path) -> None:
    text = "A very fine film with a slow middle and a great end, which I saw twice."
    first = Version(tmp_path / "1", [title(1), review(1, text)])
    second = Version(tmp_path / "2", [review(1, text, source_review_id="other")], first)
    assert len(second.rows("reviews")) == 1
    assert second.account.kinds["review"].kept + second.account.kinds["review"].merged == 1


def test_a_run_that_leaves_no_title_at_all_says_so(tmp_path: Path) -> None:
    with pytest.raises(QualityError, match="not one title was kept"):
        Version(tmp_path, [title(1, type="podcast")])


def test_an_account_that_loses_a_record_is_refused(tmp_path: Path) -> None:
    written = write_snapshot("here", [title(1), title(2)], tmp_path, {})
    with pytest.raises(QualityError, match="2 parsed, but 1 kept"):
        build_account(read_all([written]), CleaningAccount(), AssemblyReport(kept={"here/title": 1}))


def test_works_are_ranked_by_signals_of_the_market_that_are_over(tmp_path: Path) -> None:
    weeks = [f"2026-01-{day:02}" for day in (5, 12, 19)]
    records = [title(number) for number in (1, 2, 3)]
    records += [signal(1, 100, start=week) for week in weeks] + [signal(2, 1_000, start=week) for week in weeks]
    records += [signal(3, 10_000, start=week, market="FR") for week in weeks] + [signal(1, 10**9, start="2026-01-26")]
    version = Version(tmp_path, records)
    trends = score_tables(version.folder, "global", dt.date(2026, 1, 26), TODAY)
    assert trends["title"].tolist() == ["Title 2", "Title 1"]
    assert trends["rank"].tolist() == [1, 2]
    for row in trends.to_dict("records"):
        assert row["score"] == pytest.approx(sum(part["value"] for part in row["parts"]))
    assert score_tables(version.folder, "FR", None, TODAY)["title"].tolist() == ["Title 3"]
    assert score_tables(version.folder, "XX", None, TODAY).empty


def test_the_order_of_records_doesnt_change_a_version(tmp_path: Path) -> None:
    records = [title(number, year=1990 + number % 3) for number in range(30)] + [signal(number, number + 1) for number in range(30)]
    first, second = Version(tmp_path / "1", records), Version(tmp_path / "2", reversed(records))
    for name in ("titles", "signals", "matches", "identifiers"):
        files = [sorted((one.folder / name).rglob("*.parquet")) for one in (first, second)]
        assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]


def test_cards_say_what_the_version_holds_and_balance(tmp_path: Path) -> None:
    records = [title(number, year=1990 + number) for number in range(5)] + [
        title(9, type="podcast"),
        review(1, "A fine film of its kind, and long.", author="Ann Other"),
    ]
    version = Version(tmp_path / "1", records)
    (tmp_path / "out").mkdir()
    written = write_version(
        version.folder,
        tmp_path / "out",
        VersionParts(
            trends=score_tables(version.folder, "global", None, TODAY),
            snapshots=version.snapshots,
            account=version.account,
            cleaning=version.cleaning,
            assembly=version.report,
            parent=None,
            run=RunOrigin(),
        ),
    )
    assert "| title | 6 | 6 | 0 | 5 | 0 | 1 |" in written.card
    assert "| type_unknown | 1 |" in written.card
    card = (written.folder / "cards" / "sources" / "here.md").read_text(encoding="utf-8")
    assert "Licence: CC0" in card
    assert "`open_here`, which may be learnt from" in card
    assert "1 of its records are in quarantine" in card
    assert "keyed hashes" in card
    assert "<svg" in written.eda
    assert written.manifest.account.total.fetched == len(records)


def test_two_sources_may_say_the_same_of_one_title(tmp_path: Path) -> None:
    other = {"source": "there", "title_source_id": None, "title_id": "here:1"}
    version = Version(tmp_path, [title(1), signal(1, 10), signal(1, 20, **other)])
    assert sorted(version.rows("signals")["value"]) == [10, 20]


def test_a_work_that_is_a_film_here_and_a_show_there_is_ranked_once(tmp_path: Path) -> None:
    """And its signals are put together."""
    there = {"source": "there", "rights_class": "open_there"}
    records = [title(1, imdb_id="tt0000001"), title(1, imdb_id="tt0000001", type="tv", plot=None, **there), title(2)]
    version = Version(tmp_path, [*records, signal(1, 10), signal(1, 30, **there), signal(2, 10)])
    assert version.rows("matches")["work_id"].nunique() == 2
    trends = score_tables(version.folder, "global", None, TODAY)
    assert len(trends) == 2
    assert set(trends["type"]) == {"movie"}


def test_identifiers_are_those_of_the_rows_that_were_kept(tmp_path: Path) -> None:
    own = {"title_id": "x1", "title": "One", "year": 1999}
    records = [title(1, imdb_id="tt0000001", **own), title(1, imdb_id="tt0000001", ids={"wikidata": "Q1"}, **own, source="there")]
    version = Version(tmp_path, records)
    assert version.rows("identifiers")[["title_id", "scheme", "value", "source"]].to_numpy().tolist() == [["x1", "imdb", "tt0000001", "here"]]
    assert version.account.total.merged == 1


def test_a_source_all_of_whose_records_are_refused_is_still_described(tmp_path: Path) -> None:
    version = Version(tmp_path, [title(1), title(1, source="there", type="podcast"), title(2, source=" here", type="podcast")])
    assert sorted(version.rows("quarantine")["source"]) == ["here", "there"]
    states = describe_sources(version.folder, version.snapshots, None)
    assert states["there"].rights_class == "unclear"


def test_what_is_said_of_a_source_holds_for_its_strictest_row(tmp_path: Path) -> None:
    version = Version(tmp_path, [title(1), title(2), title(3, rights_class="tmdb_restricted")])
    assert describe_sources(version.folder, version.snapshots, None)["here"].rights_class == "tmdb_restricted"


@pytest.mark.parametrize("source", ["../../evil", "a/b", "x" * 400, "\u00e9" * 120, ".", "a\nb/../c"])
def test_a_source_that_can_name_no_folder_is_refused(tmp_path: Path, source: str) -> None:
    version = Version(tmp_path, [title(1), title(2, source=source)])
    (row,) = version.rows("quarantine").to_dict("records")
    assert (row["reason"], row["source"]) == ("source_unusable", "file")
    assert version.account.total.quarantined == 1


def test_what_came_meanwhile_goes_before_what_is_replayed(tmp_path: Path) -> None:
    first = Version(tmp_path / "1", [title(1), signal(2, 10), title(3, type="podcast", plot="The plot as it was told at first.")])
    second = Version(tmp_path / "2", [title(2), signal(2, 12), title(4)], first)
    again = [(row["kind"], json.loads(row["record"])) for row in second.rows("quarantine").to_dict("records")]
    again = [(kind, {**record, "type": "movie"}) if kind == "title" else (kind, record) for kind, record in again]
    third = Version(tmp_path / "3", again, second, replayed=True)
    assert third.rows("signals")["value"].tolist() == [12]
    assert sorted(third.rows("titles")["source_id"]) == ["1", "2", "3", "4"]
    assert len(third.rows("quarantine")) == 0
    assert (third.account.total.kept, third.account.total.merged) == (1, 1)


def test_a_review_that_moves_to_another_week_counts_once(tmp_path: Path) -> None:
    text = "A very fine film with a slow middle and a great end."
    first = Version(tmp_path / "1", [title(1), review(1, text, review_date="2026-01-06")])
    second = Version(tmp_path / "2", [review(1, text, review_date="2026-01-20")], first)
    (row,) = score_tables(second.folder, "global", None, TODAY).to_dict("records")
    assert row["as_of"] == dt.date(2026, 1, 26)
    assert len(second.rows("signals")) == 0


def test_numbers_and_letters_beyond_the_common_are_kept(tmp_path: Path) -> None:
    version = Version(tmp_path, [title(1, votes=10**30, language="a\ud800b"), title(2)])
    assert len(version.rows("titles")) == 2
    assert version.rows("titles")["votes"].isna().all()


def test_ids_are_read_the_same_in_titles_and_signals(tmp_path: Path) -> None:
    version = Version(tmp_path, [title("Ame\u0301lie  1"), signal("Ame\u0301lie  1", 10)])
    assert len(version.rows("signals")) == 1


def gate(version: Version, parent: Version | None = None, **settings: Any) -> GateReport:
    found, before = version.snapshots, parent.folder if parent else None
    return gate_version(
        version.folder.with_name("fresh"), version.folder, before, found, version.cleaning.as_dict(), version.report.as_dict(), GateSettings(**settings)
    )[1]


def test_records_put_aside_for_want_of_a_title_count_as_refused(tmp_path: Path) -> None:
    version = Version(tmp_path, [title(number, year=1999, genres=["Drama"]) for number in range(60)] + [signal(number, 1) for number in range(100, 400)])
    assert [one.name for one in gate(version).failed] == ["max_quarantined"]


def test_a_bound_may_be_set_for_any_source_of_the_version_before(tmp_path: Path) -> None:
    first = Version(tmp_path / "1", [title(1, source="my films and more")])
    second = Version(tmp_path / "2", [title(2)], first)
    assert gate(second, first, **{"my films and more": {"max_no_plot": 0.1}}).passed
    with pytest.raises(UsageError, match="no source 'nobody'"):
        gate(second, first, nobody={"max_no_plot": 0.1})


def test_a_live_source_that_brings_nothing_is_judged_too(tmp_path: Path) -> None:
    version = Version(tmp_path, [title(number, year=1999, genres=["Drama"]) for number in range(60)])
    version.snapshots.append(version.snapshots[0].model_copy(update={"source": "tvmaze", "counts": {}, "since": None}))
    assert [(one.source, one.name) for one in gate(version).failed] == [("tvmaze", "min_rows")]


def test_a_replay_is_no_crawl_and_isnt_judged_as_one(tmp_path: Path) -> None:
    version = Version(tmp_path, [title(1)] + [title(number, type="podcast") for number in range(100)])
    assert not gate(version).passed
    version.snapshots[:] = [version.snapshots[0].model_copy(update={"source": QUARANTINE_SOURCE})]
    assert gate(version).passed
