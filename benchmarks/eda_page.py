"""What the real data look like: `python -m benchmarks.eda_page FOLDER` writes docs/eda.md and its charts.

FOLDER holds the shared development data (its README is the data card): `titles.parquet`, `reviews.parquet` and `trend/`. They are brought
into the tables of a data version in a temporary folder and described there; only figures are written, never a row of theirs.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.trends_backtest import load_lists, to_signals
from trending.cleaning.clean import clean_titles
from trending.reports.eda import EdaFacts, describe_tables, render_eda, render_eda_markdown
from trending.reports.eda.render import draw_charts
from trending.sources.base import SourceConfig
from trending.sources.files import FileSource
from trending.tables import TABLES

DOCS = Path(__file__).resolve().parents[1] / "docs"
HEAD = """# What the real data look like

The figures below are of the shared development data, which is not part of this repository: titles of Wikipedia and TVmaze (CC BY-SA 4.0), titles of
the Netflix, Prime Video, Disney+ and Hulu catalogues (rights unclear: the blurbs are the services' own), user reviews of IMDb and TMDB (theirs and their
authors'; used for tests only), Netflix's Top 10 lists ((c) Netflix) and Wikimedia's page views (CC0). Only figures are shown, no row of it. Titles went
through this project's cleaning, so what is missing is what remains missing after it. Works are the data's own title groups (the same
normalised title, IMDb id or plot), which are coarser than matching. Reviews are as the data has them: without a language or a spoiler flag. Nothing was
scored for trends.

Made by `python -m benchmarks.eda_page FOLDER` (FOLDER: the shared data). The same report of any data version is an artifact of its ingestion run;
[the notebook](notebooks/eda.ipynb) makes it by hand.
"""


def main() -> None:
    """Parse arguments, describe the data, write the page and its charts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.eda_page", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the shared development data")
    parser.add_argument("--docs", type=Path, default=DOCS, metavar="FOLDER", help="where eda.md and images/ are written")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write the report as an HTML page")
    arguments = parser.parse_args()
    facts = describe_folder(arguments.folder)
    write_docs(facts, arguments.docs)
    if arguments.html:
        arguments.html.write_text(render_eda(facts, "shared development data"), encoding="utf-8")


def write_docs(facts: EdaFacts, docs: Path) -> None:
    """Write `eda.md` and `images/eda-*.svg` into `docs`, in place of those there."""
    (docs / "images").mkdir(parents=True, exist_ok=True)
    for old in (docs / "images").glob("eda-*.svg"):
        old.unlink()
    for name, svg in draw_charts(facts).items():
        (docs / "images" / f"eda-{name}.svg").write_text(svg, encoding="utf-8")
    (docs / "eda.md").write_text(f"{HEAD}\n{render_eda_markdown(facts)}", encoding="utf-8")


def describe_folder(folder: Path) -> EdaFacts:
    """Return the facts of the shared data."""
    with tempfile.TemporaryDirectory() as scratch:
        files = {}
        for name, frame in build_tables(folder):
            files[name] = [Path(scratch) / f"{name}.parquet"]
            pq.write_table(to_table(name, frame), files[name][0])
        return describe_tables(files)


def to_table(name: str, frame: pd.DataFrame) -> pa.Table:
    """Return a frame as the table `name` of a data version; columns it lacks are null."""
    schema = TABLES[name]
    return pa.Table.from_pandas(frame.reindex(columns=schema.names), schema=schema, preserve_index=False)


def build_tables(folder: Path) -> Iterable[tuple[str, pd.DataFrame]]:
    """Yield name and content of each table that can be made of the shared data."""
    cleaned = clean_titles(FileSource(SourceConfig(source="files", path=str(folder / "titles.parquet"))).records())
    titles = cleaned.titles
    yield "titles", titles
    yield "quarantine", cleaned.quarantine.assign(kind="title", quarantine_id=cleaned.quarantine["row"].astype(str))
    raw = pd.read_parquet(folder / "titles.parquet", columns=["title_id", "group_id"])
    kept = raw[raw["title_id"].isin(titles["title_id"])]
    yield "matches", pd.DataFrame({"title_id": kept["title_id"], "work_id": kept["group_id"], "how": "the data's own group"})
    reviews = pd.read_parquet(folder / "reviews.parquet")
    # A review belongs to a group there: its first row stands for it.
    of_group = raw.sort_values("title_id").drop_duplicates("group_id").set_index("group_id")["title_id"]
    reviews["title_id"] = reviews["group_id"].map(of_group).fillna(reviews["group_id"])
    yield "reviews", reviews.assign(review_date=pd.to_datetime(reviews["review_date"]).dt.date)
    yield "signals", pd.concat([_read_netflix(folder / "trend"), _read_views(folder / "trend")], ignore_index=True)


def _read_netflix(folder: Path) -> pd.DataFrame:
    world = to_signals(load_lists(str(folder / "netflix_top10_global_weekly.parquet"))).assign(market="global")
    lists = load_lists(str(folder / "netflix_top10_countries_weekly.parquet"))
    ranks = pd.DataFrame(
        {"title_key": lists["title"], "kind": "rank", "value": lists["weekly_rank"], "period_start": lists["start"], "market": lists["country_iso2"]}
    )
    found = pd.concat([world, ranks], ignore_index=True).assign(source="netflix_top10", days=7)
    return found.assign(title_id=found["source"] + ":" + found["title_key"], period_start=found["period_start"].dt.date)


def _read_views(folder: Path) -> pd.DataFrame:
    views = pd.read_parquet(folder / "wikipedia_pageviews_monthly_oscar_films.parquet")
    start = pd.to_datetime(views["month"] + "-01")
    return pd.DataFrame(
        {
            "title_id": "wikipedia:" + views["article"],
            "source": "wikipedia",
            "kind": "views",
            "market": "global",
            "value": views["views_total"].astype(float),
            "period_start": start.dt.date,
            "days": start.dt.days_in_month.astype("int64"),
        }
    )


if __name__ == "__main__":
    main()
