"""What each address shows: the service is asked, its answers are put into templates. No Gradio here, so every view can be tested as text."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import ValidationError

from apps.demo import words
from apps.demo.cards import render_card
from apps.demo.render import render
from apps.demo.route import WINDOWS, Route
from trending.answers import TitleAnswer, TitleCard, Window
from trending.catalogue import Filters
from trending.errors import NotFoundError, ReleaseError, TrendingError, UsageError
from trending.genres import GENRES
from trending.predictions import Prediction
from trending.releases.manifest import CatalogueOrigin
from trending.service.live import LiveService
from trending.service.service import TitleService, check_text
from trending.titles import TitleType

log = logging.getLogger(__name__)
EXAMPLE_QUERIES = ("haunted house", "courtroom drama", "robots learning to feel", "a heist that goes wrong")
# The error itself names folders of the machine; those are for the log.
NO_RELEASE = "No release is being served. Whoever runs this can publish one with: python run.py --pipeline training. This page then finds it by itself."
_PICKED_FROM = 50  # the best known, so that a pick is worth a look
_PAGE = 12
_BARS = 6  # genres a page shows: those predicted and the next likely


@dataclass(frozen=True)
class Shown:
    """A view that is ready: which, the window's title, and its HTML."""

    view: str
    title: str
    html: str


@dataclass(frozen=True)
class Asked:
    """What a view is made from."""

    service: TitleService
    route: Route
    today: dt.date


def show(live: LiveService, query: str, today: dt.date | None = None) -> Shown:
    """Return what an address shows; an error is a view too.

    Args:
        live: The service.
        query: The part of the address behind `?`.
        today: The day of the pick; by default today in UTC.
    """
    route = Route()
    try:
        route = Route.parse(query)
        with live.lease() as service:
            return _VIEWS[route.view](Asked(service, route, today or dt.datetime.now(dt.UTC).date()))
    except NotFoundError as error:
        return _show_trouble(route, "Not in this catalogue", error)
    except ReleaseError as error:
        log.warning("the page has nothing to show: %s", error)
        return Shown(route.view, "Nothing to show yet", render("trouble", heading="Nothing to show yet", message=NO_RELEASE))
    except TrendingError as error:
        return _show_trouble(route, "That didn't work", error)
    except Exception:
        log.exception("the page could not be made")
        return Shown(route.view, "Trouble", render("trouble", heading="Something broke", message="That is our fault. Try again; the log has the details."))


def _show_trouble(route: Route, heading: str, error: TrendingError) -> Shown:
    return Shown(route.view, heading, render("trouble", heading=heading, message=_as_sentence(str(error))))


def _as_sentence(line: str) -> str:
    return line[:1].upper() + line[1:] + ("" if line.endswith((".", "?", "!")) else ".")


def read_filters(route: Route) -> Filters:
    """Return the filters of an address.

    Raises:
        UsageError: If a number isn't one, or out of bounds.
    """
    given: dict[str, Any] = {
        "genre": [route.genre] if route.genre else [],
        "type": route.type or None,
        "language": route.language or None,
        "tag": route.tag or None,
        "year_from": route.from_year or None,
        "year_to": route.to_year or None,
        "min_score": route.min_score or None,
    }
    try:
        return Filters(**given)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(first["msg"].lower(), where=str(first["loc"][0]), mend="change or clear that filter") from error


def choose_pick(titles: Sequence[TitleCard], day: dt.date) -> TitleCard | None:
    """Return the pick of a day: the same for everybody all day long, another one the next day as a rule."""
    told = [one for one in titles if one.blurb] or list(titles)
    number = int.from_bytes(hashlib.sha256(day.isoformat().encode()).digest()[:8], "big")
    return told[number % len(told)] if told else None


@dataclass(frozen=True)
class Options:
    """What the filters offer: value and label."""

    genres: list[tuple[str, str]]
    types: list[tuple[str, str]]
    languages: list[tuple[str, str]]
    tags: list[tuple[str, str]]
    scored: bool


