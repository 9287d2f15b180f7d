"""Does the trending score rank next week's list better than "same as last week"? `python -m benchmarks.trends_backtest FILE.parquet`.

FILE holds Netflix's global weekly top tens (`week`, `category`, `weekly_rank`, `show_title`, `season_title`, `weekly_hours_viewed`,
`weekly_views`). For every week from the 9th on and every category, all titles listed in the last 8 weeks are ranked from what was known
then, and judged by next week's list: NDCG@10 with gain 11 - rank (Jarvelin and Kekalainen, TOIS 20, 2002), the ideal being the best
order of the candidates, as neither can name a title not yet seen. "Same as last week" is last week's order, then that of the weeks
before. Weeks are the bootstrap's unit. The score's weights were chosen on the first 80 % of weeks; the last 20 % are the test.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from trending.evaluation.bootstrap import DRAWS, draw_weights, interval
from trending.trends import score_titles

WEEK = pd.Timedelta(days=7)
HISTORY = 8
TOP = 10
SEED = 17


def main() -> None:
    """Parse arguments, replay every week, print both parts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trends_backtest", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", metavar="FILE.parquet", help="Netflix's global weekly top tens")
    figures = replay(load_lists(parser.parse_args().file))
    weeks = sorted(figures["week"].unique())
    first_test = weeks[int(len(weeks) * 0.8)]
    table = Table("weeks", "category", "n", "score", "same as last week", "difference, paired", title="NDCG@10 [95 % interval]", title_justify="left")
    for name, part in (("first 80 %", figures[figures["week"] < first_test]), ("last 20 %", figures[figures["week"] >= first_test])):
        for category, rows in [("all", part), *part.groupby("category")]:
            columns = [rows["score"], rows["last"], rows["score"] - rows["last"]]
            table.add_row(name, str(category), f"{rows['week'].nunique()}", *[_mean_with_interval(values, rows["week"]) for values in columns])
    Console(width=150).print(table)


def load_lists(path: str) -> pd.DataFrame:
    """Return the lists with `title` (title and season) and `start`, the Monday of the week."""
    lists = pd.read_parquet(path)
    title = lists["show_title"] + " | " + lists["season_title"].fillna("")
    return lists.assign(title=title, start=pd.to_datetime(lists["week"]) - pd.Timedelta(days=6))


def to_signals(lists: pd.DataFrame) -> pd.DataFrame:
    """Return the lists as signals: a rank, hours and, since Netflix gives them, views of each row."""
    columns = {"rank": "weekly_rank", "hours": "weekly_hours_viewed", "views": "weekly_views"}
    parts = [
        pd.DataFrame({"title_key": lists["title"], "source": "netflix", "kind": kind, "value": lists[column].astype(float), "period_start": lists["start"]})
        for kind, column in columns.items()
    ]
    return pd.concat(parts, ignore_index=True).dropna(subset="value").assign(days=7, weight=1.0)


def replay(lists: pd.DataFrame) -> pd.DataFrame:
    """Return NDCG@10 of both rankings per week and category: `week` (the week ranked from), `category`, `score`, `last`."""
    weeks = sorted(lists["start"].unique())
    figures = []
    for category, rows in lists.groupby("category"):
        signals = to_signals(rows)
        for week, following in zip(weeks[HISTORY:-1], weeks[HISTORY + 1 :], strict=True):
            recent = rows[(rows["start"] <= week) & (rows["start"] > week - HISTORY * WEEK)]
            same = recent.sort_values(["start", "weekly_rank"], ascending=[False, True])["title"].drop_duplicates().tolist()
            candidates = set(same)
            scored = [one.title_key for one in score_titles(signals, (week + WEEK).date()) if one.title_key in candidates]
            coming = rows[rows["start"] == following]
            gains = {title: TOP + 1 - rank for title, rank in zip(coming["title"], coming["weekly_rank"], strict=True) if title in candidates}
            if gains:
                figures.append({"week": week, "category": category, "score": ndcg(scored, gains), "last": ndcg(same, gains)})
    return pd.DataFrame(figures)


def ndcg(ranked: list[str], gains: dict[str, int]) -> float:
    """Return NDCG@10 of an order of titles; titles without a gain are worth nothing."""
    found = np.array([gains.get(title, 0) for title in ranked[:TOP]])
    best = np.array(sorted(gains.values(), reverse=True)[:TOP])
    return float(_discounted(found) / _discounted(best))


def _discounted(gains: np.ndarray) -> float:
    return float(np.sum(gains / np.log2(np.arange(2, len(gains) + 2))))


def _mean_with_interval(values: pd.Series, weeks: pd.Series) -> str:
    weights = draw_weights(weeks.astype(str).tolist(), DRAWS, SEED)
    mean = float(values.mean())
    low, high = interval(mean, weights @ values.to_numpy() / weights.sum(axis=1))
    return f"{mean:.4f} [{low:.4f}, {high:.4f}]"


if __name__ == "__main__":
    main()
