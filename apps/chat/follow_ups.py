"""Questions that mean something only after others: "more", "why?", "and in comedies?", "what about Alien?", "anything newer?"."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from apps.chat.answers import Turn
from apps.chat.changes import read_changes
from apps.chat.names import find_named_title, is_reference, list_mentions
from apps.chat.plans import LIST_INTENTS, Plan, Wanted
from apps.chat.shapes import compile_shapes
from apps.chat.slots import read_slots

_PIECES = {
    "asked": "show|give|tell|list|see",
    "more": "more|other|others|next|further|additional",
    "ones": "one|ones|titles|of (them|these|those)|results|options|picks|suggestions|recommendations|films|movies|shows|page|like (that|those|these)",
    "listed": "(on|in) (the|that|your) list|there|so high[ up]|number ...|first|trending|popular",
}
_MORE = compile_shapes(
    """
    [<asked> ][me ][some |a few |any ]<more>[ <ones>]
    what else[ is there| have you got| do you have]
    (anything|something|any) (else|other|others|more)
    (next page|go on|continue|keep going|and)
    """,
    _PIECES,
)
_WHY = compile_shapes(
    """
    [but |and |so ]why[ is that| that| so| those| these| this| them| it| not]
    why do you (say|think) (so|that)
    why (did you (pick|choose|recommend)|are you recommending) ...
    why (is|are|was) TITLE[ <listed>]
    how (come|so|do you know[ that])
    explain[ that| this| it| why]
    what makes you (say|think) (so|that)
    reason[s]
    """,
    _PIECES,
)
_HOW_MANY = compile_shapes(
    "how many[ of (them|these|those)][ (titles|films|movies|shows|ones)][ (are there|do you have|have you got|is that)][ in (total|all)]", {}
)
_LEAD = re.compile(
    r"^(?:and|but|ok(?:ay)?|now|so|also|or|then|what about|how about|only|just|make it|(?:something|anything|any|some)(?: (?:that is|that's|a bit|a little))?"
    r"|same(?: (?:thing|question))?|the same|try|show me|give me|i meant?|no,?)[ ,]+",
    re.IGNORECASE,
)
_ONES = re.compile(r"\b(?:ones?|instead|too|as well|then|please|but|though|for|in|from|of|with|the|only|not?)\b", re.IGNORECASE)
_SMALL_TALK = ("greet", "thank", "help", "refuse", "unknown")
_OF_TITLES = ("quality", "facts", "trend_of_title", "compare")


def plan_follow_up(text: str, history: Sequence[Turn], today: dt.date) -> Plan | None:
    """Return what `text` means after `history`; None if it stands on its own."""
    plans = [turn.answer.plan for turn in reversed(history) if turn.answer.plan and turn.answer.plan.intent not in _SMALL_TALK]
    if not plans:
        return None
    last = plans[0]
    listed = next((plan for plan in plans if plan.intent in (*LIST_INTENTS, "count")), last)
    if any(shape.fullmatch(text) for shape in _MORE):
        return _go_on(last)
    if why := next((found for shape in _WHY if (found := shape.fullmatch(text))), None):
        return _give_reasons(last, why.groupdict().get("title"), history)
    if any(shape.fullmatch(text) for shape in _HOW_MANY):
        return _count(listed)
    return _ask_again(text, last, listed, history, today)


def _ask_again(text: str, last: Plan, listed: Plan, history: Sequence[Turn], today: dt.date) -> Plan | None:
    """Return the last question of another title, or the last list with other filters."""
    shorter, lead = text, False
    while (cut := _LEAD.sub("", shorter)) != shorter:
        shorter, lead = cut, True
    if not lead:
        return _change(last, shorter, today)
    # After questions about titles "and in comedies?" still means the list they are from; "what about Dark?" names a title first.
    changed, renamed = _change(listed, shorter, today), _rename(last, shorter, history)
    if changed and renamed and shorter[:1].isupper():
        return renamed.model_copy(update={"otherwise": changed})
    return changed or renamed


def _go_on(last: Plan) -> Plan | None:
    if last.intent == "count":
        return last.model_copy(update={"intent": "search", "limit": 5})
    if last.intent not in LIST_INTENTS:
        return None
    # A list without a next page is answered again, and says that this was all.
    return last.model_copy(update={"cursor": last.cursor or "", "why": False, "notes": []})


def _count(listed: Plan) -> Plan | None:
    if listed.intent not in (*LIST_INTENTS, "count") or listed.intent == "similar":
        return None
    return Plan(intent="count", query=listed.query, wanted=listed.wanted, limit=1)


def _give_reasons(last: Plan, title: str | None, history: Sequence[Turn]) -> Plan | None:
    listed = list_mentions(history)
    if title and not (is_reference(title) and listed):
        return None  # "why is Alien trending?" stands on its own
    name = find_named_title(title, history) if title else None
    if name and last.intent == "trending":
        return Plan(intent="trend_of_title", names=[name], why=True)
    return last.model_copy(update={"why": True, "cursor": None})


def _change(last: Plan, text: str, today: dt.date) -> Plan | None:
    """Return the list at hand with other filters, if `text` says nothing but filters."""
    if last.intent not in (*LIST_INTENTS, "count") or len(text.split()) > 10:
        return None
    changes = read_changes(text, today)
    slots = read_slots(text, today)
    rest = _ONES.sub("", changes.rest).strip()
    if rest or not (changes.found or slots.window or slots.limit or slots.has_kind):
        return None
    if slots.has_kind and not changes.wanted.genre and changes.wanted.type is None and changes.wanted == Wanted():
        return None
    relative = changes.changes if last.intent == "similar" else []
    wanted = last.wanted.update(changes.wanted)
    if relative != changes.changes:
        wanted = wanted.update(_compare_with_list(changes.changes, today))
    return last.model_copy(
        update={
            "wanted": wanted,
            "changes": relative or last.changes,
            "window": slots.window or last.window,
            "limit": slots.limit or last.limit,
            "cursor": None,
            "why": False,
            "notes": changes.notes,
        }
    )


def _compare_with_list(changes: Sequence[str], today: dt.date) -> Wanted:
    """Return what "newer" means of a list: it has no year of its own."""
    words = {"newer": "recent", "older": "old", "better": "best"}
    return read_slots(" ".join(words[one] for one in changes), today).wanted


def _rename(last: Plan, text: str, history: Sequence[Turn]) -> Plan | None:
    """Return the same question of another title."""
    name = find_named_title(text, history)
    if name is None or last.intent not in (*_OF_TITLES, "similar", "lookup") or len(text.split()) > 10:
        return None
    if last.intent == "compare":
        return last.model_copy(update={"names": [*last.names[:1], name], "splits": [], "why": False})
    return last.model_copy(update={"names": [name], "cursor": None, "why": False, "otherwise": None, "notes": []})