_OPTIONS: WeakKeyDictionary[TitleService, Options] = WeakKeyDictionary()


def list_options(service: TitleService) -> Options:
    """Return what the filters of a release offer: only what some title has. Counted once a release."""
    if service not in _OPTIONS:
        _OPTIONS[service] = _count_options(service)
    return _OPTIONS[service]


def _count_options(service: TitleService) -> Options:
    catalogue = service.catalogue
    return Options(
        genres=[(one.genre, one.genre) for one in service.list_genres().genres if one.titles],
        types=[(kind, words.name_kind(kind)) for kind in ("movie", "tv")],
        languages=sorted(((code, words.name_language(code)) for code in catalogue.languages()), key=lambda option: option[1]),
        tags=[(name, name) for name in sorted(catalogue.tags())],
        scored=service.search("", Filters(min_score=0), 1).total > 0,
    )


def _show_trending(asked: Asked) -> Shown:
    service, route = asked.service, asked.route
    filters = read_filters(route)
    answer = service.get_trending(_choose_window(route), filters, _PAGE, route.cursor or None)
    known = pick = None
    if answer.as_of is None:
        known = service.search("", filters, _PAGE)
        pick = choose_pick(service.search("", filters, _PICKED_FROM).titles, asked.today)
    html = render(
        "trending",
        route=route,
        browse=replace(route, view="search"),
        answer=answer,
        known=known,
        pick=pick,
        today=asked.today,
        starter=service.starter,
        options=list_options(service),
    )
    return Shown("trending", "What is trending" if answer.as_of else "Something to watch", html)


def _choose_window(route: Route) -> Window:
    for window in WINDOWS:
        if route.window in (window, ""):
            return window
    raise UsageError(f"no window {route.window[:40]!r}", where="window", mend=f"choose {', '.join(WINDOWS)}")


def _show_search(asked: Asked) -> Shown:
    service, route = asked.service, asked.route
    answer = service.search(route.q, read_filters(route), _PAGE, route.cursor or None)
    html = render("search", route=route, answer=answer, options=list_options(service), examples=EXAMPLE_QUERIES)
    return Shown("search", f"Search: {route.q[:60]}" if route.q else "Search", html)


def _show_title(asked: Asked) -> Shown:
    service, route = asked.service, asked.route
    answer = service.get_title(route.title)
    insights = answer.insights or service.get_insights(route.title).insights
    prediction = _predict(service, answer.plot, answer.card.type, answer.card.year)
    phrases = [one.text for genre in prediction.genres for one in genre.evidence] if prediction else []
    plot = words.mark_evidence(answer.plot or "", phrases)
    html = render(
        "title",
        route=route,
        answer=answer,
        insights=insights,
        maker=words.name_maker(insights.provenance),
        origin=words.say_origin(insights.provenance),
        plot=plot,
        marked="<mark>" in plot,
        bars=list_bars(prediction, service, answer.card.genres) if prediction else _list_stored_bars(answer, service),
        uncertainty=words.say_uncertainty(prediction, service.release.manifest.thresholds) if prediction else "",
        reviews=service.get_reviews(route.title, 10, route.cursor or None, spoilers=True),
        similar=service.find_similar(route.title, 6),
        known_tags=set(service.catalogue.tags()),
        search_link=Route(view="search").link,
        genre_names=GENRES,
    )
    year = f" ({answer.card.year})" if answer.card.year else ""
    return Shown("title", answer.card.title[:100] + year, html)


def _predict(service: TitleService, plot: str | None, kind: TitleType | None = None, year: int | None = None) -> Prediction | None:
    """Return the prediction with evidence, which the catalogue doesn't hold; None if there is no text that can be scored."""
    try:
        check_text(plot or "", "plot")
    except TrendingError:
        return None
    return service.predict([plot or ""], kind=kind, year=year, brought=False).predictions[0]


@dataclass(frozen=True)
class Bar:
    """A genre's probability beside its threshold."""

    genre: str
    probability: float
    threshold: float
    hit: bool
    listed: bool = False
    evidence: tuple[str, ...] = ()


