"""Reads the slots of each intent from a question that has one of its shapes. Each reader returns a plan, or None: then the next shape is tried."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apps.chat.answers import Turn
from apps.chat.changes import read_changes
from apps.chat.follow_ups import plan_follow_up
from apps.chat.names import find_named_title, find_named_titles, is_reference, list_mentions
from apps.chat.plans import Plan, TitleName, Topic
from apps.chat.refusals import OFF_TOPIC, find_refusal, is_off_topic
from apps.chat.resolve import fold
from apps.chat.slots import Slots, read_slots

MAX_QUERY_CHARS = 300
_PLOT_WORDS = 8  # what is longer than this after "what genre is" is a plot, not a title
_NAME_WORDS = 12
_SHORT_NAME_WORDS = 6
_ONE_PLACE = "I can't tell what is trending on one service or in one country: the figures are of all together."
_TRENDING_WORDS = re.compile(
    r"\b(?:trend(?:ing|s|y)?|most (?:popular|watched)|popular|hot|hottest|buzz(?:ing|y)?|hyped?|blowing up|charts?"
    r"|(?:everyone|everybody|people)(?:'s| is| are)?|watching)\b",
    re.IGNORECASE,
)
_OR = re.compile(r"\s+(?:vs?\.?|versus|or)\s+", re.IGNORECASE)
_BUT = re.compile(r"(?:,| -)? (?:but|only|except|just)(?: (?:a bit|a little|much|way|make it|with it being))? ", re.IGNORECASE)
_ANY = re.compile(r"(?:an?|some|any|another|something|anything) ", re.IGNORECASE)
_QUESTION = re.compile(r"(?:who|why|how|what|when|where|which|is|are|does|do|did|can|could|should|will|was|were)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Context:
    """What a question stands in."""

    history: Sequence[Turn]
    today: dt.date
    question: str  # all of it, where a reader's text is its beginning


Reader = Callable[[re.Match[str], str, Context], Plan | None]


def say(plan: Plan) -> Reader:
    """Return a reader of what has no slots."""
    return lambda _found, _text, _context: plan


def read_follow_up(_found: re.Match[str], text: str, context: Context) -> Plan | None:
    """Read what only means something after other questions."""
    return plan_follow_up(text, context.history, context.today)


def read_refusal(_found: re.Match[str], text: str, _context: Context) -> Plan | None:
    """Read what is often asked for and isn't known here."""
    refusal = find_refusal(_drop_subject(text))
    return Plan(intent="refuse", refused=refusal.name) if refusal else None


def read_off_topic(_found: re.Match[str], text: str, _context: Context) -> Plan | None:
    """Read what has nothing to do with titles."""
    return Plan(intent="refuse", refused=OFF_TOPIC.name) if is_off_topic(_drop_subject(text)) else None


def read_prediction(found: re.Match[str], _text: str, context: Context) -> Plan | None:
    """Read a plot whose genre is asked for."""
    plot = context.question[found.start("plot") :].strip("\"'\u201c\u201d ")
    return Plan(intent="predict", text=plot) if len(plot.split()) >= 3 else None


def read_genre_question(found: re.Match[str], _text: str, context: Context) -> Plan | None:
    """Read the title whose genre is asked for; what is too long for a title is a plot."""
    phrase = found["title"]
    plan = _about_title(Plan(intent="facts", topic="genre"), phrase, context)
    if plan and len(phrase.split()) > _PLOT_WORDS:
        return plan.model_copy(update={"otherwise": Plan(intent="predict", text=context.question[found.start("title") :])})
    return plan


def read_quality(found: re.Match[str], _text: str, context: Context) -> Plan | None:
    """Read the title of "is it any good"."""
    return _about_title(Plan(intent="quality"), found["title"], context)


def read_feeling(found: re.Match[str], text: str, context: Context) -> Plan | None:
    """Read the title of "is it scary": what is a genre is told by its genres, what is a vibe by what people say."""
    phrase = found["title"]
    if _ANY.match(f"{phrase} ") or phrase.startswith("there") or (read_slots(phrase, context.today).has_kind and not is_reference(phrase)):
        return None
    plan = Plan(intent="facts", topic="genre") if read_slots(text[found.end("title") :], context.today).wanted.genre else Plan(intent="quality")
    return _about_title(plan, phrase, context)


def read_facts(topic: Topic) -> Reader:
    """Return the reader of the title a topic is asked of."""
    return lambda found, _text, context: _about_title(Plan(intent="facts", topic=topic), found["title"], context)


def read_lookup(found: re.Match[str], _text: str, context: Context) -> Plan | None:
    """Read the title of "what is Dark"."""
    return _about_title(Plan(intent="lookup"), found["title"], context)


def read_trend_of_title(found: re.Match[str], _text: str, context: Context) -> Plan | None:
    """Read the title of "is it trending"; "are comedies trending" asks for the ranking instead."""
    phrase = found["title"]
    if read_slots(phrase, context.today).has_kind and not is_reference(phrase):
        return None
    return _about_title(Plan(intent="trend_of_title"), phrase, context)


