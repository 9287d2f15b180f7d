"""How labels, ratings and Netflix's weekly lists differ by country, language and decade: `python -m benchmarks.catalogue_bias TITLES.parquet [LISTS.parquet]`.

TITLES has the columns of Title; LISTS Netflix's global weekly top tens (`category`, `show_title`). A title counts as ranked if a list ever named one of its
name and type, among the catalogues that could have it: those of streaming services. The pipelines' own page, `bias_report`, has the model's predictions and the
trending score too; this needs no training.
"""

from __future__ import annotations

import argparse

import pandas as pd
from rich.console import Console
from rich.table import Table

from trending.cleaning.text import normalise_title
from trending.evaluation.bias import Bias, measure_bias
from trending.evaluation.card_trust import DISPARITY_HEADER, OVERALL_HEADER, SIZE_HEADER, list_disparity, list_overall, list_size, tell_coverage, tell_marked

SEED = 17
SHOWN = 25


def mark_listed(titles: pd.DataFrame, lists: pd.DataFrame) -> pd.DataFrame:
    """Return trends that rank the titles a list ever named, by normalised name and type."""
    types = lists["category"].str.startswith("Films").map({True: "movie", False: "tv"})
    named = set(zip(lists["show_title"].map(normalise_title), types, strict=True))
    hit = [key in named for key in zip(titles["title"].map(normalise_title), titles["type"], strict=True)]
    return pd.DataFrame({"as_of": 0, "title_id": titles.loc[hit, "title_id"], "score": 1.0})


def show(console: Console, name: str, bias: Bias) -> None:
    """Print one catalogue's figures: who is in it, and of each kind what stands out most surely."""
    console.rule(name)
    tables: list[tuple[str, tuple[str, ...], list[tuple[str | int, ...]]]] = [("all titles", OVERALL_HEADER, [tuple(row) for row in list_overall(bias)])]
    for kind in dict.fromkeys(one.kind for one in bias.groups):
        tables.append((f"{kind}: the largest", SIZE_HEADER, [list_size(bias, one) for one in bias.groups if one.kind == kind][:SHOWN]))
        ranked = [list_disparity(one) for one in bias.disparities if (one.kind, one.measure) == (kind, "is ranked as trending")]
        tables.append((f"{kind}: share that was ever ranked", DISPARITY_HEADER, ranked[:SHOWN]))
        tables.append((f"{kind}: what stands out", DISPARITY_HEADER, [list_disparity(one) for one in bias.marked if one.kind == kind][:SHOWN]))
    for title, header, rows in tables:
        table = Table(*header, title=title, title_justify="left")
        for row in rows:
            table.add_row(*map(str, row))
        console.print(table)
    console.print(*tell_coverage(bias), tell_marked(bias).partition(";")[0], sep="\n", markup=False)


def main() -> None:
    """Parse arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catalogue_bias", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("titles", metavar="TITLES.parquet")
    parser.add_argument("lists", metavar="LISTS.parquet", nargs="?")
    arguments = parser.parse_args()
    titles, console = pd.read_parquet(arguments.titles), Console(width=170)
    show(console, "all titles", measure_bias(titles, seed=SEED))
    if arguments.lists:
        streamed = titles[titles["source"].str.endswith("_catalogue")]
        show(console, "titles of streaming services", measure_bias(streamed, trends=mark_listed(streamed, pd.read_parquet(arguments.lists)), seed=SEED))


if __name__ == "__main__":
    main()