def list_bars(prediction: Prediction, service: TitleService, listed: Sequence[str] = ()) -> list[Bar]:
    """Return the genres to show, most probable first: predicted ones, listed ones, those that came close, and the next likely up to six."""
    thresholds = service.release.manifest.thresholds
    evidence = {one.genre: tuple(word.text for word in one.evidence) for one in prediction.genres}
    ranked = sorted(prediction.scores.items(), key=lambda pair: -pair[1])
    kept = {*evidence, *listed, *words.find_near(prediction)}
    spare = max(0, _BARS - len(kept))
    kept |= {name for name, _ in [pair for pair in ranked if pair[0] not in kept][:spare]}
    return [Bar(name, score, thresholds[name], name in evidence, name in listed, evidence.get(name, ())) for name, score in ranked if name in kept]


def _list_stored_bars(answer: TitleAnswer, service: TitleService) -> list[Bar]:
    thresholds = service.release.manifest.thresholds
    return [Bar(one.genre, one.probability, thresholds[one.genre], True, one.genre in answer.card.genres) for one in answer.genre_scores]


def _show_about(asked: Asked) -> Shown:
    service = asked.service
    manifest = service.release.manifest
    macro, baseline = manifest.metrics["macro_f1"], manifest.baseline["macro_f1"]
    figures = [
        (f"{macro.value:.3f}", "macro F1 on titles the model never saw"),
        (f"{macro.low:.3f} to {macro.high:.3f}", "95% interval of it"),
        (f"{baseline.value:.3f}", "what a constant guess reaches"),
        (f"{service.catalogue.count():,}", "titles in the catalogue"),
    ]
    lineage = [
        ("Release", manifest.version),
        ("Made", f"{manifest.created:%Y-%m-%d %H:%M} UTC"),
        ("Model", manifest.model_kind),
        ("Data", f"{manifest.data.source}, {words.say_many(manifest.data.rows, 'row')}, fingerprint {manifest.data.fingerprint[:12]}"),
        *_list_catalogue(manifest.catalogue),
        ("Rights learnt from", ", ".join(manifest.data.rights)),
        ("Code", manifest.git_sha[:12] or "unknown"),
        ("Project", manifest.project_version),
    ]
    html = render(
        "about",
        figures=figures,
        lineage=lineage,
        starter=service.starter,
        model_card=render_card(service.model_card()),
        data_card=render_card(service.data_card()),
    )
    return Shown("about", "About", html)


def _list_catalogue(origin: CatalogueOrigin | None) -> list[tuple[str, str]]:
    """Return where the titles come from, if not from what the model was learnt from."""
    return [("Catalogue", f"{origin.data.source}, {words.say_many(origin.shown, 'title')}, scored by the model of {origin.scored_from}")] if origin else []


def _show_frame(asked: Asked) -> Shown:
    """Views that Gradio's own components make up have nothing to fetch."""
    return Shown(asked.route.view, {"try": "Try it", "chat": "Chat"}[asked.route.view], "")


_VIEWS: dict[str, Callable[[Asked], Shown]] = {
    "trending": _show_trending,
    "search": _show_search,
    "title": _show_title,
    "about": _show_about,
    "try": _show_frame,
    "chat": _show_frame,
}


def try_plot(live: LiveService, text: str) -> str:
    """Return the genres of a plot as HTML; an error is HTML too."""
    try:
        with live.lease() as service:
            prediction = service.predict([text]).predictions[0]
            phrases = [one.text for genre in prediction.genres for one in genre.evidence]
            return render(
                "try_it",
                heading=words.join_words(one.genre for one in prediction.genres) or "No genre for sure",
                uncertainty=words.say_uncertainty(prediction, service.release.manifest.thresholds),
                release=service.version,
                starter=service.starter,
                bars=list_bars(prediction, service),
                plot=words.mark_evidence(text, phrases),
                text=text,
                genre_names=GENRES,
            )
    except ReleaseError:
        return render("failed", message=NO_RELEASE)
    except TrendingError as error:
        return render("failed", message=_as_sentence(str(error)))
