"""What the chat can't do, as people ask for it (in the notation of `shapes`), with what it offers instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.chat.shapes import compile_shapes

_PIECES = {
    "service": """netflix|hulu|disney[ plus]|prime|amazon|prime video|amazon prime|hbo[ max]|max|apple tv|paramount[ plus]|peacock
        |youtube|mubi|crunchyroll""",
    "length": "hour|hours|minute|minutes|min|mins",
    "young": "kid|kids|child|children|toddler|toddlers|son|daughter",
}


@dataclass(frozen=True)
class Refusal:
    """A kind of question that has no answer here."""

    name: str
    shapes: tuple[re.Pattern[str], ...]
    said: str

    def matches(self, question: str) -> bool:
        """Whether the question is of this kind."""
        return any(shape.fullmatch(question) for shape in self.shapes)


def _refuse(name: str, said: str, shapes: str) -> Refusal:
    return Refusal(name, compile_shapes(shapes, _PIECES), said)


REFUSALS: tuple[Refusal, ...] = (
    _refuse(
        "streaming",
        "I don't know where a title can be streamed, rented or bought: the catalogue has no such data. I can say what it is about and whether people liked it.",
        """
        where (can|could|do|to|should) ...(watch|stream|see|find|rent|buy|get) ...
        (is|are) ... (on|available on|streaming on) <service>[ +|+| now]
        what('s| is) [new ]on <service> ...
        (does|has) <service> ...
        ... which [streaming ](service|platform|channel) ...
        (is|are) ... (streaming|available to (stream|watch|rent|buy)) ...
        """,
    ),
    _refuse(
        "people",
        "I don't know who made or plays in a title: cast and crew aren't in the catalogue. I can find titles by plot, genre, year, language and mood.",
        """
        who[ is|'s| are| was| were] [the ](director|actor|actors|actress|cast|writer|writers|star|stars|lead|in|composer) ...
        who (directed|directs|starred|stars|played|plays|acted|acts|wrote|writes|made|produced|composed|created|voiced|voices) ...
        ... (directed|produced|written|made) by ...
        ... starring ...
        ... (cast|director|actor|actors|actress|actresses|crew|composer) (of|in|for) ...
        ... (movies|films|shows|series|anything) (by|from director) ...
        """,
    ),
    _refuse(
        "money",
        "I know nothing of box office or budgets. I can say what is trending and how well a title is liked.",
        """
        ... (box office|box-office|gross|grossed|budget of|profitable) ...
        how much [money ](did|has|does|was) ...
        """,
    ),
    _refuse(
        "showtimes",
        "I know no showtimes, tickets or broadcast dates. I can say what is trending, or recommend something for tonight.",
        """
        ... (showtime|showtimes|show times|near me|ticket|tickets|playing near) ...
        ... (in|at) [the ](theater|theaters|theatre|theatres|cinema|cinemas) ...
        when (does|will) ... air ...
        """,
    ),
    _refuse(
        "length",
        "I don't know how long titles are, nor how many episodes they have. I can filter by genre, kind, year, language, mood and score.",
        """
        how long (is|are|was|does) ...
        ... (runtime|run time|running time) ...
        ... how many (episodes|seasons|minutes|hours|parts) ...
        ... (under|over|less than|more than|shorter than|longer than|within) NUMBER[ of| and a half] <length> ...
        """,
    ),
    _refuse(
        "awards",
        "I know nothing of awards. I can find titles that people rate highly.",
        "... (oscar|oscars|academy award|academy awards|emmy|emmys|golden globe|golden globes|bafta|baftas|award|awards|palme d'or) ...",
    ),
    _refuse(
        "ages",
        "I have no age ratings. I can list titles of the genre Family, or quote what reviews say of one.",
        """
        ... age (rating|limit|restriction) ...
        ... (suitable|appropriate|safe|ok|okay|too scary|too violent) for ... (<young>|year-olds|year olds) ...
        ... (rated (pg|r|g|pg-13|nc-17)|parental guidance) ...
        """,
    ),
    _refuse(
        "ending",
        "I don't tell endings. I can say what a title is about without spoilers.",
        """
        how (does|did|do) ... (end|ends|ended)
        ... (ending (of|to|in)|spoilers (of|for)|spoil|plot twist) ...
        who (dies|is the (killer|murderer)) ...
        """,
    ),
    _refuse(
        "future",
        "I know nothing of plans: sequels, seasons to come, renewals. I can find titles like the one you mean.",
        """
        ... (next|new|upcoming|another) (season|seasons|sequel|sequels|episode|episodes) ...
        ... (sequel|sequels|renewed|cancelled|canceled|will there be) ...
        """,
    ),
    _refuse(
        "media",
        "I can't show, play or download anything: I only know what titles are about and how people like them.",
        """
        ... (trailer|trailers|poster|posters|screenshot|screenshots|image|images|clip|clips|soundtrack) (of|for|to) ...
        ... (download|torrent|pirate|subtitles) ...
        (watch|play|stream) ... (now|for me)
        """,
    ),
    _refuse(
        "acting",
        "I can only look things up: no bookings, lists or reminders. Ask me what to watch, and I'll look.",
        """
        (buy|book|order|remind|add|save|mark|email|e-mail|call|text|delete|send) ...
        ... my (watchlist|watch list|account|profile|subscription) ...
        """,
    ),
    _refuse(
        "opinion",
        "I have no opinions of my own. I can say what reviews and ratings make of a title: ask \u201cis Alien any good?\u201d, say.",
        """
        ... your [own ](fav|favs|favourite|favourites|favorite|favorites|opinion|taste|thoughts) ...
        (do|did|would|have) you [personally |ever ](like|love|enjoy|prefer|hate|watch|watched|see|seen) ...
        """,
    ),
)
OFF_TOPIC = _refuse(
    "off_topic",
    "I only talk about films and shows of this catalogue: what is trending, what to watch, what a title is about, whether it is any good.",
    """
    ... (weather|stock price|stocks|bitcoin|president|prime minister|capital of|capital city of|recipe|horoscope|football score) ...
    ... (poem|haiku|joke|essay|homework) ...
    ... (translate|python|javascript|source code|sql|email address|e-mail address|password|system prompt|instructions|jailbreak|api key) ...
    ... (ignore|disregard|forget) (all|any|your|the|previous|prior|everything) ...
    """,
)
_SUM = re.compile(r"(?=.*\d\s*[+*/x=-]\s*\d)[\d\s.,()+*/x=-]+")


def find_refusal(question: str) -> Refusal | None:
    """Return what the question asks that isn't known here, if it does."""
    return next((one for one in REFUSALS if one.matches(question)), None)


def is_off_topic(question: str) -> bool:
    """Whether the question has nothing to do with titles."""
    return OFF_TOPIC.matches(question) or bool(_SUM.fullmatch(question))


def say_refusal(name: str) -> str:
    """Return what is said to a refused question."""
    return next(one.said for one in (*REFUSALS, OFF_TOPIC) if one.name == name)
