"""The batch scoring pipeline: a released model scores a whole catalogue, and a release shows what it found."""

from typing import Any

from zenml import pipeline

from steps.ingest.load_companions import load_companions
from steps.release.publish_release import publish_release
from steps.score.rescore_release import rescore_release
from steps.score.score_titles import score_titles
from steps.score.stage_titles import stage_titles


@pipeline(name="batch_scoring")
def batch_scoring(
    source: dict[str, Any],
    data: dict[str, Any],
    rights: list[str],
    release: dict[str, str],
    batch_size: int,
    companions: dict[str, Any] | None,
    writer: str | None,
    insight_checks: dict[str, Any],
    replaces: str | None,
) -> None:
    """Stage, score, build and publish.

    Args:
        source: Where titles come from (`SourceConfig`).
        data: How the release will name that origin (`DataOrigin`, without the number of rows).
        rights: Patterns of the rights classes that may be shown.
        release: `version` and `digest` of the release whose model scores.
        batch_size: Titles scored together.
        companions: `version`, `fingerprint` and `market` of the data version whose works, reviews and trends go with the titles; None if the source has none.
        writer: The model that writes insights; None if rules do.
        insight_checks: What that writer must hold (`InsightCheckSettings`).
        replaces: The version whose model must be served until the end; None: whichever is.
    """
    titles, _ = stage_titles(source=source, fingerprint=data["fingerprint"], rights=rights)
    predictions, _ = score_titles(titles, release=release, batch_size=batch_size)
    publish_scored(titles, predictions, rights, data, release, companions, writer, insight_checks, replaces)


def publish_scored(
    titles: Any,
    predictions: Any,
    rights: list[str],
    data: dict[str, Any],
    release: dict[str, str],
    companions: dict[str, Any] | None,
    writer: str | None,
    insight_checks: dict[str, Any],
    replaces: str | None,
    vectors: Any = None,
) -> None:
    """Build and publish: the end of a run, however its titles were scored.

    Args:
        titles: The artifact of staged titles.
        predictions: The artifact of their predictions.
        rights: As the pipeline's; so is what follows.
        data: Origin of the titles.
        release: Which release scored.
        companions: The data version, if there is one.
        writer: Of insights, if there is one.
        insight_checks: What that writer must hold.
        replaces: What is served until then.
        vectors: The artifact of the titles' vectors, if there are some already.
    """
    beside: dict[str, Any] = {} if vectors is None else {"vectors": vectors}
    if companions:
        beside |= dict(zip(("works", "reviews", "trends"), load_companions(rights=rights, **companions), strict=True))
    # What a model didn't get done, within its budget, it is asked for again: the step isn't cached, its finished work is.
    rescore = rescore_release.with_options(enable_cache=False) if writer else rescore_release
    version = companions["version"] if companions else None
    release_bundle = rescore(titles, predictions, release=release, data=data, version=version, writer=writer, insight_checks=insight_checks, **beside)
    publish_release(release_bundle, replaces=replaces)
