"""The learning half of continual learning: a challenger is learnt, judged against the champion, and published or not."""

from typing import Any

from zenml import pipeline

from pipelines.learning import learn_release, load_beside
from pipelines.loading import load_clean
from stacks.alerts import tell_failure
from steps.continual.assemble_splits import assemble_splits
from steps.continual.decide_promotion import decide_promotion
from steps.continual.judge_challenger import judge_challenger


@pipeline(name="continual_learning", on_failure=tell_failure)
def continual_learning(
    learning: dict[str, Any],
    companions: dict[str, Any] | None,
    champion: dict[str, str],
    key: str,
    decision: dict[str, Any],
    assembly: dict[str, Any],
    gate: dict[str, Any],
) -> None:
    """Load, clean, assemble, learn, judge, decide.

    Args:
        learning: What `learn_release` takes, as the training pipeline has it.
        companions: As the training pipeline's.
        champion: `version` and `digest` of the release that is served.
        key: What the challenger is learnt from and judged by.
        decision: Why there is a challenger.
        assembly: `AssemblySettings`.
        gate: `PromotionRules`.
    """
    rights, seed = learning["rights"], learning["seed"]
    titles, cleaning_report = load_clean(learning["source"], learning["data"])
    splits, roles = assemble_splits(titles, champion=champion, rights=rights, assembly=assembly, seed=seed, after=["validate_titles"])
    beside = load_beside(companions, rights)
    blocking = learning["checks"].get("blocking", [])
    checks = learning["checks"] | {"blocking": []}  # the gate's verdict says what they lead to
    learnt = learn_release(titles, cleaning_report, splits, beside, **learning | {"checks": checks})
    reviews = {"reviews": beside["reviews"]} if beside else {}
    asked = {"champion": champion, "decision": decision, "gate": gate, "blocking": blocking, "seed": seed}
    verdict, _ = judge_challenger(learnt.bundle, titles, roles, learnt.checks, **asked, **reviews)
    version, _ = decide_promotion(learnt.bundle, verdict, key=key)
    learnt.finish(version, "decide_promotion")
