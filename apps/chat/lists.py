"""Carries out plans whose answer is a list: what is trending, searches, recommendations, titles like another, counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apps.chat.markdown import escape
from apps.chat.plans import Plan, TitleName, Wanted
from apps.chat.reply import Reply, begin_sentence, describe_wanted
from apps.chat.resolve import find_title
from apps.chat.slots import MAX_LIMIT
from apps.chat.titles import say_found
from apps.chat.toolbox import Toolbox, ToolFailed
from trending.answers import SearchAnswer, SimilarAnswer, TitleAnswer, TitleCard, TrendingAnswer

_SPARE = 10  # more than are shown, where some are left out by hand
_WINDOWS = {"week": "this week", "month": "this month", "quarter": "this quarter"}
_ALL = "That was all."
_MORE_WISHES = 'Ask "more" for others, or change a thing: "only shows", "newer", "in French".'


async def list_trending(plan: Plan, tools: Toolbox) -> Reply:
    """Rank what is trending; without figures, the best known titles."""
    reply = Reply(plan, tools)
    if plan.cursor == "":
        reply.add(_ALL)
        return reply
    found = await tools.ask(TrendingAnswer, "get_trending", window=plan.window, **plan.wanted.to_arguments(), limit=_widen(plan), cursor=plan.cursor)
    entries = [one for one in found.entries if not _is_unwanted(one.title, plan.wanted)][: plan.limit]
    reply.add_notes(plan.notes)
    if not entries:
        return await _replace_trending(plan, tools, reply, found)
    until = f" (figures up to {found.as_of})" if found.as_of else ""
    reply.add(f"Trending {_WINDOWS[plan.window]}: {describe_wanted(plan.wanted)}{until}")
    for entry in entries:
        sentences = [escape(part.sentence, 200) for part in entry.parts if part.sentence]
        reply.add(f"{entry.rank}. {reply.name(entry.title)}: {' '.join(sentences if plan.why else sentences[:1]) or f'score {entry.score:.2f}'}")
    reply.add("", "Rankings add up these signals; ask “why is … trending?” for one title." if plan.why else "Ask “why?” for all reasons.")
    reply.plan = plan.model_copy(update={"cursor": found.next_cursor, "why": False})
    return reply


async def _replace_trending(plan: Plan, tools: Toolbox, reply: Reply, found: TrendingAnswer) -> Reply:
    reason = "this release has no popularity figures" if found.as_of is None else f"nothing in the ranking {_WINDOWS[plan.window]} fits"
    best = await tools.ask(SearchAnswer, "search_titles", **plan.wanted.to_arguments(), limit=plan.limit)
    reply.add(f"I can't say what is trending here ({describe_wanted(plan.wanted)}): {reason}.")
    if best.titles:
        reply.add("The best known that fit instead:")
        reply.list_cards(best.titles)
    # "More" goes on with what is shown.
    reply.plan = Plan(intent="search", wanted=plan.wanted, limit=plan.limit, cursor=best.next_cursor)
    return reply


async def search(plan: Plan, tools: Toolbox) -> Reply:
    """List what fits a description, with fewer demands if nothing does."""
    reply = Reply(plan, tools)
    if plan.cursor == "":
        reply.add(_ALL)
        return reply
    found, used, dropped = await _search_relaxing(plan, tools)
    cards = _choose(found.titles, used.wanted, plan.limit)
    reply.add_notes([*plan.notes, *dropped])
    if not cards:
        reply.add(f"I found no {_describe(plan)}.", "Try fewer words or another spelling, or leave a wish out.")
        return reply
    reply.add(_introduce(used, found, len(cards)))
    reply.list_cards(cards, [_say_why(card, used) for card in cards] if plan.why else ())
    reply.plan = used.model_copy(update={"cursor": found.next_cursor, "why": False, "notes": []})
    return reply


async def recommend(plan: Plan, tools: Toolbox) -> Reply:
    """Recommend a few titles: of a wish, what fits it; without one, what is trending."""
    if plan.query or plan.wanted != Wanted() or plan.cursor:
        reply = await search(plan, tools)
        reply.add(*(["", _MORE_WISHES] if reply.titles else []))
        return reply
    reply = await list_trending(plan.model_copy(update={"intent": "trending"}), tools)
    reply.add(*(["", "Tell me a genre, a mood or a title you liked, and I'll choose closer."] if reply.titles else []))
    return reply


async def count(plan: Plan, tools: Toolbox) -> Reply:
    """Say how many titles fit."""
    reply = Reply(plan, tools)
    found = await tools.ask(SearchAnswer, "search_titles", query=plan.query, **plan.wanted.to_arguments(), limit=1)
    least = "" if found.total_is_exact else "at least "
    reply.add_notes(plan.notes)
    reply.add(f"This release has {least}{found.total:,} {_describe(plan)}.")
    return reply


async def list_similar(plan: Plan, tools: Toolbox) -> Reply:
    """List titles like one title, changed as asked."""
    reply = Reply(plan, tools)
    # Similar titles have no pages: more of them are those after the ones that were shown.
    shown = plan.limit if plan.cursor == "" else 0
    plan = plan.model_copy(update={"limit": min(MAX_LIMIT, plan.limit + shown), "cursor": None})
    found = await find_title(tools, plan.names[0])
    if found.title is None:
        return say_found(reply, found, plan.names[0])
    say_found(reply, found, plan.names[0])
    wanted, notes = await _make_relative(plan, found.title.title_id, tools)
    similar = await _ask_similar(tools, found.title.title_id, wanted, plan.limit)
    close = [one for one in similar.titles if not _is_unwanted(one.title, wanted)][shown : plan.limit]
    named = TitleName(text=found.title.title, year=found.title.year, type=found.title.type, title_id=found.title.title_id)
    reply.plan = plan.model_copy(update={"names": [named], "cursor": None, "why": False, "otherwise": None, "notes": []})
    reply.add_notes([*plan.notes, *notes])
    base = reply.name(found.title)
    if not close:
        reply.add(_ALL if shown else f"I found no {describe_wanted(wanted)} like {base}. Leave a wish out, or describe what you want.")
        return reply
    reply.add(f"{begin_sentence(describe_wanted(wanted))} like {base}{', more' if shown else ''}:")
    # "The first" of the next question is the first of the list, not the title asked about.
    reply.titles.clear()
    reply.list_cards([one.title for one in close], [escape(one.why, 160) for one in close])
    reply.name(found.title)
    reply.add(*(["", "Likeness is of plot and genres, with the vibes and ratings there are."] if plan.why else []))
    return reply


async def _ask_similar(tools: Toolbox, title_id: str, wanted: Wanted, limit: int) -> SimilarAnswer:
    more = min(MAX_LIMIT, limit + _SPARE) if wanted.without else limit
    try:
        return await tools.ask(SimilarAnswer, "find_similar", title_id=title_id, **wanted.to_arguments(), limit=more)
    except ToolFailed:
        if wanted.tag is None:
            raise
        return await tools.ask(SimilarAnswer, "find_similar", title_id=title_id, **wanted.model_copy(update={"tag": None}).to_arguments(), limit=more)


async def _make_relative(plan: Plan, title_id: str, tools: Toolbox) -> tuple[Wanted, list[str]]:
    """Return the filters that "newer", "older" and "better" mean of this title."""
    if not plan.changes:
        return plan.wanted, []
    card = (await tools.ask(TitleAnswer, "get_title", title_id=title_id)).card
    said: dict[str, Any] = {}
    notes = []
    for change in plan.changes:
        if change == "better":
            said |= {"min_score": min(100, card.score + 1)} if card.score is not None else {}
            notes += [] if card.score is not None else ["It has no score, so I can't tell what is better."]
        elif card.year is None:
            notes.append(f"Its year isn't known, so I can't tell what is {change}.")
        else:
            said |= {"year_from": card.year + 1} if change == "newer" else {"year_to": card.year - 1}
    return plan.wanted.model_copy(update=said), notes


async def _search_relaxing(plan: Plan, tools: Toolbox) -> tuple[SearchAnswer, Plan, list[str]]:
    """Search; if nothing fits, or the catalogue doesn't know a vibe or language, leave out one wish after the other and say so."""
    dropped: list[str] = []
    while True:
        try:
            found = await tools.ask(
                SearchAnswer, "search_titles", query=plan.query or None, **plan.wanted.to_arguments(), limit=_widen(plan), cursor=plan.cursor or None
            )
            if found.titles or plan.cursor:
                return found, plan, dropped
        except ToolFailed:
            if plan.wanted.tag is None:
                raise
            found = None
        looser = _relax(plan, dropped)
        if looser is None:
            return found or SearchAnswer(release="", query=plan.query, titles=[], total=0), plan, dropped
        plan = looser


