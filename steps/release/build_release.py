"""Build the release bundle of the champion."""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from zenml import log_metadata, step
from zenml.types import MarkdownString

from steps.caching import depend_on
from steps.folders import new_folder
from steps.origin import describe_run
from trending.cleaning import CleaningReport
from trending.evaluation.candidates import DecisionRule, Verdict
from trending.evaluation.judge import Judgement
from trending.models import GenreModel
from trending.releases.build import Ingredients, build_bundle
from trending.releases.bundle import DATA_CARD, MODEL_CARD
from trending.releases.manifest import DataOrigin


@step(cache_policy=depend_on("releases", "models", "features", "evaluation", "validation", "cleaning", "reports/markdown.py", "sources/starter.py"))
def build_release(
    titles: pd.DataFrame,
    splits: pd.DataFrame,
    cleaning_report: dict[str, Any],
    models: list[GenreModel],
    names: list[str],
    decision_rules: dict[str, Any],
    judgements: dict[str, Any],
    verdict: dict[str, Any],
    data: dict[str, Any],
) -> tuple[Annotated[Path, "release_bundle"], Annotated[MarkdownString, "model_card"], Annotated[MarkdownString, "data_card"]]:
    """Return the bundle, and its cards for the dashboard.

    Args:
        titles: Clean titles, all of them.
        splits: Split per trainable title.
        cleaning_report: The account of cleaning.
        models: Fitted models.
        names: Their names, in the same order.
        decision_rules: Calibration and thresholds per model.
        judgements: Every figure of every model.
        verdict: Which model was chosen and why.
        data: Where the titles come from (`DataOrigin`, without the number of rows).
    """
    choice = Verdict(**verdict)
    directory = new_folder("release")
    manifest = build_bundle(
        directory,
        Ingredients(
            titles=titles,
            splits=splits,
            cleaning=CleaningReport(**cleaning_report),
            model=models[names.index(choice.champion)],
            rule=DecisionRule(**decision_rules[choice.champion]),
            verdict=choice,
            judgements={name: Judgement(**one) for name, one in judgements.items()},
            data=DataOrigin(**data, rows=len(titles)),
            run=describe_run(),
        ),
    )
    log_metadata(
        metadata={"release": manifest.version, "model_kind": manifest.model_kind, "git_sha": manifest.git_sha, "files": len(manifest.files)}, infer_model=True
    )
    cards = [MarkdownString((directory / name).read_text(encoding="utf-8")) for name in (MODEL_CARD, DATA_CARD)]
    return directory, cards[0], cards[1]
