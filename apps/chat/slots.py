"""Reads what titles should be out of a piece of text: genres, kind, years, language, vibe, score, window, how many.

What it can't read is left over, as words to search for.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from apps.chat.plans import Wanted, Window
from apps.chat.vocabulary import (
    ANIME,
    COUNTRIES,
    DECADES,
    EMPTY_WORDS,
    GENRE_WORDS,
    KIND_WORDS,
    NATIONS,
    NOT_GENRE_WORDS,
    NUMBERS,
    VIBES,
)
from trending.catalogue.languages import LANGUAGES
from trending.genres import GENRE_INDEX, map_genre

GOOD_SCORE = 70
MAX_LIMIT = 50  # as many as the tools list
YOUNG_UNTIL = 12
RECENT_YEARS = 3
OLD_UNTIL = 1979
LENGTH_NOTE = "I don't know how long titles are, so I can't pick shorter or longer ones."
LIMIT_NOTE = f"I list at most {MAX_LIMIT} titles at a time."
AGE_NOTE = "I have no age ratings; of titles for the young I only know the genre Family."
WORST_NOTE = "I can find the best rated titles, but not the worst."
COUNTRY_NOTE = "I can't filter by country, only by language."

_YEAR = r"((?:18|19|20)\d\d)"
_KINDS = r"(?:films?|movies?|flicks?|shows?|series|titles|\w+ies|dramas|thrillers|westerns|musicals|documentar\w+)"
_SUBJECT = re.compile(
    r"\b(?:(?:that (?:is|are) )?about|involving|featuring|(?:that (?:is|are) )?set (?:in|on|at|during)|in which|where|with an?|taking place (?:in|on|at))"
    r"\s+(?P<subject>.+)"
)
_BOUNDS: tuple[tuple[str, int, str], ...] = (
    ("year_from", 0, rf"\b(?:since|from|starting) {_YEAR}(?: on(?:wards?)?| or later| and later)|\bsince {_YEAR}\b|\b{_YEAR} or later\b"),
    ("year_from", 1, rf"\b(?:after|later than|newer than|post) {_YEAR}\b"),
    ("year_to", -1, rf"\b(?:before|earlier than|older than|pre) {_YEAR}\b"),
    ("year_to", 0, rf"\b(?:until|till|up to|no later than) {_YEAR}\b"),
)
_DECADE = rf"\b(?:(?:from|in|of) )?(?:the )?(?:(early|mid|late)[- ])?(?:(19|20)?(\d0)'?s|({'|'.join(DECADES)}))\b"
_ONE_YEAR = rf"\b(?:from|in|of|released in) {_YEAR}\b|\b{_YEAR}(?= (?:[\w-]+ ){{0,2}}{_KINDS}\b)|\b{_KINDS} {_YEAR}$"
_LONGEST_PHRASE = 4
_EXCLUDING = {"without", "nothing", "no", "not", "less", "non", "except", "isn't", "aren't", "exclude", "excluding"}
# What says "without" in more words.
_DECLINED = re.compile(
    r"\b(?:(?:do not|don't|dont|does not|doesn't|did not|didn't) (?:really )?(?:like|want|enjoy|love|fancy|need|feel like)(?: to (?:see|watch)| watching)?"
    r"|hates?|dislikes?|(?:anything|everything) (?:but|except)|can(?:no|')?t stand|avoid(?:ing)?"
    r"|(?:tired|sick|bored|enough) of|not (?:a fan of|into|in(?: the mood for)?|keen on))\b"
)
_AGE = re.compile(r"\b(?:for )?(?:an?|my|our|the) (?P<age>\d{1,2})[- ]years?[- ]olds?\b|\bfor (?P<ages>\d{1,2})[- ]years?[- ]olds?\b")
_BECAUSE = re.compile(r"\b(?:i|we)(?:'ve| have)?(?: just)? had an? (?:\w+ )?(?:day|week)\b")  # why it is wanted, not what
_WORST = re.compile(r"\b(?:worst|lowest[- ](?:rated|rating|scor\w+))\b")
_BETWEEN = {"any", "too", "a", "so", "very", "be", "much", "the"}
_MARKERS = {"tag", "tagged", "genre", "genres"}  # "tagged dark" says no more than "dark"

_WINDOWS: dict[Window, str] = {
    "quarter": r"\b(?:this|last|past|the) (?:quarter|season|(?:three|3) months)\b|\bquarterly\b|\bthis year\b",
    "month": r"\b(?:this|last|past|the) (?:past )?month\b|\bmonthly\b|\bthese days\b|\blately\b",
    "week": r"\b(?:this|last|past|the) (?:past )?week\b|\bweekly\b|\btoday\b|\bright now\b|\bcurrently\b|\bat the moment\b",
}
_ACCLAIMED = (
    r"\b(?:best|greatest|acclaimed|great|excellent|(?:well|highly|top|best)[- ](?:reviewed|rated)"
    r"|highest[- ](?:rated|rating)|good (?:reviews|ratings|scores?))\b"
)
_SCORE = (
    r"\b(?:with an? )?(?:scor\w*|rat(?:ed|ings?)) (?:is |are |of )?(?:above|over|at least|more than|higher than|from|>=?|minimum) ?(?P<score>\d{1,3}(?:\.\d)?)"
    r"(?: ?(?:/|out of|of) ?(?:100?))?(?: or (?:more|higher|better))?"
)


@dataclass(frozen=True)
class Slots:
    """What was read, and what was left over.

    Attributes:
        has_kind: True if films, shows or a genre in the plural were asked for: then the text is no title.
    """

    wanted: Wanted
    query: str
    window: Window | None = None
    limit: int | None = None
    has_kind: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def found(self) -> bool:
        """True if the text said anything about what titles should be."""
        return self.wanted != Wanted() or self.window is not None or self.has_kind


class _Text:
    """Text that shrinks as its parts are understood."""

    def __init__(self, text: str) -> None:
        self.rest = text

    def take(self, pattern: str | re.Pattern[str]) -> re.Match[str] | None:
        """Cut out the first match and return it."""
        found = re.search(pattern, self.rest)
        if found:
            self.rest = f"{self.rest[: found.start()]} {self.rest[found.end() :]}"
        return found


def read_slots(text: str, today: dt.date) -> Slots:
    """Read `text`; what follows "about" is the subject, in which only years are looked for."""
    head = _Text(" ".join(text.casefold().split()))
    window = next((name for name, pattern in _WINDOWS.items() if head.take(pattern)), None)
    min_score = _read_score(head)
    subject = head.take(_SUBJECT)
    tail = _Text(subject["subject"] if subject else "")
    head.rest = _DECLINED.sub("without", head.rest)
    asides = _read_asides(head)
    years = _read_years(head, today, bare=True) or _read_years(tail, today, bare=False)
    nouns = _read_nouns(head.rest)
    wanted = Wanted.model_validate({**nouns.said, **years, "min_score": min_score})
    rest, excluded = _split_excluded(nouns.rest)
    notes = [*nouns.notes, *asides, *([_say_kept(excluded)] if excluded else [])]
    query = " ".join(part for part in (_drop_empty(rest), _drop_article(tail.rest)) if part)
    return Slots(wanted, query, window, nouns.limit, nouns.has_kind or subject is not None, notes)


def _read_asides(head: _Text) -> list[str]:
    """Take out what no tool knows, and return what is to be said of it; an age of children is put as "for kids"."""
    notes = []
    if found := head.take(_AGE):
        notes.append(AGE_NOTE)
        head.rest += " for kids" if int(found["age"] or found["ages"]) <= YOUNG_UNTIL else ""
    if head.take(_WORST):
        notes.append(WORST_NOTE)
    head.take(_BECAUSE)
    return notes


def _say_kept(what: str) -> str:
    return f"I can only leave out genres, not \u201c{what}\u201d."


def _read_years(text: _Text, today: dt.date, bare: bool) -> dict[str, int]:
    """Return the first span of years the text names; `bare`: also what only a description of titles would say, such as "old"."""
    if found := text.take(rf"\b(?:between|from) {_YEAR} (?:and|to|until|till|through) {_YEAR}\b|\b{_YEAR} ?[-\u2013] ?{_YEAR}\b"):
        first, last = sorted(int(year) for year in found.groups() if year)
        return {"year_from": first, "year_to": last}
    for bound, step, pattern in _BOUNDS:
        if found := text.take(pattern):
            return {bound: next(int(year) for year in found.groups() if year) + step}
    if found := text.take(_DECADE):
        return _spell_decade(*found.groups())
    return _read_loose_years(text, today) if bare else {}


def _spell_decade(part: str | None, century: str | None, digits: str | None, name: str | None) -> dict[str, int]:
    # "The 20s" are of this century, "the 30s" of the last.
    first = DECADES[name] if name else int(f"{century or ('20' if str(digits) <= '20' else '19')}{digits}")
    start, end = {"early": (0, 3), "mid": (4, 6), "late": (7, 9)}.get(part or "", (0, 9))
    return {"year_from": first + start, "year_to": first + end}


def _read_loose_years(text: _Text, today: dt.date) -> dict[str, int]:
    if found := text.take(_ONE_YEAR):
        year = next(int(year) for year in found.groups() if year)
        return {"year_from": year, "year_to": year}
    if found := text.take(r"\b(this|last) year'?s?\b"):
        year = today.year - (found[1] == "last")
        return {"year_from": year, "year_to": year}
    if text.take(r"\b(?:recent(?:ly)?(?: released)?|latest|newest|brand new|modern|new(?! (?:york|orleans|zealand|jersey|delhi)))\b"):
        return {"year_from": today.year - RECENT_YEARS}
    return {"year_to": OLD_UNTIL} if text.take(r"\b(?:old(?:[- ](?:school|time|fashioned))?|vintage|classics?|golden age)\b") else {}


def _read_score(text: _Text) -> int | None:
    if found := text.take(_SCORE):
        score = float(found["score"])
        return min(100, round(score * 10 if score <= 10 else score))
    return GOOD_SCORE if text.take(_ACCLAIMED) else None


@dataclass
class _Nouns:
    said: dict[str, Any] = field(default_factory=lambda: {"genre": [], "without": []})
    rest: list[str] = field(default_factory=list)
    limit: int | None = None
    has_kind: bool = False
    notes: list[str] = field(default_factory=list)


def _read_nouns(text: str) -> _Nouns:
    """Read word by word, longest phrase first, what genres, kinds, languages and vibes are named."""
    words = re.findall(r"[\w'&/.-]+", text)
    found, kinds, place = _Nouns(), [], 0
    declined_until = -1
    while place < len(words):
        for length in range(min(_LONGEST_PHRASE, len(words) - place), 0, -1):
            meaning = _find_meaning(" ".join(words[place : place + length]))
            if meaning:
                break
        else:
            # "No horror or gore" is "no horror, no gore".
            links = place == declined_until and (
                words[place] in ("or", "nor") or (words[place] == "and" and _find_meaning(" ".join(words[place + 1 : place + 2])))
            )
            found.rest.append("no" if links else words[place])
            place += 1
            continue
        if _is_excluded(found.rest):
            _decline(found, meaning, " ".join(words[place : place + length]))
            declined_until = place + length
        else:
            if place == declined_until and "type" in meaning:  # "no horror films or westerns"
                declined_until = place + length
            found.said["genre"] += [genre for genre in meaning.pop("genre", ()) if genre not in found.said["genre"]]
            found.notes += [note for note in meaning.pop("notes", ()) if note not in found.notes]
            kinds += [meaning.pop("type")] if "type" in meaning else []
            found.has_kind |= meaning.pop("plural", False)
            if "tag" in found.said and "tag" in meaning:  # titles are filtered by one vibe; the next is searched for
                found.rest.append(str(meaning.pop("tag")))
            found.said |= meaning
        _limit(found, _take_number(found.rest))
        place += length
    found.said["type"] = kinds[0] if len(set(kinds)) == 1 else None
    _limit(found, _take_top(found.rest))
    found.said["genre"].sort(key=GENRE_INDEX.__getitem__)
    return found


def _decline(found: _Nouns, meaning: dict[str, Any], phrase: str) -> None:
    """Leave out what a phrase means, or say that it can't be."""
    genres = meaning.get("genre", ())
    found.said["without"] += [genre for genre in genres if genre not in found.said["without"]]
    found.notes += [note for note in meaning.get("notes", () if genres else (_say_kept(phrase),)) if note not in found.notes]


