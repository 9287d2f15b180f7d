"""The grammar of questions: a table of shapes (see `shapes`), each with the reader of its slots; the first that fits and that its reader takes counts.

A pure function of question, history and day: nothing is looked up here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from apps.chat.answers import Turn
from apps.chat.plans import ABOUT_ONE_TITLE, Plan
from apps.chat.readers import (
    Context,
    Reader,
    doubt_title,
    read_better,
    read_comparison,
    read_count,
    read_facts,
    read_feeling,
    read_follow_up,
    read_genre_question,
    read_lookup,
    read_name,
    read_off_topic,
    read_prediction,
    read_quality,
    read_question_of_two,
    read_recommendation,
    read_refusal,
    read_search,
    read_similar,
    read_trend_of_title,
    read_trending,
    read_whole_title,
    read_wish,
    say,
)
from apps.chat.refusals import find_refusal
from apps.chat.shapes import compile_shapes
from apps.chat.vocabulary import GENRE_WORDS, VIBES

MAX_SHAPED_CHARS = 500  # what a question asks is said by then; only a plot to classify goes on

PIECES = {
    "be": "is|are|was|were",
    "i": "i|we|you",
    "people": "people|viewers|critics|reviewers|audiences|others|everyone|everybody|fans|[the ]reviews|folks|anyone",
    "kinds": "films|movies|shows|series|titles|ones|comedies|dramas|thrillers|mysteries|westerns|documentaries|musicals",
    "kind": "film|movie|show|series|tv show|tv series|<kinds>",
    "media": "something|anything|stuff|more|others|one|[... ](<kind>|comedy|drama|thriller|horror|anime)",
    "good": """[really |actually |even |still ]([any ]good|worth (watching|seeing|it|my time|a watch|the time|the hype)|bad|great|overrated|underrated
        |boring|rubbish|terrible|recommended|well[-| ](reviewed|liked|received|rated)|a (good|great|bad) (<kind>|watch))[ or (not|bad)]""",
    "like": """[that (is|are|feels|feel) ][just |a bit |kind of ]
        (like|similar to|akin to|in the (vein|style|spirit) of|along the lines of|comparable to|close to)""",
    "liked": "like|liked|love|loved|enjoy|enjoyed|adore|adored|watched|saw|finished",
    "i_liked": "i [just |really |just really ]<liked>|i('ve| have) [already |just ](seen|watched|finished)",
    "felt": "|".join(word for word in [*GENRE_WORDS, *VIBES] if not word.startswith(("for ", "with ")) and not word.endswith("s")),
    "now": "right now|now|at the moment|this week|this month|today|currently",
    "genre": """comedy|drama|thriller|horror|western|romance|documentary|musical|mystery|fantasy|crime|war|action|sci-fi|scifi|science fiction|animated
        |family|romcom|rom-com|cartoon|anime""",
    "out": "released|come out|came out|made|from|out|air|premiere|premiered|start|started|begin|first (air|aired|shown|released)",
    "better": "is|was|should <i> (watch|see|pick|choose)|do you recommend|has the (better|higher) (score|rating)",
    "then": "what|where|which|recommend|suggest|find|show|give|anything|something|want|i want|i need",
    "ask": "recommend|suggest|find|show|give|get|i want|i'm looking for|any|is there|are there|do you have|what about",
    "find": """find|search[ for]|looking for|look for|look up|show|list|get|give|name|i'm looking for|i am looking for
        |i (want|need)[ to (watch|see)]|got|any""",
    "more_or_so": "better|worse|funnier|more popular|scarier|darker|newer|older",
}


@dataclass(frozen=True)
class Row:
    """An intent's shapes and the reader of their slots, which may still decline."""

    shapes: tuple[re.Pattern[str], ...]
    read: Reader


def _row(read: Reader, shapes: str = "...") -> Row:
    return Row(compile_shapes(shapes, PIECES), read)


