"""The training pipeline's maths as a plain script, with no orchestrator: what the pipeline's overhead is measured against."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from pipelines.config import TrainingConfig, load_config
from trending.cleaning.clean import clean_titles
from trending.cleaning.rights import select_allowed
from trending.embeddings.export import prepare_encoder
from trending.embeddings.titles import embed_titles
from trending.embeddings.weights import find_weights
from trending.evaluation.baselines import BASELINE, COMMONEST
from trending.evaluation.candidates import SCORED, decide_all, judge_candidate, judge_commonest, list_candidates, score_models, unframe_scores
from trending.evaluation.champion import assemble_champion, choose_champion
from trending.evaluation.costs import measure_candidates
from trending.evaluation.frontier import draw_frontier
from trending.evaluation.rules import tune_rules
from trending.features.examples import build_examples, select_part
from trending.insights.maker import InsightMaker
from trending.models.fitting import fit_model
from trending.models.split import select_trainable, split_titles
from trending.provenance import RunOrigin
from trending.releases import ReleaseStore
from trending.releases.build import Ingredients, build_bundle
from trending.releases.describe import compose_content, predict_titles, write_insights
from trending.releases.manifest import DataOrigin
from trending.reports.data_report import render_data_summary
from trending.reports.evaluation_report import render_comparison, render_evaluation
from trending.settings import load_settings
from trending.sources import open_source
from trending.sources.starter import STARTER_SOURCE
from trending.validation.schema import validate_titles


def main(folder: Path, overrides: list[str]) -> None:
    """Train, judge and publish under `folder`."""
    config = load_config(TrainingConfig, None, overrides)
    source = open_source(config.source_config())
    cleaned = clean_titles(source.records())
    validate_titles(cleaned.titles)
    chosen, _ = select_trainable(cleaned.titles, config.rights)
    trainable = cleaned.titles[chosen]
    splits = pd.DataFrame({"title_id": trainable["title_id"], "split": split_titles(trainable, config.seed)}).reset_index(drop=True)
    examples = build_examples(cleaned.titles, splits)
    render_data_summary(cleaned.titles, cleaned.report)
    wanted = list_candidates(config.models)
    fitted = {name: fit_model(kind, config.model_params.get(kind, {}), examples, config.seed, text) for name, (kind, text) in wanted.items()}
    models, facts = {name: model for name, (model, _) in fitted.items()}, {name: one for name, (_, one) in fitted.items()}
    scores = score_models(models, {name: text for name, (_, text) in wanted.items()}, examples)
    by_split = {split: unframe_scores(scores[scores["split"] == split]) for split in SCORED}
    part = select_part(examples, "validation")
    rules = tune_rules(by_split["validation"], part.labels, part.rows["group_id"].astype(str).tolist(), config.seed)
    judged = decide_all(rules, by_split["test"], examples, "test")
    judgements = {name: judge_candidate(name, one, examples, config.seed) for name, one in judged.items()}
    judgements[COMMONEST] = judge_commonest(examples, config.seed)
    costs = measure_candidates(models, facts, rules, select_part(examples, "test", "described").texts)
    verdict = choose_champion(rules, judged, judgements, examples, config.seed, costs, config.budget)
    frontier = draw_frontier(verdict.validation, judgements, costs, verdict.over_budget, verdict.champion)
    render_comparison(list(judgements.values()), verdict.champion, verdict.validation, verdict.differences, verdict.leak, frontier, [])
    render_evaluation(judgements[verdict.champion], judgements[BASELINE], judged[verdict.champion], [])
    origin = DataOrigin(
        source=source.name, fingerprint=source.fingerprint(), rows=len(cleaned.titles), starter=source.name == STARTER_SOURCE, rights=config.rights
    )
    model, rule = assemble_champion(verdict.champion, rules, models), rules[verdict.champion]
    bundle = folder / "bundle"
    bundle.mkdir(parents=True)
    shown = select_allowed(cleaned.titles, config.rights)
    content = compose_content(shown, splits, predict_titles(model, rule, shown), rule.thresholds)
    content = replace(content, insights=write_insights(content, InsightMaker.from_settings()))
    weights = find_weights(load_settings().encoder)
    encoder = prepare_encoder(weights, folder / "encoders") if weights else None
    vectors = embed_titles(shown, encoder, folder / "vectors").vectors if encoder else None
    build_bundle(bundle, Ingredients(cleaned.titles, cleaned.report, model, rule, verdict, judgements, origin, RunOrigin(), content, encoder, vectors))
    ReleaseStore(str(folder / "releases"), folder / "cache").publish(bundle)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
