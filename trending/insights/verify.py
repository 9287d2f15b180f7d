"""What a model said is held against what it was given: an answer passes whole or not at all.

Every rule here stands on its own feet: none trusts that the model, its server or the reviews meant well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from pydantic import ValidationError

from trending.genres import GENRE_INDEX
from trending.insights.draft import Draft, DraftQuote, DraftTag, DraftTheme, Question
from trending.insights.hostile import has_markup, strip_hidden
from trending.insights.offline import find_endings
from trending.insights.orders import is_order
from trending.insights.reading import Reading
from trending.insights.schema import Insights, Quote, Tag, Theme
from trending.insights.scorer import ReviewScorer
from trending.insights.sentences import fold_quote, split_sentences
from trending.insights.themes import find_spoilers, list_themes
from trending.insights.vibes import list_vibes
from trending.reviews.privacy import mask_text

MAX_SCORE_GAP = 25
_SUMMARY_WORDS = (5, 130)
_QUOTE_WORDS = (3, 45)
_MOST_REASON_CHARS, _MOST_QUOTE_CHARS, _MOST_EVIDENCE_CHARS = 240, 400, 80
_MOST_REASONS, _MOST_TAGS, _MOST_THEMES, _MOST_QUOTES, _MOST_EVIDENCE = 4, 8, 4, 3, 3
# Of the longer words of a summary, so many must come from the plot; a summary in other words still shares its nouns.
_SHARED_ALL, _SHARED_SENTENCE = 0.4, 0.2
_STEM, _LONG = 5, 4
_ENDINGS = ("", "s", "es", "d", "ed", "ing", "ly")
_TAG = re.compile(r"[a-z]{2,}(?:[ -][a-z]{2,})?")
_STOP = re.compile(r"[.!?;:]+\s+")
_CODE = re.compile(r"\w[._@/\\][^\W\d]{2,}|_|[^\W\d]\d+[^\W\d]")  # a domain, a path, a name in some program
_TOKEN = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|\d+(?:[.,]\d+)*")
_FENCE = re.compile(r"^\s*```(?:json)?\s*(\{.*\})\s*```\s*$", re.DOTALL)
# Begin sentences of summaries and reasons without being anyone's name.
_OPENERS = frozenset(
    """
    a across acting after all along although amid an and another as at audiences based because before both but by catalogue catalogues critics despite
    determined during each english every faced fans few film five following for forced four from good he her here high his how however i if in
    inspired into it its low many meanwhile mixed most movie my new no nor not now of old on once one or other our over overall pacing people
    performances plot poor praise praised rating ratings review reviewers reviews score scores series set several she show since so some soon story
    strong that the their then there these they this those though three to together torn two under until viewers we weak what when where while who
    whose why with without yet you young
    """.split()  # noqa: SIM905
)


class Refused(Exception):  # noqa: N818
    """An answer broke a rule; what it says is ours and names the rule."""


def check_draft(text: str, question: Question, reading: Reading, measured: Insights) -> Insights:
    """Return the insights a model wrote, proved against the material; provenance is the measured answer's and for the caller to replace.

    Args:
        text: What the model said.
        question: What it was asked.
        reading: The material.
        measured: What the rules say of the same material.

    Raises:
        Refused: With the first rule the answer broke.
    """
    folded = text.casefold()
    if any(secret.casefold() in folded for secret in question.secrets):
        raise Refused("it gave away private text of the prompt")
    draft = parse_draft(text)
    return Insights(
        summary=_check_summary(draft.summary, question, reading),
        score=_check_score(draft.score, measured.score),
        score_reasons=_check_reasons(draft.score_reasons, question, reading, measured),
        tags=_check_tags(draft.tags, question),
        genres=_check_genres(draft.genres),
        praise=_check_themes(draft.praise, question, reading),
        complaints=_check_themes(draft.complaints, question, reading),
        provenance=measured.provenance,
    )


def parse_draft(text: str) -> Draft:
    """Return an answer of the schema, fenced or not; refuse anything else."""
    fenced = _FENCE.match(text)
    try:
        return Draft.model_validate_json(fenced.group(1) if fenced else text)
    except (ValidationError, ValueError, RecursionError) as error:
        raise Refused("it isn't JSON of the schema that was asked for") from error


def _check_text(text: str, what: str) -> str:
    """Return plain text in one line; refuse links, markup, hidden characters, contact details and orders."""
    plain = " ".join(text.split())
    if strip_hidden(plain) != plain:
        raise Refused(f"{what} has hidden characters")
    if has_markup(plain):
        raise Refused(f"{what} has links or markup")
    if mask_text(plain) != plain:
        raise Refused(f"{what} has contact details")
    if is_order(plain):
        raise Refused(f"{what} reads like an instruction")
    return plain


def _check_prose(text: str, what: str) -> str:
    """Do the same for words of the model's own, which have no excuse for what looks like an address or code."""
    if _CODE.search(text):
        raise Refused(f"{what} has an address or code")
    return _check_text(text, what)


