"""Judge whoever is asked to write insights, before anything it writes goes into a release."""

from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step
from zenml.types import MarkdownString

from steps.caching import depend_on
from steps.folders import discard
from trending.evaluation.card_insights import tabulate_insights, tell_insights
from trending.insights.client import LlmClient
from trending.insights.judging.gate import approve_writer, make_encode
from trending.insights.judging.settings import InsightCheckSettings
from trending.releases import ReleaseStore
from trending.releases.insight_quality import read_past

_CODE = (
    *("insights", "evaluation", "reports/markdown.py", "releases", "sources", "answers.py"),
    *("catalogue", "cleaning", "embeddings", "features", "models", "reviews"),
)


@step(cache_policy=depend_on(*_CODE))
def judge_insights(
    writer: str | None, checks: dict[str, Any], encoder: Path | None = None
) -> tuple[Annotated[dict[str, Any], "insight_quality"], Annotated[MarkdownString, "insight_report"]]:
    """Return who writes, how good that writer is, and a page; a writer that is worse than it may be ends the run.

    Args:
        writer: The model that is asked for; None if rules write. Another one's judgement is no cached result.
        checks: Bounds and what follows from them (`InsightCheckSettings`).
        encoder: The sentence encoder's folder, if there is one.
    """
    past = read_past(ReleaseStore.from_settings()) if writer else []
    quality = approve_writer(LlmClient.from_settings(), InsightCheckSettings(**checks), past, make_encode(encoder))
    if encoder is not None:
        discard(encoder)
    figures = {one.writer: {name: str(figure) for name, figure in one.figures.items()} for one in quality.judgements}
    log_metadata({"writer": quality.writer, "asked": quality.asked, "calls": sum(one.calls for one in quality.judgements), "figures": figures})
    lines = ["# Insights: who writes them and how good they are", "", *(f"- {told}" for told in tell_insights(quality)), "", tabulate_insights(quality)]
    return quality.model_dump(mode="json"), MarkdownString("\n".join(lines) + "\n")