def _relax(plan: Plan, dropped: list[str]) -> Plan | None:
    wanted = plan.wanted
    if wanted.tag:
        dropped.append(f"Nothing that fits is marked “{wanted.tag}”: I searched for the word instead.")
        return plan.model_copy(update={"wanted": wanted.model_copy(update={"tag": None}), "query": f"{plan.query} {wanted.tag}".strip()})
    if wanted.min_score:
        dropped.append("Too few titles that fit have a score here: these are the best known, not the best rated.")
        return plan.model_copy(update={"wanted": wanted.model_copy(update={"min_score": None})})
    return None


def _choose(cards: Sequence[TitleCard], wanted: Wanted, limit: int) -> list[TitleCard]:
    """Return those shown: the best first if quality was asked for."""
    fit = [card for card in cards if not _is_unwanted(card, wanted)]
    return (sorted(fit, key=lambda card: -(card.score or 0)) if wanted.min_score else fit)[:limit]


def _is_unwanted(card: TitleCard, wanted: Wanted) -> bool:
    return not set(wanted.without).isdisjoint(card.known_genres())


def _widen(plan: Plan) -> int:
    """Return how many to ask for: more where some are left out or put in another order by hand."""
    return min(MAX_LIMIT, plan.limit + _SPARE) if plan.wanted.without or plan.wanted.min_score else plan.limit


def _describe(plan: Plan) -> str:
    about = f" about “{escape(plan.query, 100)}”" if plan.query else ""
    return f"{describe_wanted(plan.wanted)}{about}"


def _introduce(plan: Plan, found: SearchAnswer, shown: int) -> str:
    if plan.cursor:
        return f"More {_describe(plan)}:"
    total = f"{shown} of {'' if found.total_is_exact else 'at least '}{found.total:,}" if found.total > shown else str(shown)
    corrected = f" (I searched for “{escape(found.corrected, 100)}”)" if found.corrected else ""
    return f"{begin_sentence(_describe(plan))}, {total}{corrected}:"


def _say_why(card: TitleCard, plan: Plan) -> str:
    said = [f"it is {' and '.join(plan.wanted.genre)}"] if plan.wanted.genre else []
    said += [f"its vibe is {escape(plan.wanted.tag)}"] if plan.wanted.tag else []
    said += [f"its plot is near “{escape(plan.query, 80)}”"] if plan.query else []
    said += [f"it scores {card.score}"] if card.score is not None else []
    return ", ".join(said) or "it is among the best known here"