def _limit(found: _Nouns, number: int | None) -> None:
    if number and not found.limit:
        found.limit = min(number, MAX_LIMIT)
        found.notes += [LIMIT_NOTE] if number > MAX_LIMIT else []


@lru_cache(maxsize=4096)
def _list_meanings(phrase: str) -> tuple[tuple[str, Any], ...]:
    said: dict[str, Any] = {}
    if phrase in KIND_WORDS:
        said |= {"type": KIND_WORDS[phrase], "plural": True}
    genres = GENRE_WORDS.get(phrase) or _map_label(phrase)
    if genres:
        said |= {"genre": genres, "plural": said.get("plural", False) or phrase.endswith("s")}
    if phrase in ANIME:
        said["language"] = "ja"
    elif phrase in _language_words():
        said["language"] = _language_words()[phrase]
    if phrase in VIBES:
        said["tag"] = VIBES[phrase]
    if phrase in ("short", "long", "quick"):
        said["notes"] = (LENGTH_NOTE,)
    if phrase in COUNTRIES:
        said["notes"] = (COUNTRY_NOTE,)
    return tuple(said.items())


def _find_meaning(phrase: str) -> dict[str, Any]:
    return dict(_list_meanings(phrase.strip(".'-")))


def _map_label(phrase: str) -> tuple[str, ...]:
    if phrase in NOT_GENRE_WORDS or phrase.startswith("type:"):
        return ()
    return map_genre(phrase) or (map_genre(phrase[:-1]) if phrase.endswith("s") and phrase[:-1] not in NOT_GENRE_WORDS else None) or ()