TABLE: tuple[Row, ...] = (
    _row(
        say(Plan(intent="greet")),
        """
        (hi|hello|hey|hiya|yo|howdy|greetings|good (morning|afternoon|evening|day))[ there| all| again]
        """,
    ),
    _row(
        say(Plan(intent="thank")),
        """
        [many |ok |okay ,|great |cool ](thanks|thank you|thx|ta|cheers)[ a lot| so much| very much][ for (that|your help)]
        (great|perfect|cool|nice|ok|okay|got it|bye|goodbye|see you|good night)[ bye| thanks| thank you]
        """,
    ),
    _row(
        say(Plan(intent="help")),
        """
        [/]help[ me| please]
        what (can|do) you (do|know|answer)[ for me]
        what (can|could|should) i ask[ you]
        how (do|does|can) (you|this|it|i use you|i use this)[ work]
        (who|what) are you
        are you (a|an) ...
        what is this
        (commands|menu|instructions|introduce yourself)
        """,
    ),
    _row(
        read_prediction,
        """
        [...]genre[s] ...: PLOT
        [...]genre[s]: PLOT
        (predict|classify|guess|categorise|categorize|label)[ this| these| the following][ plot| story| text]: PLOT
        (predict|classify|guess|categorise|categorize) [the genre[s] ](of|for) (this |the following )[plot |story |text ]PLOT
        (what|which) genre[s] (is|are|would be) (a|an|the) (story|film|movie|plot|show|tale|series) (about|where|in which|of|that) PLOT
        """,
    ),
    _row(read_follow_up),
    _row(read_refusal),
    _row(
        say(Plan(intent="genres")),
        """
        (what|which) (genres|categories)[ are there| exist| are (available|known|covered)]
        (what|which) (genres|categories|kinds of (films|movies|shows|titles)) (do you (have|know|cover|use)|can (i|you) ...|are there)
        [list |show |name |give me ][me ][all ][of ][the |your ]genres
        """,
    ),
    _row(read_count, "how many WHAT[ (are there|do you (have|know)|are in (here|the catalogue)|exist|is there)]"),
    _row(
        read_comparison,
        """
        (compare|comparison (of|between)|[what( is|'s| are) ][the ]difference[s] between) TITLES[ for me]
        which [one |<kind> ]<better>[ the][ best| MORE=<more_or_so>][ one| <kind>][,|:] TITLES
        """,
    ),
    _row(read_question_of_two, "(should|shall) <i> (watch|see|try|pick|choose) TITLES"),
    _row(read_better, "<be> ONE MORE=<more_or_so> than OTHER"),
    _row(
        read_similar,
        """
        (<i_liked>|if <i> <liked>|after [watching |finishing ]|having (seen|watched)) TITLE[,|.|;|:] [and ][so |now ]<then> ...
        (<i_liked>|if <i> <liked>) TITLE[,|.|;|:] [so |now |and ]what( next| else| now|'s next)
        what (should|can|could|to|do|would) [<i> ](watch|see|try|like) [next ](after|if <i> <liked>) TITLE
        [<ask> ][me |us ]KIND=<media> <like> TITLE
        [what <kind> (is|are)|what's|what is|what <kind>] (similar to|like|close to) TITLE
        (similar to|like) TITLE
        [find |show |list |get ][me ]similar [KIND=<media> ]to TITLE
        more like TITLE
        """,
    ),
    _row(
        read_quality,
        """
        <be> TITLE <good>
        how (good|bad|well-liked|well liked|popular|great|scary|funny) <be> TITLE
        how <be> TITLE[ rated| reviewed| received| liked]
        (should|shall) <i> (watch|see|try|bother with|give) TITLE[ or not| a (try|chance|go)]
        what (do|did|are|does|have) (<people>|you) (say|saying|said|think|thinking|like|dislike|hate|love|praise|complain|make)[ about| of][ about| in] TITLE
        what( is|'s| are) [the ](good|bad|right|wrong|great|best|worst)[ thing| part][ and (good|bad)] (about|with) TITLE
        what( is|'s| are) [the ](score|rating|review|reviews|verdict|consensus|reception|word)[ of| for| on] TITLE
        what( is|'s| are) people saying about TITLE
        [show |read |give |see |get ][me ][the |some |any ](review|reviews|rating|ratings|opinions|score|scores) (of|for|on|about) TITLE
        (rate|review|judge) TITLE
        is it worth (watching|seeing) TITLE
        why should <i> (watch|see) TITLE
        (did|do|does) <people> [really ](like|love|enjoy|hate|recommend) TITLE
        """,
    ),
    _row(read_feeling, "<be> TITLE [really |very |too |so |that |at all ]<felt>"),
    _row(
        read_trend_of_title,
        """
        why <be> TITLE [so ](trending|popular|in the (charts|ranking|list)|number (one|1)|[at ][the ]top|hot|everywhere)[ <now>]
        <be> TITLE [still ](trending|in the (charts|ranking)|hot)[ <now>]
        """,
    ),
    _row(
        read_genre_question,
        """
        (what|which) genre[s] <be> [the (movie|film|show|series) ]TITLE[ in]
        (what|which) genre[s] does TITLE (have|belong to|fall (in|under|into))
        [what( is|'s| are) ]the genre[s] of TITLE
        what (kind|type|sort) of (<kind>|thing) <be> TITLE
        is TITLE [really ](a|an) <genre>[ film| movie| show| series]
        """,
    ),
    _row(read_facts("type"), "<be> TITLE (a|an) (film|movie|show|series|tv show|tv series)[ or (a|an) (film|movie|show|series|tv show|tv series)]"),
    _row(
        read_facts("plot"),
        """
        what( is|'s| was| are) TITLE [all ]about
        what happens in TITLE
        [give me |tell me ][what( is|'s) ][the |a ](plot|story|storyline|premise|synopsis|summary|description) (of|in|for|behind) TITLE
        (summarise|summarize|describe|sum up) TITLE
        """,
    ),
    _row(
        read_facts("year"),
        """
        (when|what year|in what year|which year|in which year) (was|is|did|were|does) TITLE[ first][ <out>]
        how old is TITLE
        [what( is|'s) ][the ](release date|release year|year) of TITLE
        """,
    ),
    _row(read_facts("language"), "[in ](what|which) language[s] <be> TITLE[ in| spoken in| made in| shot in]"),
    _row(read_facts("country"), "(where|[from ](what|which) country) (is|was|are|does) TITLE[ from| made| come from| produced][ in]"),
    _row(
        read_facts("all"),
        """
        [tell me |i want to know |i'd like to know ][more |all |everything |something ]about TITLE
        (info|information|details|facts) (on|about) TITLE
        what (do you know|can you (tell me|say)) about TITLE
        is there (a|an) <kind> (called|named) TITLE
        (do you know|have you heard of) TITLE
        """,
    ),
    _row(
        read_trending,
        """
        ... (trending|trend|trends|popular|most watched|buzz|buzzing|hyped|blowing up) ...
        ...(hot|hottest) (<now>|in) ...
        what('s| is) hot ...
        ... (everyone|everybody|people)['s| is| are] watching ...
        ...top NUMBER ... (<now>|of the (week|month|quarter))
        [the ](top|charts|chart|top NUMBER[ (in|of|for|from) ...])
        [the ]top [NUMBER ][... ]<kinds>
        """,
    ),
    _row(
        read_recommendation,
        """
        ... (recommend|recommends|recommendation|recommendations|suggest|suggestion|suggestions) ...
        ... (surprise me|weekend|tonight|this evening|movie night|date night|binge|in the mood for|mood for|something to watch) ...
        ... feel[ing] like[ watching] ...
        ... what (should|can|could|shall|do|to) [<i> ](watch|see) ...
        [just ]pick (me |something|one|a |for )...
        """,
    ),
    _row(
        read_search,
        """
        <find> [me |us ][any |some |a few |all ]WHAT
        (do you have|have you got|are there|is there) [any |some ]WHAT[ in (here|the catalogue)]
        """,
    ),
    _row(read_wish, "(what|which) ..."),
    _row(read_off_topic),
    _row(read_wish),
    _row(read_lookup, "(what|who)( is|'s| was) TITLE"),
    _row(read_question_of_two, "TITLES"),
    _row(read_name),
)
_COURTESY = re.compile(
    r"^(?:(?:hi|hello|hey|ok(?:ay)?|so|well|please|now|then|also|um+|great|thanks|thank you|cool)[,!.]+ *(?=\S)"
    r"|(?:hi|hello|hey|ok(?:ay)?|so|well|please|now|then|also|um+) (?=\S+ \S)"
    r"|(?:can|could|would|will) you (?:please )?(?=[a-z]+ )"
    r"|(?:do you know|tell me|i wonder|let me know|i(?:'d| would) like to know|i want to know) (?:if |whether )?(?=(?:what|when|how|which|is|are)\b))",
    re.IGNORECASE,
)
_MARKS = " ?!."
_END = re.compile(r"(?<![\s,?!.])[\s,?!.]+(?:please|pls|thanks|thank you|then|though)$", re.IGNORECASE)