def _check_untold(text: str, what: str) -> str:
    """Return words of a review, or about reviews, that give no ending away."""
    if find_spoilers(text):
        raise Refused(f"{what} may give the ending away")
    return text


def _join_told(question: Question) -> str:
    """Return plot and reviews that anyone may read: an answer's own words come from these."""
    return "\n".join([question.plot, *(review.text for review in question.reviews.values() if not review.spoiler)])


def _check_summary(summary: str | None, question: Question, reading: Reading) -> str | None:
    if summary is None or not question.plot:
        if question.plot or summary:
            raise Refused("it has no summary though there is a plot" if question.plot else "it has a summary though there is no plot")
        return None
    plain = _check_prose(summary, "the summary")
    fewest, most = _SUMMARY_WORDS
    if not fewest <= len(plain.split()) <= most:
        raise Refused(f"the summary has fewer than {fewest} or more than {most} words")
    # The plot as the model knows it stops before its ending; what its premise says of a death may be said again.
    if find_endings(plain) - find_endings(question.plot):
        raise Refused("the summary may give the ending away")
    material = reading.material
    named = " ".join(str(part) for part in (question.plot, reading.title, material.year) if part is not None)
    check_names(plain, named, "the summary")
    _check_known(plain, named, "the summary")
    source = _stems(question.plot)
    shares = [_share(_stems(sentence), source) for sentence in _STOP.split(plain)]
    if min(shares) < _SHARED_SENTENCE or _share(_stems(plain), source) < _SHARED_ALL:
        raise Refused("the summary says what the plot doesn't")
    return plain


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in _words(text) if len(word) >= _LONG}


def _words(text: str) -> list[str]:
    return [token.casefold().replace("\u2019", "'").removesuffix("'s") for token in _TOKEN.findall(text)]


def _share(found: set[str], source: set[str]) -> float:
    return len(found & source) / len(found) if found else 1.0


def check_names(text: str, source: str, what: str) -> None:
    """Refuse names and numbers that the source doesn't have."""
    known = set(_words(source))
    known |= {part for word in known for part in word.split("-")}
    for sentence in split_sentences(text):
        for place, match in enumerate(_TOKEN.finditer(sentence)):
            token = match.group()
            word = token.casefold().replace("\u2019", "'").removesuffix("'s")
            if word in known or all(part in known for part in word.split("-")):
                continue
            if token[0].isdigit():
                raise Refused(f"{what} has a number that the material doesn't")
            if token[0].isupper() and not (place == 0 and _is_opener(word)) and word != "i":
                raise Refused(f"{what} has a name that the material doesn't")


def _is_opener(word: str) -> bool:
    return word in _OPENERS or (word.isalpha() and word.isascii() and ReviewScorer.load().knows(word))


def _check_score(score: int | None, measured: int | None) -> int | None:
    if (score is None) != (measured is None):
        raise Refused("it has a score without ratings or reviews" if measured is None else "it has no score")
    if score is not None and measured is not None and (not 0 <= score <= 100 or abs(score - measured) > MAX_SCORE_GAP):
        raise Refused(f"its score is more than {MAX_SCORE_GAP} from what ratings and reviews say")
    return score


def _check_reasons(reasons: Sequence[str], question: Question, reading: Reading, measured: Insights) -> list[str]:
    if reasons and measured.score is None:
        raise Refused("it has reasons for no score")
    material = reading.material
    parts = [_join_told(question), reading.title, material.rating, material.votes, material.year, measured.score, *measured.score_reasons]
    source = " ".join(str(part) for part in parts if part is not None)
    checked = []
    for reason in reasons[:_MOST_REASONS]:
        plain = _check_untold(_check_prose(reason, "a reason"), "a reason")
        if not 1 <= len(plain) <= _MOST_REASON_CHARS:
            raise Refused("a reason is empty or too long")
        check_names(plain, source, "a reason")
        _check_known(plain, source, "a reason")
        checked.append(plain)
    return checked


