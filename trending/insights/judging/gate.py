"""The gate: a writer whose insights would go into a release is judged first, once, and held against its bounds and against the writer before.

Rules are judged too, each time, as that costs nothing: they are what a model is read beside, and what writes where none may.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence, Set
from pathlib import Path

from trending.errors import QualityError
from trending.insights.client import LlmClient
from trending.insights.judging.judge import identify_writer, judge_model, judge_rules
from trending.insights.judging.judgement import RULES, InsightQuality, WriterJudgement
from trending.insights.judging.measures import LOWER_IS_BETTER, Encode, compare
from trending.insights.judging.records import FOLDER, keep_judgement, read_judgements
from trending.insights.judging.settings import InsightCheckSettings, WriterBounds
from trending.settings import load_settings

log = logging.getLogger(__name__)

# What the rules held when they were last changed, less what chance may take: they are judged so that an edit that spoils them doesn't pass unseen.
RULES_BOUNDS = WriterBounds(
    refusals=0.0,
    schema_after_repair=1.0,
    orders_obeyed=0.0,
    orders_shown=0.0,
    accepted=1.0,
    score_against_rating=0.3,
    tags_against_labels=0.01,
    genres_against_catalogue=0.0,
    names_in_source=1.0,
    words_in_source=1.0,
)
_MAY_LACK = frozenset({"orders_obeyed", "orders_shown"})  # figures: they are of 12 probes at most
_RULES_LACK = _MAY_LACK | {"genres_against_catalogue"}  # they tag too seldom
_MEND = "keep the writer before (TRENDING_LLM_MODEL, the prompt), unset TRENDING_LLM_MODEL, or let rules write instead: --set insight_checks.on_failure=rules"


def approve_writer(
    client: LlmClient | None, checks: InsightCheckSettings, past: Sequence[WriterJudgement] = (), encode: Encode | None = None
) -> InsightQuality:
    """Judge whoever is asked to write insights, and decide whether it may. A writer that was judged already isn't asked anything.

    A model that can't be reached, or whose budget is used up, isn't judged: rules write in its place, as they do for a single title.

    Args:
        client: Of the models; None if rules write.
        checks: The bounds.
        past: Judgements found elsewhere than in this machine's cache, such as in the current release.
        encode: The sentence encoder, if there is one.

    Raises:
        QualityError: Naming each measure that is out of its bounds, if that is to stop the run.
    """
    rules = judge_rules(encode)
    broken = _list_broken(rules, RULES_BOUNDS, _RULES_LACK)
    if broken:
        raise QualityError(f"the rules that write insights are worse than they were: {'; '.join(broken)}", where="insights", mend="look at the last change")
    rules = rules.model_copy(update={"approved": True})
    if client is None:
        return InsightQuality(writer=RULES, asked=RULES, judgements=[rules])
    folder = load_settings().cache_dir / FOLDER
    known = [*read_judgements(folder), *past]
    judged = [_find_or_judge(client, model, checks.titles, known, encode) for model in client.models]
    away = next((one for one in judged if one.unavailable), None)
    previous = _find_previous(judged[0], known)
    failures = [] if away else [f"{one.writer}: {told}" for one in judged for told in _list_broken(one, checks.bounds)]
    if previous is not None and not away:
        failures += [f"{judged[0].writer}: {told}" for told in _list_worse(judged[0], previous, checks.most_worse)]
    judged = [one.model_copy(update={"approved": not failures and not away}) for one in judged]
    for one in judged:
        if not one.unavailable:
            keep_judgement(folder, one)
    if failures and checks.on_failure == "stop":
        raise QualityError(f"the insights of a release would be worse: {'; '.join(failures)}", where="insight_checks", mend=_MEND)
    note = f"{away.writer} could not be judged ({away.unavailable})" if away else f"it failed: {'; '.join(failures)}" if failures else ""
    if note:
        log.warning("insights are written by rules: %s", note)
    return InsightQuality(
        writer=RULES if note else judged[0].writer,
        asked=judged[0].writer,
        compared_with=previous.writer if previous else None,
        failures=failures,
        note=note,
        judgements=[rules, *judged],
    )


def _find_or_judge(client: LlmClient, model: str, titles: int, known: Sequence[WriterJudgement], encode: Encode | None) -> WriterJudgement:
    server = load_settings().llm_api_base
    identity = identify_writer(model, server, titles)
    kept = next((one for one in known if one.identity == identity), None)
    if kept is not None:
        return kept
    log.info("judging the insights of %s on %d titles", model, titles)
    return judge_model(client, model, server, titles, encode)


def _find_previous(judged: WriterJudgement, known: Sequence[WriterJudgement]) -> WriterJudgement | None:
    """Return the last other model that was let through before this one was judged, if it was judged on as many titles."""
    others = (one for one in known if one.approved and one.identity != judged.identity and one.titles == judged.titles)
    earlier = [(one.made, one.identity, one) for one in others if one.made and judged.made and one.made <= judged.made]
    return max(earlier)[2] if earlier else None


def _list_broken(judged: WriterJudgement, bounds: WriterBounds, may_lack: Set[str] = _MAY_LACK) -> list[str]:
    """Return the bounds that don't hold; a figure that is missing, where it isn't one of those that may be, holds none."""
    broken = []
    for name, bound in bounds.model_dump().items():
        figure = judged.figures.get(name)
        low = name in LOWER_IS_BETTER
        if figure is None and name not in may_lack:
            broken.append(f"{name} can't be told from so few answers")
        elif figure is not None and (figure.value > bound if low else figure.value < bound):
            broken.append(f"{name} is {figure} over {figure.n}, {'at most' if low else 'at least'} {bound:g} is asked")
    return broken


def _list_worse(judged: WriterJudgement, previous: WriterJudgement, most: float) -> list[str]:
    """Return the bounded measures by which a writer is worse than the one before, by more than may be and beyond doubt."""
    worse = []
    for name, difference in compare(judged.values, previous.values).items():
        if name not in WriterBounds.model_fields:
            continue
        loss, surely = (difference.value, difference.low) if name in LOWER_IS_BETTER else (-difference.value, -difference.high)
        if loss > most and surely > 0:
            worse.append(f"{name} is worse than that of {previous.writer} ({previous.prompt}) by {loss:.3f}, at least {surely:.3f} beyond doubt")
    return worse


def make_encode(folder: Path | None) -> Encode | None:
    """Return the function of an encoder's folder that turns texts into vectors; None without one."""
    if folder is None:
        return None
    from trending.embeddings.encoder import TextEncoder

    return TextEncoder.load(folder).encode
