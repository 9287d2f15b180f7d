"""The watching half of continual learning: what is new, and whether it is reason to learn anew."""

from typing import Any

from zenml import pipeline

from pipelines.loading import load_clean
from stacks.alerts import tell_failure
from steps.continual.decide_retraining import decide_retraining


@pipeline(name="continual_watch", on_failure=tell_failure)
def continual_watch(
    source: dict[str, Any], data: dict[str, Any], rights: list[str], champion: dict[str, str], key: str, triggers: dict[str, Any], seed: int
) -> None:
    """Load, clean, validate, and decide.

    Args:
        source: Where titles come from (`SourceConfig`).
        data: How a release would name that origin.
        rights: Patterns of the rights classes that may be learnt from.
        champion: `version` and `digest` of the release that is served.
        key: What a challenger would be learnt from and judged by.
        triggers: `TriggerSettings`.
        seed: Of the bootstrap.
    """
    titles, _ = load_clean(source, data)
    decide_retraining(titles, champion=champion, rights=rights, key=key, triggers=triggers, seed=seed, after=["validate_titles"])