def _check_known(text: str, source: str, what: str) -> None:
    """Refuse words that neither the material nor English has: a made-up name needs no capital."""
    known = {part for word in _words(source) for part in _split(word)}
    for word in _words(text):
        if word not in _OPENERS and not all(
            len(part) < _LONG or _is_form(part, known.__contains__) or _is_form(part, ReviewScorer.load().knows) for part in _split(word)
        ):
            raise Refused(f"{what} has a word that is neither in the material nor English")


def _split(word: str) -> list[str]:
    return re.split(r"['-]", word)


def _is_form(word: str, knows: Callable[[str], bool]) -> bool:
    """Return whether a word, without its ending or with one more, is known."""
    return any((word.endswith(ending) and knows(word.removesuffix(ending))) or knows(word + ending) for ending in _ENDINGS)


def _check_genres(genres: Sequence[str]) -> list[str]:
    if any(genre not in GENRE_INDEX for genre in genres):
        raise Refused("it has a genre that isn't one of the 20")
    return sorted(set(genres), key=GENRE_INDEX.__getitem__)


def _check_tags(tags: Sequence[DraftTag], question: Question) -> list[Tag]:
    source = _join_told(question)
    folded, vibes = fold_quote(source), set(list_vibes())
    checked: dict[str, Tag] = {}
    for tag in tags[:_MOST_TAGS]:
        name = " ".join(tag.name.casefold().split())
        evidence = [_check_evidence(words, folded) for words in tag.evidence[:_MOST_EVIDENCE] if words.strip()]
        if name not in vibes:
            if not _TAG.fullmatch(name) or len(name) > 30:
                raise Refused("a tag isn't one or two plain words")
            _check_prose(name, "a tag")
            _check_known(name, source, "a tag")
            if not evidence:
                raise Refused("a tag of its own has no evidence")
        checked.setdefault(name, Tag(name=name, controlled=name in vibes, evidence=evidence))
    return list(checked.values())


def _check_evidence(words: str, folded_source: str) -> str:
    plain = _check_untold(_check_text(words, "the evidence of a tag"), "the evidence of a tag")
    if not _occurs(plain, folded_source) or len(plain) > _MOST_EVIDENCE_CHARS:
        raise Refused("a tag has evidence that isn't in the material")
    return plain


def _occurs(words: str, folded_source: str) -> bool:
    folded = fold_quote(words)
    return _TOKEN.search(folded) is not None and re.search(rf"(?<!\w){re.escape(folded)}(?!\w)", folded_source) is not None


def _check_themes(themes: Iterable[DraftTheme], question: Question, reading: Reading) -> list[Theme]:
    originals = {review.review_id: review.text for review in reading.material.reviews}
    merged: dict[str, list[Quote]] = {}
    for theme in themes:
        if theme.theme not in list_themes():
            raise Refused("it has a theme that isn't one of the list")
        if not theme.quotes:
            raise Refused("it has a theme without a quote")
        quotes = merged.setdefault(theme.theme, [])
        for quote in theme.quotes:
            proved = _check_quote(quote, question, originals)
            if proved not in quotes:
                quotes.append(proved)
    return [Theme(theme=theme, quotes=quotes[:_MOST_QUOTES]) for theme, quotes in merged.items()][:_MOST_THEMES]


def _check_quote(quote: DraftQuote, question: Question, originals: dict[str, str]) -> Quote:
    plain = _check_text(quote.text, "a quote")
    fewest, most = _QUOTE_WORDS
    if not fewest <= len(_words(fold_quote(plain))) <= most or len(plain) > _MOST_QUOTE_CHARS:
        raise Refused(f"a quote has fewer than {fewest} or more than {most} words")
    review = question.reviews.get(quote.review)
    # Both what the model was given and what the reader can look up must have it.
    if review is None or not _occurs(plain, fold_quote(review.text)) or not _occurs(plain, fold_quote(originals.get(review.review_id, ""))):
        raise Refused("it has a quote that isn't in the review it names")
    if review.spoiler:
        raise Refused("it quotes a review that is marked as a spoiler")
    return Quote(text=_check_untold(plain, "a quote"), review_id=review.review_id)
