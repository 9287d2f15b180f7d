"""The Netflix spider: every title once, every listed week once, seasons brought together, and nothing lost on a bad line."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.code.spider_run import Ran, make_spider, run, serve
from trending.errors import UsageError
from trending.sources.crawl.config import CrawlConfig
from trending.sources.crawl.engine import crawl
from trending.sources.crawl.snapshot import read_snapshot

GLOBAL = "week\tcategory\tweekly_rank\tshow_title\tseason_title\tweekly_hours_viewed\truntime\tweekly_views\tcumulative_weeks_in_top_10\n"
COUNTRIES = "country_name\tcountry_iso2\tweek\tcategory\tweekly_rank\tshow_title\tseason_title\tcumulative_weeks_in_top_10\n"
WEEK = "2026-07-19"


def read(world: str, countries: str = "", **config: Any) -> Ran:
    tables = {"global": GLOBAL + world, "countries": COUNTRIES + countries}
    return run(make_spider("netflix_top10", **config), lambda url: (200, tables[url.rsplit("-", 1)[-1].removesuffix(".tsv")].encode()))


def signals(ran: Ran) -> dict[tuple[str, str, str], float]:
    return {(one["title_source_id"], one["kind"], one["market"]): one["value"] for one in ran.of("signal")}


def test_the_real_tables_come_out_whole(shared_data: Path) -> None:
    """Titles are given once, every figure once, hours add up to the table's, and every period is a week that begins on a Monday."""
    frames = {name: pd.read_parquet(shared_data / "trend" / f"netflix_top10_{name}_weekly.parquet") for name in ("global", "countries")}
    tables = {name: frame.to_csv(sep="\t", index=False).encode() for name, frame in frames.items()}
    ran = run(make_spider("netflix_top10"), lambda url: (200, tables["global" if "global" in url else "countries"]))
    assert not ran.failures
    ids = [title["source_id"] for title in ran.of("title")]
    assert len(ids) == len(set(ids))
    keys = Counter((one["title_source_id"], one["kind"], one["market"], one["period_start"]) for one in ran.of("signal"))
    assert max(keys.values()) == 1
    assert {title for title, *_ in keys} == set(ids)
    assert sum(one["value"] for one in ran.of("signal") if one["kind"] == "hours") == frames["global"]["weekly_hours_viewed"].sum()
    assert all(dt.date.fromisoformat(one["period_start"]).weekday() == 0 for one in ran.of("signal"))
    assert {one["market"] for one in ran.of("signal")} == {"global", *frames["countries"]["country_iso2"]}
    assert ran.spider.watermark == min(frame["week"].max() for frame in frames.values())


def test_seasons_of_a_show_are_one_title_with_its_best_rank_and_the_sum_of_its_hours() -> None:
    rows = (
        f"{WEEK}\tTV (English)\t4\tHigh Moor\tHigh Moor: Season 1\t100\t5.0\t20\t3\n{WEEK}\tTV (English)\t2\tHigh Moor\tHigh Moor: Season 2\t300\t6.0\t50\t1\n"
    )
    ran = read(rows)
    assert [title["title"] for title in ran.of("title")] == ["High Moor"]
    assert ran.of("title")[0]["type"] == "tv"
    assert signals(ran) == {("tv-high-moor", kind, "global"): value for kind, value in (("rank", 2), ("hours", 400), ("views", 70))}
    assert {one["period_start"] for one in ran.of("signal")} == {"2026-07-13"}


def test_a_film_and_a_show_of_one_name_are_two_titles() -> None:
    ran = read(f"{WEEK}\tTV (English)\t1\tThe Barn\tN/A\t1\t\t\t1\n{WEEK}\tFilms (English)\t1\tThe Barn\tN/A\t1\t\t\t1\n")
    assert {title["source_id"] for title in ran.of("title")} == {"tv-barn", "movie-barn"}
    assert {one["kind"] for one in ran.of("signal")} == {"rank", "hours"}  # views weren't published then


