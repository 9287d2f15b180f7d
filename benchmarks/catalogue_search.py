"""Search in a catalogue of a million titles: how fast, beside the engine's bare query, and how often a title that is typed is found.

    python -m benchmarks.catalogue_search [TITLES.parquet] [--rows 1000000] [--queries 2000] [--keep FOLDER]

Speed is measured on titles multiplied by `benchmarks.perturb`, a mix of exact titles, prefixes, misspelt titles, common words of plots, several words,
filters and further pages, each query once, ours and the engine's in turn. The engine's is what SQLite's documentation teaches: an FTS5 table of title and
plot, `MATCH` all words (the last one as a prefix where that is what was typed), `ORDER BY rank LIMIT 20`; and once more without the order. It gets no
filters, no misspelt words corrected and no further page. Quality is measured on the titles as they are: a title typed exactly, in part, or with one or two
mistakes, and whether its work is among the first ten.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import string
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.perturb import RAW_SCHEMA, write_perturbed
from trending.catalogue import Catalogue, Filters
from trending.catalogue.content import CatalogueContent
from trending.catalogue.words import split_words
from trending.catalogue.write import write_catalogue
from trending.cleaning.clean import clean_titles
from trending.genres import GENRES
from trending.sources import SourceConfig, open_source
from trending.titles import TITLE_COLUMNS

SEED = 11
TAGS = ("dark", "funny", "tense", "moving", "quirky", "epic", "cosy", "bleak", "romantic", "gritty", "dreamlike", "suspenseful")
MIX = {"exact title": 5, "prefix": 4, "misspelt": 4, "common word": 3, "plot words": 2, "filtered": 3, "further page": 2, "browse": 1}
QUERIES_OF_QUALITY = 1_000


@dataclass(frozen=True)
class Asked:
    """A query of the mix."""

    kind: str
    query: str
    filters: Filters
    pages: int = 0  # read before the one that is timed


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catalogue_search", description=str(__doc__).splitlines()[0])
    parser.add_argument("titles", nargs="?", type=Path, help="Parquet file of titles; default: the starter catalogue")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=2_000)
    parser.add_argument("--keep", type=Path, help="folder to keep the catalogues in and find them again")
    arguments = parser.parse_args()
    console = Console(width=150)
    with tempfile.TemporaryDirectory(prefix="catalogue-") as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        source = arguments.titles or _write_starter(folder / "starter.parquet")
        real = _load(source)
        console.print(tabulate_quality(_open(folder / "as-is.sqlite", lambda: real, console), real))
        big = folder / f"titles-{arguments.rows}.parquet"

        def load_big() -> pd.DataFrame:
            if not big.exists():
                write_perturbed(source, big, arguments.rows, SEED)
            return _load(big)

        catalogue = _open(folder / f"{arguments.rows}.sqlite", load_big, console)
        engine = _open_engine(folder / f"engine-{arguments.rows}.sqlite", load_big, console)
        console.print(tabulate_speed(catalogue, engine, mix_queries(real, arguments.queries, SEED), mix_queries(real, 200, SEED + 1)))


def mix_queries(titles: pd.DataFrame, count: int, seed: int) -> list[Asked]:
    """Return queries as people make them."""
    randomness = random.Random(seed)
    names = titles["title"].tolist()
    plots = titles["plot"].dropna().tolist()
    common = _list_common(plots)
    kinds = [kind for kind, weight in MIX.items() for _ in range(weight)]
    asked = []
    for _ in range(count):
        kind, name = randomness.choice(kinds), randomness.choice(names)
        words = [word for word in split_words(randomness.choice(plots)) if len(word) > 3] or ["life"]
        filters = Filters(
            genre=[randomness.choice(GENRES)],
            year_from=randomness.choice([None, 1970, 1995, 2003]),
            type=randomness.choice([None, "movie", "tv"]),
            min_score=randomness.choice([None, 40, 75]),
            tag=randomness.choice([None, None, *TAGS]),
        )
        query = {
            "exact title": name,
            "prefix": name[: randomness.randint(min(3, len(name)), len(name))],
            "misspelt": misspell(name, randomness),
            "common word": randomness.choice(common),
            "plot words": " ".join(randomness.sample(words, min(len(words), randomness.randint(2, 4)))),
            "filtered": randomness.choice([name.split()[0], randomness.choice(common), randomness.choice(words)]),
            "further page": randomness.choice(common),
            "browse": "",
        }[kind]
        asked.append(Asked(kind, query, filters if kind in {"filtered", "browse"} else Filters(), randomness.randint(1, 4) if kind == "further page" else 0))
    return asked


def misspell(text: str, randomness: random.Random) -> str:
    """Return the text with one letter swapped with its neighbour, left out, doubled, or taken for another."""
    places = [at for at, char in enumerate(text) if char.isalpha()]
    if len(places) < 4:
        return text
    at, kind = randomness.choice(places), randomness.randrange(4)
    if kind == 0 and at + 1 < len(text) and text[at + 1].isalpha():
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + text[at] + text[at:]
    return text[:at] + randomness.choice(string.ascii_lowercase) + text[at + 1 :]


def tabulate_quality(catalogue: Catalogue, titles: pd.DataFrame) -> Table:
    """Return how often a title's work is found by what was typed of it."""
    randomness = random.Random(SEED)
    chosen = titles.iloc[randomness.sample(range(len(titles)), min(QUERIES_OF_QUALITY, len(titles)))]
    kinds: dict[str, Callable[[str], str]] = {
        "typed exactly": lambda name: name,
        "in lower case, no signs": lambda name: " ".join(split_words(name)),
        "first two thirds": lambda name: name[: max(4, len(name) * 2 // 3)],
        "one mistake": lambda name: misspell(name, randomness),
        "two mistakes": lambda name: misspell(misspell(name, randomness), randomness),
        "words in any order": lambda name: " ".join(randomness.sample(name.split(), len(name.split()))),
    }
    table = Table("typed", "first", "in the first ten", "p95 ms", title=f"Known titles among {catalogue.count():,}", title_justify="left")
    for kind, change in kinds.items():
        places, times = [], []
        for title_id, name in zip(chosen["title_id"], chosen["title"], strict=True):
            query = change(name)
            started = time.perf_counter()
            found = catalogue.search(query, limit=10).cards
            times.append(time.perf_counter() - started)
            # Namesakes can't be told apart by their title: any of them will do.
            hits = [place for place, card in enumerate(found) if card.title_id == title_id or split_words(card.title) == split_words(name)]
            places.append(hits[0] if hits else 99)
        shares = [statistics.mean(place < least for place in places) for least in (1, 10)]
        table.add_row(kind, *(f"{share:.1%}" for share in shares), f"{_percentile(times, 95):.1f}")
    return table


def tabulate_speed(catalogue: Catalogue, engine: sqlite3.Connection, queries: Sequence[Asked], warm_up: Sequence[Asked]) -> Table:
    """Return times of the mix, ours and the engine's."""
    for one in warm_up:
        _time_ours(catalogue, one)
        _time_engine(engine, one, ordered=True)
    times: dict[str, list[tuple[float, float, float]]] = {}
    for one in queries:
        measured = (_time_ours(catalogue, one), _time_engine(engine, one, ordered=True), _time_engine(engine, one, ordered=False))
        times.setdefault(one.kind, []).append(measured)
        times.setdefault("all", []).append(measured)
    columns = [f"{who} {figure}" for who in ("ours", "by rank", "any 20") for figure in ("p50", "p95", "max")]
    table = Table("kind", "n", *columns, title=f"Search in {catalogue.count():,} titles, ms", title_justify="left")
    for kind in [*sorted(kind for kind in times if kind != "all"), "all"]:
        columns_of = [[row[who] for row in times[kind] if not np.isnan(row[who])] for who in range(3)]
        figures = [f"{_percentile(seconds, q):.1f}" if seconds else "-" for seconds in columns_of for q in (50, 95, 100)]
        table.add_row(kind, str(len(times[kind])), *figures)
    return table


def _time_ours(catalogue: Catalogue, asked: Asked) -> float:
    cursor = None
    for _ in range(asked.pages):
        cursor = catalogue.search(asked.query, asked.filters, 20, cursor).next_cursor
    started = time.perf_counter()
    catalogue.search(asked.query, asked.filters, 20, cursor)
    return time.perf_counter() - started


def _time_engine(engine: sqlite3.Connection, asked: Asked, *, ordered: bool) -> float:
    """Time the bare query; nan without words, for it has nothing to match then."""
    words = [f'"{word}"' for word in split_words(asked.query)]
    if not words:
        return float("nan")
    match = " ".join(words) + (" *" if asked.kind == "prefix" else "")
    started = time.perf_counter()
    engine.execute(f"SELECT rowid FROM bare WHERE bare MATCH ? {'ORDER BY rank' if ordered else ''} LIMIT 20", (match,)).fetchall()
    return time.perf_counter() - started


def _percentile(seconds: Sequence[float], which: int) -> float:
    return float(np.percentile(seconds, which)) * 1_000


def _list_common(plots: Sequence[str]) -> list[str]:
    counts = Counter(word for plot in plots[:20_000] for word in set(split_words(plot)))
    return [word for word, _ in counts.most_common(400)[50:]]


def _write_starter(path: Path) -> Path:
    titles = clean_titles(open_source(SourceConfig()).records()).titles
    titles.drop(columns=["group_id", "url"]).astype({"release_date": "string"}).to_parquet(path, index=False)
    return path


def _load(path: Path) -> pd.DataFrame:
    table = pq.read_table(path)
    titles = table.select([name for name in RAW_SCHEMA.names if name in table.column_names]).to_pandas()
    titles["release_date"] = None
    titles["group_id"] = titles["title_id"]
    titles["url"] = None
    return titles[list(TITLE_COLUMNS)]


def _make_content(titles: pd.DataFrame) -> CatalogueContent:
    """Add what a pipeline would have found: predictions as listed, scores and tags at random."""
    randomness = np.random.default_rng(SEED)
    index = {genre: at for at, genre in enumerate(GENRES)}
    decisions = np.zeros((len(titles), len(GENRES)), dtype=bool)
    for row, genres in enumerate(titles["genres"]):
        decisions[row, [index[genre] for genre in genres if genre in index]] = True
    titles = titles.assign(genres=[[genre for genre in genres if genre in index] for genres in titles["genres"]])
    insights = pd.DataFrame(
        {
            "title_id": titles["title_id"],
            "score": randomness.integers(10, 96, len(titles)),
            "tags": [[TAGS[at] for at in row] for row in randomness.integers(0, len(TAGS), (len(titles), 2))],
            "document": None,
        }
    )
    return CatalogueContent(titles, pd.Series([None] * len(titles)), decisions * 0.8, decisions, insights=insights)


def _open(path: Path, load: Callable[[], pd.DataFrame], console: Console) -> Catalogue:
    if not path.exists():
        content = _make_content(load())
        started = time.perf_counter()
        write_catalogue(path, content)
        console.print(f"{len(content.titles):,} titles written in {time.perf_counter() - started:.0f} s, {path.stat().st_size / 1e6:,.0f} MB")
    return Catalogue(path)


def _open_engine(path: Path, load: Callable[[], pd.DataFrame], console: Console) -> sqlite3.Connection:
    if path.exists():
        return sqlite3.connect(path)
    titles = load()
    started = time.perf_counter()
    engine = sqlite3.connect(path)
    engine.execute("CREATE VIRTUAL TABLE bare USING fts5(title, plot, content = '', tokenize = 'unicode61 remove_diacritics 2')")
    rows = zip(range(len(titles)), titles["title"], titles["plot"], strict=True)
    engine.executemany("INSERT INTO bare (rowid, title, plot) VALUES (?, ?, ?)", rows)
    engine.execute("INSERT INTO bare (bare) VALUES ('optimize')")
    engine.commit()
    console.print(f"the engine's index alone: {time.perf_counter() - started:.0f} s, {path.stat().st_size / 1e6:,.0f} MB")
    return engine


if __name__ == "__main__":
    main()
