"""Carries out plans about titles by name: facts, quality, comparison, why one trends."""

from __future__ import annotations

from collections.abc import Sequence

from apps.chat.answers import Mention
from apps.chat.markdown import cite_source, escape, link_title
from apps.chat.plans import Plan, TitleName
from apps.chat.reply import KINDS, Reply
from apps.chat.resolve import Found, find_title
from apps.chat.toolbox import Toolbox
from trending.answers import CompareAnswer, InsightsAnswer, ReviewsAnswer, TitleAnswer, TitlesAnswer
from trending.catalogue.languages import LANGUAGES
from trending.insights.orders import is_order
from trending.insights.schema import Insights, Theme

_QUOTED = 2
_PLOT_CHARS = 600
_REVIEW_CHARS = 220


def say_found(reply: Reply, found: Found, name: TitleName) -> Reply:
    """Add which title was taken where that isn't plain, or that none is called so."""
    asked = f"“{escape(name.text, 80)}”"
    if found.title is None:
        reply.add(f"I know no title called {asked} in this release" + (f"; did you mean {_join(reply, found.near, 'or')}?" if found.near else "."))
        reply.add(*([] if found.near else ["Check the spelling, or describe it: “films about …”."]))
        return reply
    taken = reply.name(found.title)
    if found.namesakes:
        reply.add(f"Several titles are called {asked}; I took {taken}, {KINDS[found.title.type]}. Others: {_join(reply, found.namesakes, 'and')}.", "")
    elif not found.exact:
        reply.add(f"I took {asked} to be {taken}" + (f"; there is {_join(reply, found.namesakes, 'and')} too" if found.namesakes else "") + ".", "")
    elif name.year and found.title.year != name.year:
        reply.add(f"I know none of {name.year}; this is {taken}.", "")
    return reply


def _join(reply: Reply, titles: Sequence[Mention], word: str) -> str:
    names = [reply.name(one) for one in titles]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def _keep(plan: Plan, *titles: Mention) -> Plan:
    """Return the plan with the titles its names turned out to mean, for questions that follow."""
    names = [TitleName(text=one.title, year=one.year, type=one.type, title_id=one.title_id) for one in titles]
    return plan.model_copy(update={"names": names, "splits": [], "why": False, "otherwise": None})


async def tell_facts(plan: Plan, tools: Toolbox, found: Found | None = None) -> Reply:
    """Say what was asked of a title, which may have been found already."""
    reply = Reply(plan, tools)
    found = found or await find_title(tools, plan.names[0])
    say_found(reply, found, plan.names[0])
    if found.title is None:
        return reply
    answer = await tools.ask(TitleAnswer, "get_title", title_id=found.title.title_id)
    reply.plan = _keep(plan, found.title)
    add_facts(reply, answer, plan)
    return reply


def add_facts(reply: Reply, answer: TitleAnswer, plan: Plan) -> None:
    """Add the sentences of a topic."""
    card, name = answer.card, reply.name(answer.card)
    language = LANGUAGES.get(card.language or "", card.language)
    plain = {
        "year": f"{link_title(card.title, card.title_id)} was first released in {card.year}." if card.year else f"I don't know when {name} was released.",
        "language": f"{name} is in {escape(language)}." if language else f"I don't know the language of {name}.",
        "country": f"{name} is from {escape(card.country)} (country code)." if card.country else f"I don't know where {name} is from.",
        "type": f"{name} is a {KINDS[card.type]}.",
        "genre": _say_genres(name, answer, plan.why),
        "plot": _say_plot(name, answer),
    }
    if plan.topic != "all":
        reply.add(plain[plan.topic])
        return
    reply.add(f"{name} is a {KINDS[card.type]}{f' in {escape(language)}' if language else ''}. {_say_genres('It', answer, False)}", _say_plot("", answer))
    if card.score is not None:
        reply.add(f"Score: {card.score} of 100.")
    if answer.trend:
        reply.add(f"It is number {answer.trend.rank} of what is trending.")


