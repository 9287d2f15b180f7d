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
from trending.evaluation.candidates import choose_champion, judge_candidate, judge_commonest, list_candidates, tune_candidate
from trending.features.examples import build_examples, select_part
from trending.insights.maker import InsightMaker
from trending.models import build_model
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
    models, rules = {}, {}
    for name, (kind, text) in list_candidates(config.models).items():
        part = select_part(examples, "train", text)
        models[name] = build_model(kind, config.model_params.get(kind))
        models[name].fit(part.texts, part.labels, config.seed)
        rules[name] = tune_candidate(models[name], examples, text)
    judged = {name: rules[name].apply(model, examples, "test") for name, model in models.items()}
    judgements = {name: judge_candidate(name, one, examples, config.seed) for name, one in judged.items()}
    judgements[COMMONEST] = judge_commonest(examples, config.seed)
    verdict = choose_champion(rules, judged, judgements, examples, config.seed)
    render_comparison(list(judgements.values()), verdict.champion, verdict.validation, verdict.differences, verdict.leak, [])
    render_evaluation(judgements[verdict.champion], judgements[BASELINE], judged[verdict.champion], [])
    origin = DataOrigin(
        source=source.name, fingerprint=source.fingerprint(), rows=len(cleaned.titles), starter=source.name == STARTER_SOURCE, rights=config.rights
    )
    model, rule = models[verdict.champion], rules[verdict.champion]
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
