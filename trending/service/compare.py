"""Comparison of titles in sentences that a person can check against the figures beside them."""

from __future__ import annotations

from collections.abc import Sequence

from trending.answers import CompareAnswer, ComparedTitle, TitleAnswer, TitlesAnswer
from trending.insights.schema import Insights


def compare_titles(release: str, found: TitlesAnswer, insights: Sequence[Insights]) -> CompareAnswer:
    """Return the titles side by side.

    Args:
        release: Version of the release.
        found: Two titles or more.
        insights: Of each, in the same order.
    """
    titles = found.titles
    genres = [set(one.card.genres) | {score.genre for score in one.genre_scores} for one in titles]
    tags = [{tag.name for tag in one.tags} for one in insights]
    shared_genres, shared_tags = sorted(set.intersection(*genres)), sorted(set.intersection(*tags))
    findings = [*_compare_scores(titles, insights), *_compare_trends(titles), *_tell_apart(titles, genres, shared_genres), *_tell_apart_by_tags(titles, tags)]
    return CompareAnswer(
        release=release,
        titles=[
            ComparedTitle(card=one.card, insights=insight, trend_rank=one.trend.rank if one.trend else None)
            for one, insight in zip(titles, insights, strict=True)
        ],
        shared_genres=shared_genres,
        shared_tags=shared_tags,
        findings=findings,
        missing=found.missing,
    )


def _name(title: TitleAnswer) -> str:
    return f"{title.card.title} ({title.card.year})" if title.card.year else title.card.title


def _compare_scores(titles: Sequence[TitleAnswer], insights: Sequence[Insights]) -> list[str]:
    scored = [(insight.score, _name(title)) for title, insight in zip(titles, insights, strict=True) if insight.score is not None]
    if not scored:
        return ["None has a score: there are no ratings or reviews of them here."]
    best = max(scored)
    others = ", ".join(f"{name} {score}" for score, name in scored if name != best[1])
    unknown = [_name(title) for title, insight in zip(titles, insights, strict=True) if insight.score is None]
    said = [f"{best[1]} scores {best[0]} of 100{f'; {others}' if others else ''}."]
    return [*said, *(f"{name} has no score: there are no ratings or reviews of it here." for name in unknown)]


def _compare_trends(titles: Sequence[TitleAnswer]) -> list[str]:
    ranked = sorted((one.trend.rank, _name(one)) for one in titles if one.trend)
    return ["Trending: " + ", ".join(f"{name} at number {rank}" for rank, name in ranked) + "."] if ranked else []


def _tell_apart(titles: Sequence[TitleAnswer], genres: Sequence[set[str]], shared: Sequence[str]) -> list[str]:
    own = [(title, sorted(found - set(shared))) for title, found in zip(titles, genres, strict=True)]
    return [f"{_name(title)} is also {', '.join(found)}." for title, found in own if found]


def _tell_apart_by_tags(titles: Sequence[TitleAnswer], tags: Sequence[set[str]]) -> list[str]:
    said = []
    for index, (title, found) in enumerate(zip(titles, tags, strict=True)):
        others = set().union(*(one for place, one in enumerate(tags) if place != index))
        if own := sorted(found - others):
            said.append(f"{_name(title)} alone feels {', '.join(own)}.")
    return said
