"""The training pipeline: from titles to a published release, each stage one step."""

from typing import Any

from zenml import pipeline

from pipelines.learning import learn_release, load_beside
from pipelines.loading import load_clean
from steps.release.publish_release import publish_release
from steps.split.split_titles import split_titles

MODEL_NAME = "trending-now-genres"


@pipeline(name="training")
def training(
    source: dict[str, Any],
    data: dict[str, Any],
    rights: list[str],
    seed: int,
    models: list[str],
    model_params: dict[str, dict[str, Any]],
    search: dict[str, dict[str, Any]],
    companions: dict[str, Any] | None,
    features: dict[str, Any],
    encoder: str | None,
    writer: str | None,
    budget: dict[str, Any],
    checks: dict[str, Any],
    insight_checks: dict[str, Any],
) -> None:
    """Load, clean, validate, split, learn, judge, describe, and publish what is best.

    Args:
        source: Where titles come from (`SourceConfig`).
        data: How the release will name that origin (`DataOrigin`, without the number of rows).
        rights: Patterns of the rights classes that may be learnt from.
        seed: Of the split, the models and the bootstrap.
        models: Kinds to train.
        model_params: Hyper-parameters per kind that differ from its defaults.
        search: Per kind whose hyper-parameters are searched for, what that may spend (`SearchBudget`).
        companions: `version`, `fingerprint` and `market` of the data version whose works, reviews and trends go with the titles; None if the source has none.
        features: `as_of`: ISO date, features are what was known by then; `store`: where the feature store lies, by default under the home folder; `key`:
            hash of all that its content depends on.
        encoder: SHA-256 of the sentence encoder's weights, configuration and tokenizer; None without one.
        writer: The model that writes insights; None if rules do.
        budget: What the champion may cost (`Budget`).
        checks: Conditions of the checks on it (`ModelCheckSettings`).
        insight_checks: What the writer of insights must hold (`InsightCheckSettings`).
    """
    titles, cleaning_report = load_clean(source, data)
    splits = split_titles(titles, rights=rights, seed=seed, after=["validate_titles"])
    learnt = learn_release(
        titles,
        cleaning_report,
        splits,
        load_beside(companions, rights),
        source=source,
        data=data,
        rights=rights,
        seed=seed,
        models=models,
        model_params=model_params,
        search=search,
        features=features,
        encoder=encoder,
        writer=writer,
        budget=budget,
        checks=checks,
        insight_checks=insight_checks,
    )
    learnt.finish(publish_release(learnt.bundle), "publish_release")
