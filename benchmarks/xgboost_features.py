"""XGBoost on probes and facts beside TF-IDF with logistic regression, on the same split: `python -m benchmarks.xgboost_features [FILE]`.

FILE is a file of titles with plots and genres; the starter catalogue by default. Both are trained with their defaults (`--params` changes XGBoost's),
calibrated and given thresholds on validation titles, and judged on test titles, genre words masked. XGBoost is judged a second time on plots alone,
with its facts withheld. In brackets: 95 % bootstrap intervals over title groups; differences are paired. Vectors are kept under the home folder.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from trending.cleaning.clean import clean_titles
from trending.cleaning.rights import DEFAULT_TRAINABLE
from trending.evaluation.judge import compare, judge
from trending.evaluation.judgement import Figure
from trending.evaluation.metrics import Judged
from trending.evaluation.rules import tune_rule
from trending.features.examples import Part, build_examples, select_part
from trending.models import GenreModel
from trending.models.fitting import fit_model
from trending.models.split import select_trainable, split_titles
from trending.sources import SourceConfig, open_source

SEED = 17
TIMED = 200


def main() -> None:
    """Train both, judge both, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.xgboost_features", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="titles; default: the starter catalogue")
    parser.add_argument("--params", type=json.loads, default={}, metavar="JSON", help="XGBoost's hyper-parameters that differ from its defaults")
    arguments = parser.parse_args()
    examples = load_examples(arguments.file)
    linear, linear_facts = fit_model("tfidf_logreg", {}, examples, SEED)
    trees, trees_facts = fit_model("xgboost", arguments.params, examples, SEED)
    test = select_part(examples, "test")
    judged = {
        "TF-IDF + logistic regression": decide(linear, examples, linear.reads),
        "XGBoost": decide(trees, examples, trees.reads),
        "XGBoost, plots alone": decide(trees, examples, "masked"),
    }
    console = Console(width=220)
    console.print(tabulate_quality(judged, test))
    costs = Table("model", "CPU seconds to fit", "ms a title, alone")
    for model, facts in ((linear, linear_facts), (trees, trees_facts)):
        costs.add_row(model.kind, f"{facts['cpu_seconds']:.0f}", f"{time_singles(model, select_part(examples, 'test', model.reads).texts):.2f}")
    console.print(costs)
    console.print(f"XGBoost grew {trees_facts['rounds']} rounds; encoder: {trees_facts['encoder'] or 'none'}")


def load_examples(file: Path | None) -> pd.DataFrame:
    """Return examples as the training pipeline makes them."""
    source = SourceConfig(source="files", path=str(file)) if file else SourceConfig()
    titles = clean_titles(open_source(source).records()).titles
    chosen, _ = select_trainable(titles, list(DEFAULT_TRAINABLE))
    splits = pd.DataFrame({"title_id": titles["title_id"][chosen], "split": split_titles(titles[chosen], SEED)}).reset_index(drop=True)
    return build_examples(titles, splits)


def decide(model: GenreModel, examples: pd.DataFrame, text: str) -> Judged:
    """Return what a model decides on test titles by a rule tuned on validation titles, both reading the same kind of text."""
    validation, test = select_part(examples, "validation", text), select_part(examples, "test", text)
    groups = validation.rows["group_id"].astype(str).tolist()
    rule = tune_rule({model.kind: model.predict_proba(validation.texts)}, validation.labels, groups, SEED)
    return rule.decide(model.kind, {model.kind: model.predict_proba(test.texts)}, test.labels)


def tabulate_quality(judged: dict[str, Judged], test: Part) -> Table:
    """Return every model's figures, and how far they lie above the first model's."""
    groups = np.asarray(test.rows["group_id"].astype(str))
    parts = {"": np.ones(len(groups), dtype=bool), "TV": (test.rows["type"] == "tv").to_numpy(), "films": (test.rows["type"] == "movie").to_numpy()}
    reference = next(iter(judged))
    table = Table("model", *(f"macro F1 {part}".strip() for part in parts), *(f"over the first {part}".strip() for part in parts), "mAP", "ECE")
    for name, one in judged.items():
        whole = judge(name, one, test.rows, SEED)
        slices = [whole.metrics["macro_f1"], *(whole.slices["type"][kind].macro_f1 for kind in ("tv", "movie") if kind in whole.slices["type"])]
        gains = [compare(one.take(rows), judged[reference].take(rows), groups[rows].tolist(), SEED) for rows in parts.values()]
        shown = [""] * len(gains) if name == reference else [_signed(gain) for gain in gains]
        table.add_row(name, *map(str, slices), *shown, str(whole.metrics["map"]), str(whole.metrics["ece"]))
    return table


def time_singles(model: GenreModel, texts: list[str]) -> float:
    """Return the mean time of one text, ms; texts never seen, for models remember the last ones."""
    fresh = [f"{text} Again." for text in islice(texts, TIMED)]
    started = time.perf_counter()
    for text in fresh:
        model.predict_proba([text])
    return (time.perf_counter() - started) / len(fresh) * 1e3


def _signed(figure: Figure) -> str:
    return f"{figure.value:+.3f} [{figure.low:+.3f}, {figure.high:+.3f}]"


if __name__ == "__main__":
    main()