def make_plan(question: str, history: Sequence[Turn] = (), today: dt.date | None = None) -> Plan:
    """Return what `question` asks for.

    Args:
        question: As it was typed.
        history: What was asked before; "it", "the second one", "more" and "and in comedies?" look back on it.
        today: What "recent" and "last year" are counted from.
    """
    whole = tidy_question(question)
    text = whole[:MAX_SHAPED_CHARS].rstrip()
    context = Context(history, today or dt.datetime.now(tz=dt.UTC).date(), whole)
    plans = _list_plans(text, context)
    plan, read = next(plans, (Plan(intent="unknown"), None))
    if plan.intent == "refuse":
        # "Is The Black Pirate any good?" asks for no pirated copy.
        about = (one for one, _ in plans if one.intent in ABOUT_ONE_TITLE and one.names and find_refusal(one.names[0].text))
        plan = next((doubt_title(one, plan) for one in about), plan)
    return read_whole_title(question, plan, context, follows=read is read_follow_up)


def _list_plans(text: str, context: Context) -> Iterator[tuple[Plan, Reader]]:
    """Yield what the text may mean, likeliest first, with what has read it so."""
    for row in TABLE:
        for shape in row.shapes:
            if (found := shape.fullmatch(text)) and (plan := row.read(found, text, context)):
                yield plan, row.read


def tidy_question(question: str) -> str:
    """Return the question on one line, without a typesetter's apostrophes, courtesies, and marks at its end."""
    text = _END.sub("", " ".join(question.replace("\u2019", "'").replace("\u2018", "'").split()).rstrip(_MARKS)).rstrip(_MARKS)
    while (shorter := _COURTESY.sub("", text)) != text:
        text = shorter
    return text
