"""Put the model together that will be released."""

from typing import Annotated, Any

from zenml import ArtifactConfig, log_metadata, step
from zenml.enums import ArtifactType

from steps.caching import depend_on
from steps.materializers import GenreModelMaterializer
from trending.evaluation.champion import assemble_champion as assemble
from trending.evaluation.rules import DecisionRule
from trending.models import GenreModel

_CODE = ("models", "features", "evaluation", "cleaning/text.py", "catalogue/languages.py", "embeddings")


@step(output_materializers=GenreModelMaterializer, cache_policy=depend_on(*_CODE))
def assemble_champion(
    models: list[GenreModel], names: list[str], decision_rules: dict[str, Any], verdict: dict[str, Any]
) -> Annotated[GenreModel, ArtifactConfig(name="champion_model", artifact_type=ArtifactType.MODEL)]:
    """Return the champion: one of the fitted models, or several blended.

    Args:
        models: Fitted models.
        names: Their names, in the same order.
        decision_rules: Of every candidate.
        verdict: Which was chosen and why.
    """
    champion = verdict["champion"]
    log_metadata({"champion": champion})
    return assemble(champion, {champion: DecisionRule(**decision_rules[champion])}, dict(zip(names, models, strict=True)))