def _say_genres(name: str, answer: TitleAnswer, why: bool) -> str:
    listed, predicted = answer.card.genres, answer.genre_scores
    said = f"{name} is listed as {' and '.join(listed)}." if listed else f"No catalogue lists a genre of {name if name != 'It' else 'it'}."
    if predicted:
        said += f" From the plot, not knowing what is listed, the model predicts {', '.join(f'{one.genre} ({one.probability:.0%})' for one in predicted[:4])}."
    return said + (" Predictions rest on the words of the plot; paste a plot after “what genre is:” to see them." if why else "")


def _say_plot(name: str, answer: TitleAnswer) -> str:
    plot = answer.plot or answer.card.blurb
    if not plot:
        return f"I have no plot of {name or 'it'}."
    return f"{f'{name}: ' if name else ''}“{escape(plot, _PLOT_CHARS)}” ({cite_source(answer.card.attribution)})"


async def tell_quality(plan: Plan, tools: Toolbox, fast: bool) -> Reply:
    """Say whether a title is any good, by its insights and reviews.

    Args:
        plan: Names one title.
        tools: The server's.
        fast: Don't ask for insights that a model would have to make.
    """
    reply = Reply(plan, tools)
    found = await find_title(tools, plan.names[0])
    say_found(reply, found, plan.names[0])
    if found.title is None:
        return reply
    reply.plan = _keep(plan, found.title)
    title_id = found.title.title_id
    known = None
    if fast:
        title = await tools.ask(TitleAnswer, "get_title", title_id=title_id)
        insights, known = title.insights, title.card.score
    else:
        insights = (await tools.ask(InsightsAnswer, "get_insights", title_id=title_id)).insights
    reviews = await tools.ask(ReviewsAnswer, "get_reviews", title_id=title_id, limit=_QUOTED)
    name = reply.name(found.title)
    if insights is not None:
        _add_verdict(reply, name, insights, plan.why)
    elif known is not None:
        reply.add(f"{name} scores **{known} of 100**: {_judge(known)}.")
    elif not reviews.reviews:
        reply.add(f"I can't tell how good {name} is: this release has no score and no reviews of it.")
    if reviews.reviews:
        reply.add("", f"Of {reviews.total} review{'' if reviews.total == 1 else 's'}:")
        # A review that gives orders to machines is no opinion.
        for one in (one for one in reviews.reviews if not is_order(one.text)):
            rating = f" (rated {one.rating:g} of 10)" if one.rating is not None else ""
            reply.add(f"- “{escape(one.text, _REVIEW_CHARS)}”{rating}, {cite_source(one.attribution)}")
    if insights is not None:
        reply.add("", _say_maker(insights))
    return reply


def _add_verdict(reply: Reply, name: str, insights: Insights, why: bool) -> None:
    if insights.score is None:
        reply.add(f"I can't tell how good {name} is: this release has no ratings or reviews of it.")
        if insights.tags:
            reply.add(f"What its plot promises: {', '.join(escape(tag.name) for tag in insights.tags[:5])}.")
        return
    reply.add(f"{name} scores **{insights.score} of 100**: {_judge(insights.score)}.")
    for reason in insights.score_reasons[: 6 if why else 2]:
        reply.add(f"- {escape(reason, 200)}")
    for word, themes in (("Praised", insights.praise), ("Criticised", insights.complaints)):
        if themes:
            reply.add(f"{word} for {', '.join(_say_theme(one) for one in themes[:3])}.")
    if insights.tags:
        reply.add(f"Vibes: {', '.join(escape(tag.name) for tag in insights.tags[:6])}.")


def _judge(score: int) -> str:
    for least, words in ((80, "people like it a lot"), (65, "people mostly like it"), (45, "opinions are mixed")):
        if score >= least:
            return words
    return "people mostly don't like it"


def _say_theme(theme: Theme) -> str:
    return f"{escape(theme.theme, 60)} (“{escape(theme.quotes[0].text, 120)}”)"


