"""Continual learning replayed year by year: `python -m benchmarks.continual_replay FILE [--from 1990] [--to 2025] [--json FILE] [--plot FILE.svg]`.

Titles of a year are answered by the model there is before they are learnt from. Three ways side by side: a model that is never retrained, one that is every
year and replaces the one before whatever it is like, and one that follows the pipeline: triggers decide whether to learn, the gate whether to promote.
What is learnt is TF-IDF + logistic regression, by the functions of the pipeline's own steps. Processor time counts all that a way needs: watching,
learning, judging.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trending.cleaning.clean import clean_titles
from trending.continual.assembly import assemble_splits, find_known
from trending.continual.challenge import find_masks, judge_titles, measure_side
from trending.continual.gate import OF_DATA, Contest, judge_contest
from trending.continual.noise import find_noise
from trending.continual.settings import AssemblySettings, PromotionRules, TriggerSettings
from trending.continual.triggers import Declined, Situation, decide
from trending.evaluation.metrics import Judged, f1_scores
from trending.evaluation.rules import tune_rule
from trending.features.examples import build_examples, select_part
from trending.models.base import build_model
from trending.models.calibration import Calibrator
from trending.models.predictor import Predictor
from trending.models.split import select_trainable, split_titles
from trending.monitoring.drift import DriftSettings, compare
from trending.monitoring.sample import Sample, describe_titles
from trending.reports.charts import draw_lines
from trending.sources import SourceConfig, open_source

KIND, SEED = "tfidf_logreg", 17
TRIGGERS = TriggerSettings(new_titles=5_000, least=1 / 8, age_days=10 * 365)


@dataclass
class Way:
    """One way to keep a model fresh.

    Attributes:
        predictor: What answers now.
        splits: What it was learnt from: `title_id`, `title`, `type`, `split`.
        since: The year it was learnt in.
        judged: Its answers on each year's titles, given before they were learnt from.
        seconds: Processor time, the first training left out, as all begin with the same.
        learnt: Years in which something was learnt.
        promoted: Years in which it replaced what there was.
        reasons: Why, by year.
        declined: The last challenger that was declined.
        trusted: Titles it was judged on, and its answers; kept, as a release keeps them.
    """

    predictor: Predictor
    splits: pd.DataFrame
    since: int
    judged: dict[int, Judged] = field(default_factory=dict)
    seconds: float = 0.0
    learnt: list[int] = field(default_factory=list)
    promoted: list[int] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)
    declined: Declined | None = None
    trusted: tuple[Judged, Sample] | None = None


def main() -> None:
    """Replay, print, and write what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.continual_replay", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", metavar="FILE", help="titles in the layout `titles`, Parquet")
    parser.add_argument("--from", dest="first", type=int, default=1990)
    parser.add_argument("--to", dest="last", type=int, default=2025)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    arguments = parser.parse_args()
    titles = clean_titles(open_source(SourceConfig(source="files", path=arguments.file)).records()).titles
    titles = titles[select_trainable(titles, ["*"])[0] & titles["year"].notna()].reset_index(drop=True)
    before = titles[titles["year"] < arguments.first].reset_index(drop=True)
    splits = before[["title_id", "title", "type"]].assign(split=split_titles(before, SEED).to_numpy())
    first = learn(before, splits)
    ways = {name: Way(first, splits, arguments.first - 1) for name in ("never", "always", "triggered")}
    steps: dict[str, Callable[[Way, pd.DataFrame, int], None]] = {"never": lambda *_: None, "always": keep_learning, "triggered": follow_triggers}
    for year in range(arguments.first, arguments.last + 1):
        new, known = titles[titles["year"] == year].reset_index(drop=True), titles[titles["year"] <= year].reset_index(drop=True)
        if new.empty:
            continue
        for name, way in ways.items():
            way.judged[year] = judge_titles(way.predictor, new)
            started = time.process_time()
            steps[name](way, known, year)
            way.seconds += time.process_time() - started
        told = ", ".join(f"{name} {measure(way.judged[year]):.3f}" for name, way in ways.items())
        print(f"{year}: {len(new):,} titles; macro F1 {told}; {ways['triggered'].reasons.get(year, '')}", flush=True)
    result = summarise(ways)
    print(json.dumps({name: {key: value for key, value in one.items() if key != "years"} for name, one in result["ways"].items()}, indent=1))
    print(f"triggered has {result['quality']:.3f} of always's macro F1 at {result['cost']:.2f} of its processor time")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if arguments.plot:
        smooth = {name: pd.Series(one["years"]).rolling(3, center=True, min_periods=1).mean().tolist() for name, one in result["ways"].items()}
        years = [int(year) for year in next(iter(ways.values())).judged]
        arguments.plot.write_text(draw_lines(years, smooth, "year of the titles", "macro F1 on that year's titles, three-year mean"), encoding="utf-8")


def measure(judged: Judged) -> float:
    """Return macro F1."""
    return float(f1_scores(judged, np.ones((1, len(judged.labels))))["macro_f1"][0])


