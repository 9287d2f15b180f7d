"""Judge the writers of insights and print their figures: `python -m benchmarks.insights_quality [--real FOLDER] [--encoder FOLDER]`.

The rules, and each model that `TRENDING_LLM_*` name, on the labelled set; with `--real` also on real titles, of which half the reviews are read and the
stars of the other half are the rating. A model is asked anew each time, two calls a title at most, and pays from the day's budget like any other caller.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from trending.evaluation.card_insights import MEASURES
from trending.insights.client import LlmClient
from trending.insights.draft import Draft
from trending.insights.judging.answers import Ask, ask_rules, ask_writer
from trending.insights.judging.gate import make_encode
from trending.insights.judging.judge import judge_model, judge_rules
from trending.insights.judging.judgement import RULES, Measured
from trending.insights.judging.labelled import LabelledTitle, load_titles
from trending.insights.judging.measures import Encode, add_up, measure_titles
from trending.insights.reading import read_material
from trending.insights.schema import Material, ReviewText
from trending.settings import load_settings

_FEWEST_REVIEWS = 10
_AT_ONCE = 8
_SEED = 17
Columns = dict[str, dict[str, Measured]]


def load_real(folder: Path, count: int) -> list[LabelledTitle]:
    """Return titles with plot and genres whose reviews are in two halves: one is read, without its stars; the mean stars of the other are the rating."""
    reviews = pd.read_parquet(folder / "reviews.parquet", columns=["review_id", "group_id", "text", "rating"]).dropna().sort_values("review_id")
    reviews = reviews[reviews.groupby("group_id")["text"].transform("size") >= _FEWEST_REVIEWS]
    titles = pd.read_parquet(folder / "titles.parquet").dropna(subset=["plot", "title"])
    titles = titles[(titles["genres"].str.len() > 0) & titles["group_id"].isin(reviews["group_id"])].drop_duplicates("group_id")
    found = []
    for row in titles.sample(min(count, len(titles)), random_state=_SEED).to_dict("records"):
        rows = reviews[reviews["group_id"] == row["group_id"]]
        half = len(rows) // 2
        read = [ReviewText(review_id=str(one), text=text) for one, text in zip(rows["review_id"][:half], rows["text"][:half], strict=True)]
        year = None if pd.isna(row["year"]) else int(row["year"])
        material = Material(title=row["title"], type=row["type"], year=year, plot=row["plot"], reviews=read)
        found.append(LabelledTitle(read_material(material), float(rows["rating"][half:].mean()), frozenset(), frozenset(row["genres"])))
    if not found:
        raise SystemExit(f"{folder}: no title with plot, genres and {_FEWEST_REVIEWS} rated reviews")
    return found


def measure_real(ask: Ask, titles: list[LabelledTitle], encode: Encode | None, *, rules: bool) -> dict[str, Measured]:
    """Return a writer's figures on real titles; vibes aren't labelled there.

    Of the rules neither genres, which are another model's, nor what guard rails say: nobody asks them there, and long reviews reach a model shortened.
    """
    with ThreadPoolExecutor(1 if rules else _AT_ONCE) as pool:
        answers = list(pool.map(partial(ask_writer, ask), [title.reading for title in titles]))
    without = {"tags_against_labels"} | ({"genres_against_catalogue", "accepted"} if rules else set())
    return {name: figure for name, figure in add_up(measure_titles(titles, answers, encode)).items() if name not in without}


def main() -> None:
    """Judge and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.insights_quality", description="How good the writers of insights are.")
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="also judge on titles.parquet and reviews.parquet of this folder")
    parser.add_argument("--titles", type=int, default=200, help="how many real titles (default %(default)s)")
    parser.add_argument("--encoder", type=Path, metavar="FOLDER", help="`encoder` of a release: summaries are compared in meaning as well")
    arguments = parser.parse_args()
    encode, client, server = make_encode(arguments.encoder), LlmClient.from_settings(), load_settings().llm_api_base
    judged = [judge_rules(encode), *(judge_model(client, model, server, len(load_titles()), encode) for model in (client.models if client else ()))]
    console = Console(width=150)
    console.print(_tabulate("labelled set", {one.writer: one.figures for one in judged}))
    for one in judged[1:]:
        price = f"{one.cost_usd:.4f} USD" if one.cost_known else "an unknown price"
        console.print(f"{one.writer}: {one.calls:,} calls, {one.tokens:,} tokens, {price}, {one.seconds:.2f} s a title (median), {one.unanswered} unanswered")
    if arguments.real is None:
        return
    real = load_real(arguments.real, arguments.titles)
    columns: Columns = {RULES: measure_real(ask_rules, real, encode, rules=True)}
    for model in client.models if client else ():
        columns[model] = measure_real(lambda messages, model=model: client.ask(model, messages, Draft, None), real, encode, rules=False)
    console.print(_tabulate("real titles", columns))


def _tabulate(title: str, columns: Columns) -> Table:
    table = Table("measure", *columns, title=title, title_justify="left")
    for name, label in MEASURES.items():
        if any(name in figures for figures in columns.values()):
            table.add_row(label, *(f"{figures[name]} ({figures[name].n})" if name in figures else "" for figures in columns.values()))
    return table


if __name__ == "__main__":
    main()
