"""Answers without a model: the grammar says what is asked, and here the tools are called and the reply is written. The same question gives the same answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from apps.chat import lists, titles
from apps.chat.answers import Turn
from apps.chat.grammar import make_plan
from apps.chat.markdown import escape
from apps.chat.plans import Intent, Plan, Wanted
from apps.chat.refusals import say_refusal
from apps.chat.reply import Reply
from apps.chat.resolve import find_title
from apps.chat.toolbox import Toolbox, ToolFailed
from trending.answers import GenresAnswer, PredictAnswer

_EXAMPLES = (
    "what's trending in horror?",
    "recommend a feel-good comedy for tonight",
    "films about a heist in space",
    "something like Casablanca but funnier",
    "is Alien any good?",
    "Alien or Jaws?",
    "what genre is: a detective hunts a killer through the fog",
)
_HELP = "I answer questions about the films and shows of this catalogue, by looking them up. Ask, for example:"
_GREETING = "Hello! Ask me what is trending, what to watch, or whether a film or show is any good. “Help” shows what else I can do."
_THANKS = "You're welcome. Ask whenever you need another film or show."
_WHICH = "Which title do you mean? Name it, or ask for a list first and then for “the second one”."
_UNKNOWN = "I didn't understand that. I can look up films and shows, for example:"
_NOTHING_CALLED = "I only know the films and shows of this catalogue, and find none called"

Handler = Callable[[Plan, Toolbox], Awaitable[Reply]]


async def answer_by_rules(question: str, history: Sequence[Turn], tools: Toolbox, fast: bool = False, today: dt.date | None = None) -> Reply:
    """Answer a question.

    Args:
        question: As it was typed.
        history: What was asked before.
        tools: The server's.
        fast: Leave out what a model would have to be asked for, because one has just failed.
        today: What "recent" is counted from.
    """
    plan = make_plan(question, history, today)
    try:
        return await _carry_out(plan, tools, fast)
    except ToolFailed as failure:
        reply = Reply(plan, tools)
        reply.add(f"That can't be looked up: {escape(str(failure), 400)}")
        return reply


async def _carry_out(plan: Plan, tools: Toolbox, fast: bool) -> Reply:
    handlers: dict[Intent, Handler] = {
        "greet": partial(_say, lines=[_GREETING]),
        "thank": partial(_say, lines=[_THANKS]),
        "help": partial(_say, lines=[_HELP, *(f"- {one}" for one in _EXAMPLES)]),
        "ask_which": partial(_say, lines=[_WHICH]),
        "refuse": _refuse,
        "genres": _list_genres,
        "predict": _predict,
        "lookup": _look_up,
        "facts": titles.tell_facts,
        "quality": partial(titles.tell_quality, fast=fast),
        "compare": partial(titles.compare, fast=fast),
        "trend_of_title": titles.tell_trend,
        "trending": lists.list_trending,
        "search": lists.search,
        "recommend": lists.recommend,
        "similar": lists.list_similar,
        "count": lists.count,
    }
    reply = await handlers.get(plan.intent, partial(_say, lines=[_UNKNOWN, *(f"- {one}" for one in _EXAMPLES[:4])]))(plan, tools)
    # A plan that is still in doubt has found no title.
    return await _carry_out(reply.plan.otherwise, tools, fast) if reply.plan.otherwise else reply


async def _say(plan: Plan, tools: Toolbox, lines: Sequence[str]) -> Reply:
    reply = Reply(plan, tools)
    reply.add(*lines)
    return reply


async def _refuse(plan: Plan, tools: Toolbox) -> Reply:
    reply = Reply(plan, tools)
    reply.add_notes(plan.notes)
    reply.add(say_refusal(plan.refused))
    return reply


async def _list_genres(plan: Plan, tools: Toolbox) -> Reply:
    answer = GenresAnswer.model_validate(await tools.read("trending://genres"))
    return await _say(plan, tools, [f"There are {len(answer.genres)} genres: " + ", ".join(f"{one.genre} ({one.titles:,})" for one in answer.genres) + "."])


async def _predict(plan: Plan, tools: Toolbox) -> Reply:
    answer = await tools.ask(PredictAnswer, "predict_genres", texts=[plan.text])
    reply, (prediction,) = Reply(plan, tools), answer.predictions
    if not prediction.genres:
        best, probability = max(prediction.scores.items(), key=lambda item: item[1])
        reply.add(f"No genre reaches its threshold; the nearest is {best} ({probability:.0%}).")
    else:
        reply.add("The model predicts:")
        for one in prediction.genres:
            words = ", ".join(f"“{escape(piece.text, 40)}”" for piece in one.evidence[:5])
            reply.add(f"- **{one.genre}** ({one.probability:.0%}; needs {one.threshold:.0%}){f', because of {words}' if words else ''}")
    reply.add(*(["", "The model has learnt from a small starter catalogue only: a first taste, not a measure."] if answer.starter else []))
    return reply


async def _look_up(plan: Plan, tools: Toolbox) -> Reply:
    """Tell about the title of that name; what says something else too has to be its name exactly."""
    found = await find_title(tools, plan.names[0])
    vague = plan.otherwise is None or (plan.otherwise.intent in ("search", "compare") and plan.otherwise.wanted == Wanted())
    if found.title and (found.exact or vague):
        return await titles.tell_facts(plan.model_copy(update={"intent": "facts"}), tools, found)
    return await _say(plan, tools, [f"{_NOTHING_CALLED} “{escape(plan.names[0].text, 80)}”. Ask for “help” to see what I can do."])