def test_only_weeks_after_the_watermark_are_given() -> None:
    world = "".join(f"2026-07-{day}\tFilms (English)\t1\tFilm of {day}\tN/A\t9\t1.0\t9\t1\n" for day in ("19", "12", "05"))
    country = "".join(f"Peru\tPE\t2026-07-{day}\tFilms\t1\tLocal of {day}\tN/A\t1\n" for day in ("12", "05"))
    ran = read(world, country, since="2026-07-05")
    assert {title["title"] for title in ran.of("title")} == {"Film of 19", "Film of 12", "Local of 12"}
    # The countries' last week is older: were it passed over, its next weeks would be lost.
    assert ran.spider.watermark == "2026-07-12"


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (f"{WEEK}\tPodcasts\t1\tA Cast\tN/A\t1\t\t\t1", "title"),
        (f"{WEEK}\tFilms (English)\t1\t\tN/A\t1\t\t\t1", "title"),
        (f"{WEEK}\tFilms", "title"),
        (f"{WEEK}\tFilms (English)\tfirst\tThe Barn\tN/A\t1\t\t\t1", "signal"),
        (f"{WEEK}\tFilms (English)\t0\tThe Barn\tN/A\t1\t\t\t1", "signal"),
        (f"{WEEK}\tFilms (English)\t1\tThe Barn\tN/A\t-5\t\t\t1", "signal"),
        ("2026-13-40\tFilms (English)\t1\tThe Barn\tN/A\t\t\t\t1", "signal"),
    ],
)
def test_a_bad_line_fails_alone(row: str, kind: str) -> None:
    good = f"{WEEK}\tFilms (English)\t2\tGood One\tN/A\t7\t1.0\t7\t1\n"
    ran = read(f"{good}{row}\n")
    assert [failure["kind"] for failure in ran.failures] == [kind]
    assert signals(ran)["movie-good-one", "rank", "global"] == 2


def test_a_page_instead_of_a_table_is_one_failed_answer_and_moves_no_watermark() -> None:
    ran = run(
        make_spider("netflix_top10"),
        lambda url: (200, b"<html>blocked</html>" if "countries" in url else (GLOBAL + WEEK + "\tTV\t1\tA\t\t1\t\t\t1\n").encode()),
    )
    assert [failure["kind"] for failure in ran.failures] == ["response"]
    assert ran.of("title")
    assert ran.spider.watermark is None


def test_countries_and_limit_narrow_what_is_given() -> None:
    world = "".join(f"{WEEK}\tFilms (English)\t{rank}\tFilm {rank}\tN/A\t9\t1.0\t9\t1\n" for rank in range(1, 11))
    country = f"Peru\tPE\t{WEEK}\tFilms\t1\tFilm 1\tN/A\t1\nChile\tCL\t{WEEK}\tFilms\t1\tFilm 1\tN/A\t1\n"
    assert {one["market"] for one in read(world, country, options={"countries": ["pe"]}).of("signal")} == {"global", "PE"}
    none = read(world, country, options={"countries": []})
    assert len(none.asked) == 1
    assert none.spider.watermark == WEEK
    assert len(read(world, country, limit=3).of("title")) == 3


@pytest.mark.parametrize("config", [{"options": {"countries": "US"}}, {"options": {"countries": ["USA"]}}, {"since": "last week"}])
def test_what_cannot_be_read_is_refused_before_anything_is_asked(config: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        list(make_spider("netflix_top10", **config).first_requests())


def test_over_http_a_crawl_ends_in_a_snapshot(tmp_path: Path) -> None:
    """The whole machinery around the spider, on loopback."""
    world = GLOBAL + f"{WEEK}\tFilms (English)\t1\tThe Barn\tN/A\t9\t1.0\t9\t1\n"
    with serve(lambda path: (200, (world if "global" in path else COUNTRIES).encode())) as (root, _):
        snapshot = read_snapshot(crawl(CrawlConfig(source="netflix_top10", base_url=root, delay=0, options={"countries": []}), tmp_path))
    assert snapshot.counts["title"].parsed == 1
    assert snapshot.watermark == WEEK