def _say_maker(insights: Insights) -> str:
    made = insights.provenance
    source = [f"{made.from_reviews} review{'' if made.from_reviews == 1 else 's'}"] if made.from_reviews else []
    source += ["the plot"] if made.from_plot else []
    read = f", from {' and '.join(source)}" if source else ""
    return f"(Judged by {escape(made.maker, 60)}, not by me{read}.)"


async def tell_trend(plan: Plan, tools: Toolbox) -> Reply:
    """Say whether and why a title is trending."""
    reply = Reply(plan, tools)
    found = await find_title(tools, plan.names[0])
    say_found(reply, found, plan.names[0])
    if found.title is None:
        return reply
    answer = await tools.ask(TitleAnswer, "get_title", title_id=found.title.title_id)
    reply.plan = _keep(plan, found.title)
    name = reply.name(found.title)
    if answer.trend is None:
        reply.add(f"{name} isn't in the ranking of what is trending, as far as this release's figures go.")
        return reply
    reply.add(f"{name} is number {answer.trend.rank} of what is trending:")
    reply.add(*(f"- {escape(part.sentence, 240)}" for part in answer.trend.parts if part.sentence))
    return reply


async def compare(plan: Plan, tools: Toolbox, fast: bool) -> Reply:
    """Put titles side by side.

    Args:
        plan: Names two titles or more; its splits are other ways to read them.
        tools: The server's.
        fast: Don't ask for insights that a model would have to make.
    """
    reply = Reply(plan, tools)
    found = await _find_all(plan, tools)
    for name, one in found:
        say_found(reply, one, name)
    titles = list({one.title.title_id: one.title for _, one in found if one.title}.values())
    if len(titles) < 2 or any(one.title is None for _, one in found):
        reply.add(*(["These are one and the same title."] if len(titles) == 1 and all(one.title for _, one in found) else []))
        return reply
    reply.plan = _keep(plan, *titles)
    reply.titles.clear()
    if plan.topic == "year":
        reply.add(_say_older(reply, titles))
        return reply
    names = [reply.name(one) for one in titles]
    reply.add(" or ".join(names) + "?")
    if fast:
        await _compare_cards(reply, titles, tools)
        return reply
    answer = await tools.ask(CompareAnswer, "compare_titles", title_ids=[one.title_id for one in titles])
    reply.add(*(f"- {escape(finding, 300)}" for finding in answer.findings))
    shared = [*answer.shared_genres, *answer.shared_tags]
    reply.add(*([f"- In common: {escape(', '.join(shared), 200)}."] if shared else []))
    return reply


def _say_older(reply: Reply, titles: Sequence[Mention]) -> str:
    if unknown := [reply.name(one) for one in titles if one.year is None]:
        return f"I can't tell which is older: I don't know the year of {' or '.join(unknown)}."
    by_year = sorted(titles, key=lambda one: one.year or 0)
    first, *others = (reply.name(one) for one in by_year)
    if by_year[0].year == by_year[1].year:
        return f"{first} and {others[0]} are of the same year."
    return f"{first} is older than {' and '.join(others)}."


async def _find_all(plan: Plan, tools: Toolbox) -> list[tuple[TitleName, Found]]:
    """Return what the names mean, in the first way of reading them that finds every title."""
    first: list[tuple[TitleName, Found]] = []
    for names in [plan.names, *plan.splits]:
        found = [(name, await find_title(tools, name)) for name in names]
        if all(one.title for _, one in found):
            return found
        first = first or found
    return first


async def _compare_cards(reply: Reply, titles: Sequence[Mention], tools: Toolbox) -> None:
    answer = await tools.ask(TitlesAnswer, "get_titles", title_ids=[one.title_id for one in titles])
    for one in answer.titles:
        score = f"score {one.card.score} of 100" if one.card.score is not None else "no score"
        reply.add(f"- {reply.name(one.card)}: {', '.join(one.card.genres)}; {score}")
