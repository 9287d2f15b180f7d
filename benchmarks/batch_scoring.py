"""How fast a catalogue is scored, and what batches save: `python -m benchmarks.batch_scoring [--home HOME ...] [--titles N]`.

Every HOME is a `TRENDING_HOME` with a published release. Without any, two are trained on the starter catalogue: TF-IDF + logistic regression, and a BERT
that is fine-tuned for seconds only, as its speed has nothing to do with how well it does.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count, cycle
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trending.features.facts import write_facts
from trending.models.predictor import Predictor
from trending.models.rows import predict_rows
from trending.releases import Release, ReleaseStore
from trending.scoring.predictions import ScoringReport
from trending.scoring.stream import score_titles
from trending.settings import load_settings
from trending.sources import SourceConfig, open_source

BATCH, ROUNDS = 64, 12
_MODELS = {"tfidf_logreg": [], "bert": ["model_params={bert: {max_titles: 160, epochs: 1}}"]}
_ROWS = 4_096


def main() -> None:
    """Measure every release in one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", nargs="+", type=Path, help="homes with a published release")
    parser.add_argument("--titles", type=int, default=4_000, help="how many are scored as a stream")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        homes = arguments.home or [_train(Path(folder) / kind, kind) for kind in _MODELS]
        plots = _list_plots()
        for home in homes:
            release = ReleaseStore(str(home.absolute() / "releases"), Path(folder) / "cache").open()
            report = _stream(release, plots, arguments.titles, Path(folder) / release.manifest.version)
            together, apart = _compare(release.predictor, plots, time.perf_counter)
            less, more = _compare(release.predictor, plots, time.process_time)
            print(f"release {release.manifest.version}, {release.manifest.model_kind}")
            print(
                f"  {report.scored:,} titles as a stream: {report.scored / report.seconds:,.0f} a second, {report.seconds * 1e3 / report.scored:.3f} ms a title"
            )
            print(f"  a title in a batch of {BATCH}: {together:.3f} ms; alone {apart:.3f} ms; ratio {together / apart:.3f}")
            print(f"  the same in processor time: {less:.3f} ms; {more:.3f} ms; ratio {less / more:.3f}")


def _train(home: Path, kind: str) -> Path:
    from benchmarks.plain_training import main as train

    os.environ["TRENDING_HOME"] = str(home)  # where fine-tunings are kept
    load_settings.cache_clear()
    train(home, ["source=starter", f"models=[majority, {kind}]", *_MODELS[kind]])
    return home


def _list_plots() -> Iterator[dict[str, object]]:
    """Yield titles whose plots were never seen before: models remember the last ones."""
    rows = [{name: row[name] for name in ("type", "year", "plot")} for row in open_source(SourceConfig()).records()]
    for day, row in zip(count(), cycle(rows), strict=False):
        yield row | {"title_id": str(day), "plot": f"{row['plot']} It is day {day}."}


def _take(plots: Iterator[dict[str, object]], number: int) -> pd.DataFrame:
    return pd.DataFrame([next(plots) for _ in range(number)])


def _stream(release: Release, plots: Iterator[dict[str, object]], number: int, folder: Path) -> ScoringReport:
    folder.mkdir()
    pq.write_table(pa.Table.from_pandas(_take(plots, number), preserve_index=False), folder / "titles.parquet", row_group_size=_ROWS)
    now = dt.datetime.now(dt.UTC)
    predictor = release.predictor  # opened before the clock starts
    return score_titles(predictor, folder / "titles.parquet", folder / "scored", release=release.manifest.version, scored_at=now, batch_size=2_048)


def _compare(predictor: Predictor, plots: Iterator[dict[str, object]], clock: Callable[[], float]) -> tuple[float, float]:
    """Return milliseconds per title in a batch and alone: medians of times taken in turn."""
    together, apart = [], []
    for _ in range(ROUNDS):
        batch, alone = _take(plots, BATCH), _take(plots, BATCH)
        texts = [(plot, write_facts(kind, year)) for plot, kind, year in alone[["plot", "type", "year"]].itertuples(index=False)]
        started = clock()
        predict_rows(predictor, batch)
        between = clock()
        for plot, facts in texts:
            predictor.predict([plot], 0, [facts])
        together.append(between - started)
        apart.append(clock() - between)
    return statistics.median(together) * 1e3 / BATCH, statistics.median(apart) * 1e3 / BATCH


if __name__ == "__main__":
    main()
