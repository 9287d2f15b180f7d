"""The batch scoring pipeline in shards side by side: on one machine in processes and threads, on a cluster each in a pod or job of its own."""

import os
from typing import Any

from zenml import pipeline, unmapped

from pipelines.batch_scoring import publish_scored
from steps.score.stage_titles import stage_titles
from steps.shard.cut_titles import cut_titles
from steps.shard.embed_shard import embed_shard
from steps.shard.join_predictions import join_predictions
from steps.shard.join_vectors import join_vectors
from steps.shard.score_shard import score_shard

# Where steps are made while the run goes on, ZenML would store each parameter as an artifact. As parameters they are seen in the dashboard, and a step
# that both pipelines have is cached for both. Set here as this module is loaded wherever the pipeline runs.
os.environ.setdefault("ZENML_PARAMETER_SIZE_THRESHOLD", "-1")


@pipeline(name="batch_scoring", dynamic=True)
def sharded_scoring(
    source: dict[str, Any],
    data: dict[str, Any],
    rights: list[str],
    release: dict[str, str],
    batch_size: int,
    companions: dict[str, Any] | None,
    writer: str | None,
    insight_checks: dict[str, Any],
    replaces: str | None,
    shards: int,
    embeds: bool,
) -> None:
    """Stage, cut, score and embed shard by shard, join, build and publish: the same release as `batch_scoring` with the same parameters.

    Args:
        source: As `batch_scoring`'s; so is what follows.
        data: Origin of the titles.
        rights: What may be shown.
        release: Which release scores.
        batch_size: Titles scored together.
        companions: The data version, if there is one.
        writer: Of insights, if there is one.
        insight_checks: What that writer must hold.
        replaces: What is served until then.
        shards: How many are wanted.
        embeds: Whether the release has an encoder.
    """
    titles, _ = stage_titles(source=source, fingerprint=data["fingerprint"], rights=rights)
    cut = cut_titles(titles, shards=shards, batch_size=batch_size)
    # Begun together: on one machine the embedding of one shard fills the core that the scoring of another leaves.
    embedded = embed_shard.map(cut, release=unmapped(release), rights=unmapped(rights)) if embeds else None
    parts, reports = score_shard.map(cut, release=unmapped(release), batch_size=unmapped(batch_size)).unpack()
    predictions, _ = join_predictions(parts, reports)
    vectors = None if embedded is None else join_vectors(embedded)
    publish_scored(titles, predictions, rights, data, release, companions, writer, insight_checks, replaces, vectors)