def summarise(ways: dict[str, Way]) -> dict[str, Any]:
    """Return quality, cost and years of each way: macro F1 of all years' answers together, and per year."""
    told = {}
    for name, way in ways.items():
        parts = list(way.judged.values())
        whole = Judged(*(np.concatenate([getattr(part, what) for part in parts]) for what in ("labels", "probabilities", "decisions")))
        told[name] = {
            "macro_f1": round(measure(whole), 4),
            "mean_of_years": round(float(np.mean([measure(part) for part in parts])), 4),
            "cpu_seconds": round(way.seconds, 1),
            "learnt": way.learnt,
            "promoted": way.promoted,
            "years": {year: round(measure(part), 4) for year, part in way.judged.items()},
        }
    quality = told["triggered"]["macro_f1"] / told["always"]["macro_f1"]
    return {"ways": told, "quality": quality, "cost": told["triggered"]["cpu_seconds"] / max(told["always"]["cpu_seconds"], 1e-9)}


def learn(titles: pd.DataFrame, splits: pd.DataFrame) -> Predictor:
    """Learn from the titles' splits as the training pipeline does, with one kind of model."""
    examples = build_examples(titles, splits[["title_id", "split"]])
    train, validation = select_part(examples, "train"), select_part(examples, "validation")
    model = build_model(KIND)
    model.fit(train.texts, train.labels, SEED)
    rule = tune_rule({KIND: model.predict_proba(validation.texts)}, validation.labels, validation.rows["group_id"].astype(str).tolist(), SEED)
    return Predictor(model, Calibrator.from_dict(rule.calibration), np.asarray(rule.thresholds), rule.bands)


def assemble(way: Way, known: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the splits a challenger learns from, and the role of each title."""
    assembled = assemble_splits(known, way.splits, AssemblySettings(), SEED)
    named = assembled.merge(known[["title_id", "title", "type"]], on="title_id")
    return named[["title_id", "title", "type", "split"]], named[["title_id", "role"]]


def keep_learning(way: Way, known: pd.DataFrame, year: int) -> None:
    """Learn anew, whatever has come, and take what comes of it."""
    splits, _ = assemble(way, known)
    way.predictor, way.splits, way.since = learn(known, splits), splits, year
    way.learnt.append(year)
    way.promoted.append(year)


def follow_triggers(way: Way, known: pd.DataFrame, year: int) -> None:
    """Look whether there is reason to learn anew; if so, learn, and take it if the gate lets it through."""
    new = known[find_known(known, way.splits).isna()].reset_index(drop=True)
    if way.trusted is None:
        held_out = known[known["title_id"].isin(way.splits.loc[way.splits["split"] == "test", "title_id"])].reset_index(drop=True)
        judged = judge_titles(way.predictor, held_out)
        way.trusted = judged, _sample(way, held_out, judged)
    answers, (trusted, reference) = judge_titles(way.predictor, new), way.trusted
    situation = Situation(
        champion=str(way.since),
        known=len(way.splits),
        created=dt.datetime(way.since, 12, 31, tzinfo=dt.UTC),
        now=dt.datetime(year, 12, 31, tzinfo=dt.UTC),
        new=answers,
        groups=new["group_id"].astype(str).tolist(),
        reference=trusted,
        drift=compare(reference, _sample(way, new, answers), DriftSettings()) if len(new) >= TRIGGERS.sample else None,
        flagged=0,
        declined=way.declined,
        seed=SEED,
    )
    decision = decide(situation, TRIGGERS)
    way.reasons[year] = decision.reason
    if not decision.go:
        return
    way.learnt.append(year)
    splits, roles = assemble(way, known)
    challenger = learn(known, splits)
    role = dict(zip(roles["title_id"], roles["role"], strict=True))
    judged = known[known["title_id"].map(role).isin(["frozen", "fresh"])].reset_index(drop=True)
    old = known[known["title_id"].map(role).isin(["frozen", "window"])]
    contest = Contest(
        titles=judged,
        masks=find_masks(judged, role),
        champion=measure_side(str(way.since), KIND, way.predictor, judged, SEED),
        challenger=measure_side(str(year), KIND, challenger, judged, SEED),
        noise=find_noise(old, new, SEED),
    )
    verdict = judge_contest(contest, PromotionRules(), decision.reason, len(new), SEED)
    way.reasons[year] += f"; {verdict.decision}: {verdict.reason}"
    if verdict.decision == "promote":
        way.predictor, way.splits, way.since = challenger, splits, year
        way.promoted.append(year)
        way.declined = way.trusted = None
    else:
        way.declined = Declined(verdict.reason, len(new), same=False, suspect=not OF_DATA.isdisjoint(verdict.list_broken()))


def _sample(way: Way, titles: pd.DataFrame, judged: Judged) -> Sample:
    return describe_titles(titles, judged.probabilities, thresholds=way.predictor.thresholds.tolist())


if __name__ == "__main__":
    main()