def read_trending(_found: re.Match[str], text: str, context: Context) -> Plan:
    """Read which part of the ranking is asked for."""
    slots = read_slots(_TRENDING_WORDS.sub(" ", text), context.today)
    wanted = slots.wanted.model_copy(update={"min_score": None})
    return Plan(
        intent="trending", wanted=wanted, window=slots.window or "week", limit=slots.limit or 5, notes=[*slots.notes, *([_ONE_PLACE] if slots.query else [])]
    )


def read_similar(found: re.Match[str], _text: str, context: Context) -> Plan | None:
    """Read the title to find others like, with the changes after "but"."""
    phrase, *rest = _BUT.split(found["title"], maxsplit=1)
    changes = read_changes(" ".join(rest), context.today)
    before = read_slots(found.groupdict().get("kind") or "", context.today)
    unread = [f"I can't look for \u201c{changes.rest}\u201d in titles like another."] if changes.rest else []
    plan = Plan(
        intent="similar",
        wanted=before.wanted.update(changes.wanted),
        changes=changes.changes,
        limit=before.limit or 5,
        notes=[*before.notes, *changes.notes, *unread],
    )
    return _about_title(plan, phrase, context)


def read_comparison(found: re.Match[str], _text: str, context: Context) -> Plan | None:
    """Read the titles that are to be compared."""
    phrase = found["titles"]
    if several := find_named_titles(phrase, context.history):
        return Plan(intent="compare", names=several, topic=_read_topic(found))
    return _compare(_split_titles(phrase), context, _read_topic(found))


def read_better(found: re.Match[str], _text: str, context: Context) -> Plan | None:
    """Read the titles of "is Alien better than Aliens"."""
    return _compare([[found["one"], found["other"]]], context, _read_topic(found))


def _read_topic(found: re.Match[str]) -> Topic:
    return "year" if (found.groupdict().get("more") or "").casefold() in ("older", "newer") else "all"


def read_question_of_two(found: re.Match[str], text: str, context: Context) -> Plan | None:
    """Read "Alien or Aliens?", unless it is a wish for one kind or another.

    Nothing but titles with "or" between them may as well be one title, which is looked up first, or a description, which is searched for last.
    """
    phrase, slots = found["titles"], read_slots(text, context.today)
    if slots.has_kind or slots.wanted.without:
        return None
    if phrase != text:
        return _compare(_split_surely(phrase), context)
    comparison = _compare(_split_surely(phrase) if _OR.search(phrase) else [], context)
    if comparison is None:
        return None
    search = _fill(Plan(intent="search", limit=slots.limit or 5), slots)
    return Plan(intent="lookup", names=[TitleName(text=text)], otherwise=comparison.model_copy(update={"otherwise": search}))


def read_recommendation(_found: re.Match[str], text: str, context: Context) -> Plan:
    """Read a wish to be recommended something."""
    slots = read_slots(text, context.today)
    return _fill(Plan(intent="recommend", limit=slots.limit or 3), slots)


def read_count(found: re.Match[str], _text: str, context: Context) -> Plan:
    """Read what is to be counted."""
    return _fill(Plan(intent="count", limit=1), read_slots(found["what"], context.today))


def read_search(found: re.Match[str], _text: str, context: Context) -> Plan | None:
    """Read a wish for titles; what may as well be a title's name is looked up first."""
    phrase = found["what"]
    slots = read_slots(phrase, context.today)
    search = _fill(Plan(intent="search", limit=slots.limit or 5), slots)
    described = slots.has_kind or _ANY.match(phrase)
    name = _name(phrase, context)
    if name is None or (described and not _looks_like_name(phrase)):
        return search if slots.found or slots.query else None
    return Plan(intent="lookup", names=[name], otherwise=search)


def read_wish(_found: re.Match[str], text: str, context: Context) -> Plan | None:
    """Read a sentence that says what titles should be, without a verb that asks for them."""
    slots = read_slots(text, context.today)
    if not slots.has_kind or _looks_like_name(text):
        return None
    return _fill(Plan(intent="search", limit=slots.limit or 5), slots)


def read_name(_found: re.Match[str], text: str, context: Context) -> Plan | None:
    """Read a few words that may be a title, and else describe one."""
    if len(text.split()) > _NAME_WORDS or not re.search(r"\w", text):
        return None
    if is_reference(text):
        return _about_title(Plan(intent="facts"), text, context)
    name = _name(text, context)
    slots = read_slots(text, context.today)
    # A question that nothing above has read is not searched for word by word.
    describes = not _QUESTION.match(text) and (slots.query or slots.found)
    otherwise = _fill(Plan(intent="search", limit=slots.limit or 5), slots) if describes else None
    if otherwise and slots.query and _looks_like_name(text):
        otherwise = otherwise.model_copy(update={"notes": [f"I know no title called \u201c{text}\u201d.", *slots.notes]})
    return Plan(intent="lookup", names=[name], otherwise=otherwise) if name else None


