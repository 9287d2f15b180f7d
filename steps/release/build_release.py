"""Build the release bundle of the champion."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from zenml import log_metadata, step
from zenml.types import MarkdownString

from steps.caching import depend_on
from steps.folders import FolderMaterializer, discard, new_folder
from steps.origin import describe_run
from trending.cleaning.clean import CleaningReport
from trending.cleaning.rights import select_allowed
from trending.evaluation.behaviour import BehaviourResult
from trending.evaluation.bias import Bias
from trending.evaluation.champion import Verdict
from trending.evaluation.fairness import Fairness
from trending.evaluation.frontier import FrontierRow
from trending.evaluation.judgement import Judgement
from trending.evaluation.rules import DecisionRule
from trending.insights.judging.judgement import InsightQuality
from trending.models import GenreModel
from trending.releases.build import Ingredients, build_bundle
from trending.releases.bundle import DATA_CARD, MODEL_CARD
from trending.releases.describe import compose_content
from trending.releases.manifest import DataOrigin

_CODE = ("releases", "catalogue", "embeddings", "insights", "models", "features", "evaluation", "validation", "cleaning", "reviews", "answers.py")
_MORE = ("monitoring/descriptors.py", "monitoring/reference.py", "reports/markdown.py", "sources/starter.py")


@step(cache_policy=depend_on(*_CODE, *_MORE), output_materializers={"release_bundle": FolderMaterializer})
def build_release(
    titles: pd.DataFrame,
    splits: pd.DataFrame,
    cleaning_report: dict[str, Any],
    champion: GenreModel,
    decision_rules: dict[str, Any],
    judgements: dict[str, Any],
    verdict: dict[str, Any],
    probabilities: np.ndarray,
    insights: pd.DataFrame,
    frontier: list[dict[str, Any]],
    names: list[str],
    training_facts: list[dict[str, Any]],
    fairness: dict[str, Any],
    bias: dict[str, Any],
    behaviour: list[dict[str, Any]],
    model_checks: dict[str, str],
    insight_quality: dict[str, Any],
    data: dict[str, Any],
    seed: int,
    works: pd.DataFrame | None = None,
    reviews: pd.DataFrame | None = None,
    trends: pd.DataFrame | None = None,
    encoder: Path | None = None,
    vectors: np.ndarray | None = None,
) -> tuple[Annotated[Path, "release_bundle"], Annotated[MarkdownString, "model_card"], Annotated[MarkdownString, "data_card"]]:
    """Return the bundle, and its cards for the dashboard.

    Args:
        titles: Clean titles, all of them.
        splits: Split per trainable title.
        cleaning_report: The account of cleaning.
        champion: The model to be released.
        decision_rules: Calibration and thresholds per model.
        judgements: Every figure of every model.
        verdict: Which model was chosen and why.
        probabilities: Of the champion, for titles that may be shown.
        insights: Of the same titles.
        frontier: Quality and cost of every candidate.
        names: Of the fitted models.
        training_facts: What fitting each took, in the same order.
        fairness: Of the champion, over language, country, region and decade.
        bias: Of labels and scores, over the same.
        behaviour: Of its behavioural tests.
        model_checks: Outcome of each check on it.
        insight_quality: Who writes insights, and how good that writer is.
        data: Where the titles come from (`DataOrigin`, without the number of rows).
        seed: Of the split, the models and the bootstrap.
        works: Which titles are the same work, where the source knows.
        reviews: Reviews that may be shown.
        trends: Trends of several weeks that may be shown.
        encoder: The encoder's folder, if there is one.
        vectors: Of the titles that may be shown, if there is an encoder.
    """
    choice = Verdict(**verdict)
    rule = DecisionRule(**decision_rules[choice.champion])
    content = compose_content(select_allowed(titles, data["rights"]), splits, probabilities, rule.thresholds, works=works, reviews=reviews, trends=trends)
    directory = new_folder("release")
    manifest = build_bundle(
        directory,
        Ingredients(
            titles=titles,
            cleaning=CleaningReport(**cleaning_report),
            model=champion,
            rule=rule,
            verdict=choice,
            judgements={name: Judgement(**one) for name, one in judgements.items()},
            data=DataOrigin(**data, rows=len(titles)),
            run=describe_run(),
            content=replace(content, insights=insights),
            encoder=encoder,
            vectors=vectors,
            splits=splits,
            frontier=[FrontierRow(**row) for row in frontier],
            training=dict(zip(names, training_facts, strict=True)),
            fairness=Fairness(**fairness),
            bias=Bias(**bias),
            behaviour=[BehaviourResult(**one) for one in behaviour],
            checks=model_checks,
            insights=InsightQuality(**insight_quality),
            seed=seed,
        ),
    )
    if encoder is not None:
        discard(encoder)
    log_metadata(
        metadata={
            "release": manifest.version,
            "model_kind": manifest.model_kind,
            "git_sha": manifest.git_sha,
            "files": len(manifest.files),
            "reviews": 0 if reviews is None else len(reviews),
            "encoder": encoder is not None,
        },
        infer_model=True,
    )
    cards = [MarkdownString((directory / name).read_text(encoding="utf-8")) for name in (MODEL_CARD, DATA_CARD)]
    return directory, cards[0], cards[1]