@lru_cache(maxsize=1)
def _language_words() -> dict[str, str]:
    return {name.casefold(): code for code, name in LANGUAGES.items()} | NATIONS


def _is_excluded(before: list[str]) -> bool:
    """Whether the words before a genre turn it round ("not too scary"); they are taken away with it."""
    words = before[:]
    while words and words[-1] in _BETWEEN:
        words.pop()
    if not words or words[-1] not in _EXCLUDING:
        return False
    del before[len(words) - 1 :]
    return True


def _split_excluded(rest: list[str]) -> tuple[list[str], str]:
    """Split off what is to be left out and isn't a genre ("without aliens"): a search for it would find just that."""
    place = next((place for place, word in enumerate(rest) if word in _EXCLUDING), None)
    return (rest, "") if place is None else (rest[:place], _drop_empty([word for word in rest[place + 1 :] if word not in _BETWEEN]))


def _take_number(before: list[str]) -> int | None:
    """Take a number that stands at most two words before a kind or genre: it says how many."""
    for place in range(len(before) - 1, max(-1, len(before) - 4), -1):
        if (number := _read_number(before[place])) is not None:
            del before[place]
            return number
    return None


def _take_top(rest: list[str]) -> int | None:
    for place, word in enumerate(rest[:-1]):
        if word == "top" and (number := _read_number(rest[place + 1])) is not None:
            del rest[place : place + 2]
            return number
    return None


def _read_number(word: str) -> int | None:
    return int(word) if re.fullmatch(r"[1-9]\d{0,2}", word) else NUMBERS.get(word)


def _drop_empty(words: list[str]) -> str:
    return " ".join(word for word in words if word not in EMPTY_WORDS and word not in _MARKERS and word.strip("'-.&/"))


def _drop_article(subject: str) -> str:
    return re.sub(r"^(?:an?|the|some|people who|someone who) ", "", " ".join(subject.split()))