def doubt_title(plan: Plan, refusal: Plan) -> Plan:
    """Return the plan about a title whose name sounds like what is refused; refused it is if there is none, unless it was written as names are."""
    return plan if _looks_like_name(plan.names[0].text) else plan.model_copy(update={"otherwise": refusal})


def read_whole_title(question: str, plan: Plan, context: Context, follows: bool) -> Plan:
    """Return the plan to look the whole question up first, if it may be the name of a title ("Top Hat", "Get Out"), and else what it was read as.

    Args:
        question: As it was typed: a title may begin or end with what else is a courtesy.
        plan: What the question was read as.
        context: What it stands in.
        follows: True if it was read as something that follows the questions before.
    """
    text = " ".join(question.replace("\u2019", "'").split())
    if plan.intent in ("greet", "help", "predict", "ask_which") or (plan.intent == "thank" and context.history):
        return plan
    if len(text.split()) > _NAME_WORDS or is_reference(text):
        return plan
    if not _looks_like_name(text) and (follows or not _may_be_name(text, plan, context.today)):
        return plan
    name = _name(text, context)
    if name is None or (plan.intent == "lookup" and fold(plan.names[0].text) == fold(name.text)):
        return plan
    if plan.intent == "refuse" and _looks_like_name(text):
        plan = plan.model_copy(update={"notes": [f"I know no title called \u201c{name.text}\u201d."]})
    return Plan(intent="lookup", names=[name], otherwise=plan)


def _may_be_name(text: str, plan: Plan, today: dt.date) -> bool:
    """Whether a few words without capitals were read as something that a title's name is easily taken for, with a word in them that says nothing else."""
    if plan.intent == "lookup":
        return True
    if plan.intent not in ("refuse", "thank", "trending", "recommend", "search") or _QUESTION.match(text) or " about " in text:
        return False
    words = len(text.split())
    return words == 1 or (words <= _SHORT_NAME_WORDS and bool(read_slots(text, today).query))


def _name(phrase: str, context: Context) -> TitleName | None:
    return find_named_title(phrase, context.history)


def _about_title(plan: Plan, phrase: str, context: Context) -> Plan | None:
    """Return the plan about the title a phrase names; several it points at are compared, and a reference to nothing is asked about."""
    if several := find_named_titles(phrase, context.history):
        return plan.model_copy(update={"intent": "compare", "names": several})
    name, listed = _name(phrase, context), list_mentions(context.history)
    if is_reference(phrase) and (name is None or (not listed and phrase.casefold() not in ("it", "them"))):  # which are titles too
        return Plan(intent="ask_which")
    return plan.model_copy(update={"names": [name]}) if name else None


def _compare(ways: Sequence[Sequence[str]], context: Context, topic: Topic = "all") -> Plan | None:
    """Return the comparison of titles, given the ways to read them."""
    splits = [names for parts in ways if 2 <= len(names := [name for part in parts if (name := _name(part, context))]) <= 5]
    return Plan(intent="compare", names=splits[0], splits=splits[1:], topic=topic) if splits else None


def _split_titles(phrase: str) -> list[list[str]]:
    """Return the ways to read a list of titles, likeliest first; "and" may belong to a title."""
    ways = _split_surely(phrase)
    for word in () if ways else ("with", "to", "and"):
        found = [match.span() for match in re.finditer(rf"\s+{word}\s+", phrase, re.IGNORECASE)]
        # Of "Beauty and the Beast and Shrek" the last is where the titles part, of "Shrek and Beauty and the Beast" the first.
        ways += [[phrase[:start], phrase[end:]] for start, end in reversed(found)]
        if len(found) > 1:
            ways.append(re.split(rf"\s+{word}\s+", phrase, flags=re.IGNORECASE))
        if ways:
            break
    return ways


def _split_surely(phrase: str) -> list[list[str]]:
    parts = [part for part in re.split(r"\s+(?:vs?\.?|versus|or|against)\s+|\s*,\s*(?:(?:and|or)\s+)?", phrase, flags=re.IGNORECASE) if part]
    return [parts] if len(parts) > 1 and "not" not in parts else []


def _fill(plan: Plan, slots: Slots) -> Plan:
    return plan.model_copy(update={"wanted": slots.wanted, "query": slots.query[:MAX_QUERY_CHARS], "notes": slots.notes})


def _drop_subject(text: str) -> str:
    """Return the question without what titles are to be about, which may be anything."""
    return re.split(r"\babout\b(?! me)", text)[0].strip()


def _looks_like_name(phrase: str) -> bool:
    """Whether every longer word is capitalised or the whole is quoted, as titles are."""
    if re.fullmatch(r"[\"\u201c'].+[\"\u201d']", phrase.strip()):
        return True
    words = re.findall(r"[^\W\d_][\w']*", phrase)
    longer = [word for word in words if len(word) > 3] or words
    return bool(words) and not phrase[0].islower() and all(word[0].isupper() for word in longer) and len(phrase.split()) > 1
