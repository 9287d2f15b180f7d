"""XGBoost's trees grown in one process and by two that share the titles out: `python -m benchmarks.shared_trees [FILE] [--workers N] [--memory TITLES]`.

FILE is a file of titles with plots and genres; the starter catalogue by default. Needs `distributed`. Probes and features are made once and both grow on
them, so that only the trees differ. Judged on test titles by rules tuned on validation titles; in brackets 95 % bootstrap intervals over title groups,
differences paired. Memory is what growing added to this process, or all that the largest worker
held, Python and libraries included.
With --memory two rounds are grown on so many made-up titles by two workers and by four, to see what each holds.
"""

from __future__ import annotations

import argparse
import copy
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

from benchmarks.xgboost_features import SEED, decide, load_examples
from trending.evaluation.judge import compare, judge
from trending.features.examples import select_part
from trending.genres import GENRES
from trending.models.xgb import XGBoostModel


def main() -> None:
    """Grow both, judge both, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shared_trees", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="titles; default: the starter catalogue")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", type=int, metavar="TITLES", help="measure memory on so many made-up titles instead")
    arguments = parser.parse_args()
    if arguments.memory:
        _compare_memory(arguments.memory)
        return
    examples = load_examples(arguments.file)
    model = XGBoostModel(**XGBoostModel.defaults())
    train, validation = (select_part(examples, part, model.reads) for part in ("train", "validation"))
    learnt, held = model.read_parts(train.texts, train.labels, SEED, (validation.texts, validation.labels))
    print(f"{len(learnt[0]):,} titles to learn from, {learnt[0].shape[1]} features, {learnt[0].nbytes / 1e6:.0f} MB")
    shared = copy.copy(model)
    shared.params = {**model.params, "workers": arguments.workers}
    judged = {}
    test = select_part(examples, "test", model.reads).rows
    for name, one in (("one process", model), (f"{arguments.workers} workers", shared)):
        seconds, added = _measure(lambda one=one: one.grow(learnt, held, SEED))  # type: ignore[misc]
        judged[name] = decide(one, examples, one.reads)
        whole = judge(name, judged[name], test, SEED)
        rounds = one.booster.num_boosted_rounds()
        print(f"{name}: {seconds:.1f} s, {rounds} rounds, {added:,.0f} MB; macro F1 {whole.metrics['macro_f1']}, mAP {whole.metrics['map']}")
    alone, apart = judged.values()
    gain = compare(apart, alone, np.asarray(test["group_id"].astype(str)).tolist(), SEED)
    print(f"workers over one process, paired: {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]")


def _compare_memory(titles: int) -> None:
    """Print the memory of the largest worker, by their number."""
    generator = np.random.default_rng(SEED)
    rows = generator.random((titles, 63), dtype=np.float32)
    labels = (generator.random((titles, len(GENRES))) < 0.12).astype(np.int8)
    for workers in (2, 4):
        model = XGBoostModel(**XGBoostModel.defaults() | {"n_estimators": 2, "workers": workers})
        seconds, held = _measure(lambda model=model: model.grow((rows, labels), None, SEED))  # type: ignore[misc]
        print(f"{titles:,} titles, {workers} workers: the largest held {held:,.0f} MB, {seconds:.1f} s")


def _measure(grow: Callable[[], None]) -> tuple[float, float]:
    """Return seconds, and megabytes: of the largest process below this one if there are any, else what this one's grew by."""
    this, ended = psutil.Process(), threading.Event()
    before = this.memory_info().rss
    below, added = [0], [0]

    def watch() -> None:
        while not ended.wait(0.05):
            added.append(this.memory_info().rss - before)
            for child in this.children(recursive=True):
                try:
                    below.append(child.memory_info().rss)
                except psutil.Error:  # has just ended
                    continue

    watcher, started = threading.Thread(target=watch), time.perf_counter()
    watcher.start()
    grow()
    seconds = time.perf_counter() - started
    ended.set()
    watcher.join()
    return seconds, (max(below) or max(added)) / 1e6


if __name__ == "__main__":
    main()
