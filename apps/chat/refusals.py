"""What the chat can't do, as people ask for it, with what it offers instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SERVICES = r"(?:netflix|hulu|disney(?: ?\+| plus)?|(?:amazon )?prime(?: video)?|hbo(?: max)?|max|apple ?tv(?: ?\+)?|paramount(?: ?\+| plus)?|peacock|youtube|mubi|crunchyroll|now tv|itunes)"


@dataclass(frozen=True)
class Refusal:
    """A kind of question that has no answer here."""

    name: str
    pattern: re.Pattern[str]
    said: str


def _refuse(name: str, pattern: str, said: str) -> Refusal:
    return Refusal(name, re.compile(pattern, re.IGNORECASE), said)


REFUSALS: tuple[Refusal, ...] = (
    _refuse(
        "streaming",
        rf"^where (?:can|could|do|to|should) ?(?:i|you|we|one)? ?(?:watch|stream|see|find|rent|buy|get)\b|^(?:is|are) .+ (?:on|available on|streaming(?: on)?) {_SERVICES}\b"
        rf"|\bwhich (?:streaming )?(?:service|platform|channel)\b|^what(?:'s| is)(?: new)? on {_SERVICES}\b|\b(?:is|are) .+ (?:streaming|available to (?:stream|watch|rent|buy))\b"
        rf"|^(?:does|has) {_SERVICES} (?:have|got)\b",
        "I don't know where a title can be streamed, rented or bought: the catalogue has no such data. I can say what it is about and whether people liked it.",
    ),
    _refuse(
        "people",
        r"^who(?:'s| is| are| was| were)? (?:the )?(?:director|actors?|actress|cast|writers?|star|lead|in|direct|star|play|act|wr(?:o|i)te|made|produce|compose|creat|voice)"
        r"|\b(?:directed|produced|written) by\b|\bstarring\b|\b(?:cast|director|actors?|actress(?:es)?|crew|composer) (?:of|in|for)\b|^who (?:directs|stars|plays)\b"
        r"|\b(?:movies|films|shows|series|anything) (?:by|from director|with (?:actor|actress)) [A-Z]",
        "I don't know who made or plays in a title: cast and crew aren't in the catalogue. I can find titles by plot, genre, year, language and mood.",
    ),
    _refuse(
        "money",
        r"\bbox[- ]office\b|\bgross(?:ed|es|ing)?\b|\bhow much (?:money )?(?:did|has|does|was)\b|\bbudget of\b|\bhow profitable\b",
        "I know nothing of box office or budgets. I can say what is trending and how well a title is liked.",
    ),
    _refuse(
        "showtimes",
        r"\bshow ?times?\b|\bnear me\b|\b(?:in|at) (?:the )?(?:theat(?:er|re)s?|cinemas?)\b|\btickets?\b|\bplaying (?:near|tonight at)\b|\bwhen (?:does|will) .+ air\b",
        "I know no showtimes, tickets or broadcast dates. I can say what is trending, or recommend something for tonight.",
    ),
    _refuse(
        "length",
        r"^how long (?:is|are|was|does)\b|\brun(?:ning)? ?time\b|\bhow many (?:episodes|seasons|minutes|hours|parts)\b|\b(?:under|over|less than|shorter than|within) (?:\d+|two|an?|one|three)(?: and a half)? ?(?:hours?|h|min(?:ute)?s?)\b",
        "I don't know how long titles are, nor how many episodes they have. I can filter by genre, kind, year, language, mood and score.",
    ),
    _refuse(
        "awards",
        r"\b(?:oscars?|academy awards?|emmys?|golden globes?|baftas?|awards?|palme d'or)\b",
        "I know nothing of awards. I can find titles that people rate highly.",
    ),
    _refuse(
        "ages",
        r"\bage (?:rating|limit|restriction)\b|\b(?:suitable|appropriate|safe|ok|okay|too scary|too violent) for (?:my |a |the )?(?:\w+ )?(?:kids?|child(?:ren)?|toddlers?|\d+)|\brated (?:pg|r|g|nc)\b|\bparental guid",
        "I have no age ratings. I can list titles of the genre Family, or quote what reviews say of one.",
    ),
    _refuse(
        "ending",
        r"^how (?:does|did|do) .+ end(?:s|ed)?$|\bending (?:of|to|in)\b|\bspoil(?:er)?s? (?:of|for)\b|\bspoil\b|\bwho (?:dies|is the (?:killer|murderer))\b|\bplot twist\b",
        "I don't tell endings. I can say what a title is about without spoilers.",
    ),
    _refuse(
        "future",
        r"\b(?:next|new|upcoming|another) (?:season|sequel|episode)s?\b|\b(?:sequel|renewed|cancell?ed|coming out next|release date of the next)\b|\bwill there be\b|\bpredict (?:the )?(?:winner|future)\b",
        "I know nothing of plans: sequels, seasons to come, renewals. I can find titles like the one you mean.",
    ),
    _refuse(
        "media",
        r"\b(?:trailers?|posters?|screenshots?|images?|clips?|soundtracks?) (?:of|for|to)\b|\b(?:download|torrent|pirate|subtitles?)\b|^(?:watch|play|stream) .+ (?:now|for me)$",
        "I can't show, play or download anything: I only know what titles are about and how people like them.",
    ),
    _refuse(
        "acting",
        r"^(?:buy|book|order|remind|add|save|mark|rate it|e-?mail|call|text|delete|send)\b|\b(?:my (?:watch ?list|account|profile|subscription))\b",
        "I can only look things up: no bookings, lists or reminders. Ask me what to watch, and I'll look.",
    ),
    _refuse(
        "opinion",
        r"\byour (?:own )?(?:fav(?:ou?rite|e)?s?|opinion|taste|thoughts?)\b|^(?:do|did|would|have) you (?:personally )?(?:like|love|enjoy|prefer|hate|watch|seen?|recommend watching)\b",
        "I have no opinions of my own. I can say what reviews and ratings make of a title: ask \u201cis Alien any good?\u201d, say.",
    ),
)
OFF_TOPIC = _refuse(
    "off_topic",
    r"\b(?:weather|stock(?:s| price)|bitcoin|president|prime minister|capital (?:city )?of|recipe|poem|haiku|joke|essay|homework|translate|python|javascript|source code|sql|e-?mail address"
    r"|password|system prompt|instructions|jailbreak|api key|football score|horoscope)\b|^\s*\d+(?:\.\d+)? ?[-+*/x] ?\d+|\b(?:ignore|disregard|forget) (?:all |any |your |the |previous |prior )+",
    "I only talk about films and shows of this catalogue: what is trending, what to watch, what a title is about, whether it is any good.",
)


def find_refusal(question: str) -> Refusal | None:
    """Return what the question asks that can't be answered, if it does."""
    return next((one for one in REFUSALS if one.pattern.search(question)), None)


def say_refusal(name: str) -> str:
    """Return what is said to a refused question."""
    return next(one.said for one in (*REFUSALS, OFF_TOPIC) if one.name == name)
