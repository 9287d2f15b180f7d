"""The questions that can be asked of one release, each with limits and a typed answer. It knows no transport and keeps no state of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NoReturn

from trending.answers import (
    CompareAnswer,
    GenreInfo,
    GenresAnswer,
    GenreScore,
    InsightsAnswer,
    PredictAnswer,
    ReviewsAnswer,
    SearchAnswer,
    SimilarAnswer,
    TitleAnswer,
    TitleCard,
    TitlesAnswer,
    TrendingAnswer,
    Window,
)
from trending.catalogue import Catalogue, CatalogueTitle, Filters
from trending.embeddings.encoder import Vectors
from trending.errors import InputError, NotFoundError, UsageError
from trending.features.facts import write_facts
from trending.genres import GENRES
from trending.insights.maker import InsightMaker
from trending.insights.schema import Insights, Material, ReviewText
from trending.releases import Release
from trending.releases.bundle import DATA_CARD, METRICS_FILE, MODEL_CARD
from trending.service.compare import compare_titles
from trending.settings import load_settings
from trending.telemetry import TextsScored, span, tell
from trending.titles import TitleType

MAX_PAGE = 50
MAX_TITLES = 20
MAX_COMPARED = 5
MAX_TEXTS = 64
MAX_QUERY_CHARS = 300
MAX_ID_CHARS = 300
MAX_GIVEN_REVIEWS = 50
_READ_REVIEWS = 50
_KEPT_TITLES = 1_000
_QUICK_CHARS = 2_000
NO_TRENDS = (
    "this release has no popularity figures: run python run.py --pipeline ingestion --set 'source=[tvmaze, netflix_top10]', "
    "then train on it with --set source=catalogue"
)


class TitleService:
    """Answers from one release until it is closed; safe to call from several threads."""

    def __init__(self, release: Release, maker: InsightMaker) -> None:
        """Take an opened release, and what makes insights that aren't in it."""
        self.release = release
        self.maker = maker
        # Counted once: it reads the whole table.
        self._genre_counts = release.catalogue.count_genres()
        # A release never changes, and a few titles are asked for again and again.
        self._compose_title = lru_cache(maxsize=_KEPT_TITLES)(self._compose_title_anew)

    @property
    def version(self) -> str:
        """The release's version, which every answer carries."""
        return self.release.manifest.version

    @property
    def starter(self) -> bool:
        """True if the release was learnt from the small catalogue that ships with the project."""
        return self.release.manifest.data.starter

    @property
    def catalogue(self) -> Catalogue:
        """The release's titles."""
        return self.release.catalogue

    def warm_up(self) -> None:
        """Load what the first request would otherwise wait for."""
        self.release.predictor.predict(["warm up"])
        self._embed("warm up")

    def close(self) -> None:
        """Close the catalogue; nothing can be asked afterwards."""
        self.catalogue.close()
        # It refers back to this object, which would keep a retired release in memory until Python looks for cycles.
        vars(self).pop("_compose_title", None)

    def search(self, query: str = "", filters: Filters | None = None, limit: int = 10, cursor: str | None = None, by_meaning: bool = True) -> SearchAnswer:
        """Find titles by words, prefixes, misspelt words and meaning; without a query, browse by filters, best known first.

        Args:
            query: At most 300 characters.
            filters: What titles must fulfil.
            limit: Titles on a page, 1 to 50.
            cursor: `next_cursor` of the page before.
            by_meaning: Whether to compare meanings too, where the release has an encoder.

        Raises:
            UsageError: If a limit is broken or the cursor belongs to another question.
        """
        _check_limit(limit)
        if len(query) > MAX_QUERY_CHARS:
            raise UsageError(f"{len(query):,} characters", where="query", mend=f"use at most {MAX_QUERY_CHARS}; to classify a plot, ask for a prediction")
        filters = filters or Filters()
        vector = self._embed(query) if by_meaning and query.strip() else None
        with span("search catalogue", by_meaning=vector is not None):
            page = self.catalogue.search(query, filters, limit, cursor, vector)
        hint = None if page.cards else self._hint_search(query, filters)
        return SearchAnswer(
            release=self.version,
            query=query,
            titles=page.cards,
            total=page.total,
            total_is_exact=page.total_is_exact,
            next_cursor=page.next_cursor,
            corrected=page.corrected,
            by_meaning=vector is not None,
            hint=hint,
        )

    def find_title(self, title_id: str) -> CatalogueTitle:
        """Return a title's row as its source gives it, with the predicted genres.

        Raises:
            NotFoundError: If the release doesn't have it.
        """
        found = self.catalogue.get(title_id)
        if found is None:
            self._refuse_id(title_id)
        return found

    def get_title(self, title_id: str) -> TitleAnswer:
        """Return a title in full; never change the answer, which others are given too.

        Raises:
            NotFoundError: If the release doesn't have it.
        """
        return self._compose_title(title_id)

    def _compose_title_anew(self, title_id: str) -> TitleAnswer:
        found = self.find_title(title_id)
        about = self.catalogue.describe(title_id)
        return TitleAnswer(
            release=self.version,
            starter=self.starter,
            card=self.catalogue.card(title_id),
            plot=found.title.plot,
            genre_scores=[GenreScore(genre=one.genre, probability=one.probability) for one in found.predicted],
            split=found.split,
            also_at=about.also_at,
            reviews=about.reviews,
            trend=about.trend,
            insights=self._find_insights(title_id),
        )

    def get_titles(self, title_ids: Sequence[str]) -> TitlesAnswer:
        """Return 1 to 20 titles; ids that aren't known are listed, not refused."""
        ids = _distinct(title_ids, 1, MAX_TITLES)
        known = {card.title_id for card in self.catalogue.cards(ids)}
        return TitlesAnswer(
            release=self.version,
            titles=[self.get_title(one) for one in ids if one in known],
            missing=[one for one in ids if one not in known],
        )

    def get_trending(self, window: Window = "week", filters: Filters | None = None, limit: int = 10, cursor: str | None = None) -> TrendingAnswer:
        """Return what is trending, with the parts of each score and its history."""
        _check_limit(limit)
        page = self.catalogue.trending(window, filters or Filters(), limit, cursor)
        hint = None
        if not page.entries:
            hint = NO_TRENDS if page.as_of is None else "no trending title passes these filters: leave one out"
        return TrendingAnswer(
            release=self.version, window=window, as_of=page.as_of, entries=page.entries, total=page.total, next_cursor=page.next_cursor, hint=hint
        )

    def predict(
        self, texts: Sequence[str], evidence: int = 5, kind: TitleType | None = None, year: int | None = None, *, brought: bool = True
    ) -> PredictAnswer:
        """Predict the genres of 1 to 64 plots, with the words that spoke for each; `kind` and `year` say what else is known of all of them.

        Whoever monitors the service is told of texts that were `brought`: plots of the catalogue say nothing of what is asked.
        """
        if not 1 <= len(texts) <= MAX_TEXTS:
            raise InputError(f"{len(texts)} texts", where="texts", mend=f"give 1 to {MAX_TEXTS}")
        for text in texts:
            check_text(text, "texts")
        with span("score texts", texts=len(texts)):
            predictions = self.release.predictor.predict(texts, evidence, [write_facts(kind, year)] * len(texts))
        if brought:
            tell(TextsScored(self.version, texts, predictions, kind, year))
        return PredictAnswer(release=self.version, starter=self.starter, predictions=predictions)

    def predicts_at_once(self, texts: Sequence[str]) -> bool:
        """Say whether a prediction takes a millisecond or two, so that a server needn't hand it to a thread."""
        return self.release.predictor.model.quick and sum(map(len, texts)) <= _QUICK_CHARS

    def get_insights(self, title_id: str) -> InsightsAnswer:
        """Return the insights of a title: the release's own, or else made now."""
        insights = self._find_insights(title_id)
        if insights is None:
            insights = self.maker.make(self.read_material(title_id))
        return InsightsAnswer(release=self.version, title_id=title_id, attribution=self.catalogue.card(title_id).attribution, insights=insights)

    def make_insights(
        self, plot: str | None = None, reviews: Sequence[str] = (), title: str | None = None, kind: TitleType | None = None, year: int | None = None
    ) -> InsightsAnswer:
        """Make insights about text that is given: a plot, up to 50 reviews, or both."""
        plot = plot if plot and plot.strip() else None
        given = [text for text in reviews if text.strip()]
        if plot is None and not given:
            raise InputError("neither a plot nor a review", where="insights", mend="give at least one of them")
        if len(given) > MAX_GIVEN_REVIEWS:
            raise InputError(f"{len(given)} reviews", where="reviews", mend=f"give at most {MAX_GIVEN_REVIEWS}")
        for text in [*given, *([plot] if plot else [])]:
            check_text(text, "insights")
        material = Material(
            title=title,
            type=kind,
            year=year,
            plot=plot,
            reviews=[ReviewText(review_id=f"given:{number}", text=text) for number, text in enumerate(given, 1)],
            predicted_genres=[one.genre for one in self.release.predictor.predict([plot], evidence=0, facts=[write_facts(kind, year)])[0].genres]
            if plot
            else [],
        )
        return InsightsAnswer(release=self.version, insights=self.maker.make(material, keep=False))

    def get_reviews(self, title_id: str, limit: int = 10, cursor: str | None = None, spoilers: bool = False) -> ReviewsAnswer:
        """Return a title's reviews; those marked as spoilers only if asked for."""
        _check_limit(limit)
        self._require(title_id)
        page = self.catalogue.reviews(title_id, limit, cursor, spoilers)
        hint = None if page.reviews else "this release has no reviews of it" + ("" if spoilers else " that are free of spoilers")
        return ReviewsAnswer(release=self.version, title_id=title_id, reviews=page.reviews, total=page.total, next_cursor=page.next_cursor, hint=hint)

    def find_similar(self, title_id: str, limit: int = 10, filters: Filters | None = None) -> SimilarAnswer:
        """Return titles like one title, the most similar first."""
        _check_limit(limit)
        self._require(title_id)
        found = self.catalogue.similar(title_id, limit, filters or Filters())
        return SimilarAnswer(
            release=self.version, title_id=title_id, titles=found, hint=None if found else "nothing is like it under these filters: leave one out"
        )

    def compare(self, title_ids: Sequence[str]) -> CompareAnswer:
        """Put 2 to 5 titles side by side."""
        found = self.get_titles(_distinct(title_ids, 2, MAX_COMPARED))
        if len(found.titles) < 2:
            missing = ", ".join(repr(one[:100]) for one in found.missing)
            raise NotFoundError(f"release {self.version} has no {missing}, and one title alone can't be compared", mend="search for their ids first")
        made = iter(self.maker.make_at_once([self.read_material(one.card.title_id) for one in found.titles if one.insights is None]))
        return compare_titles(self.version, found, [one.insights or next(made) for one in found.titles])

    def list_genres(self) -> GenresAnswer:
        """Return the 20 genres with thresholds and counts."""
        thresholds = self.release.manifest.thresholds
        return GenresAnswer(
            release=self.version, genres=[GenreInfo(genre=name, threshold=thresholds[name], titles=self._genre_counts[name]) for name in GENRES]
        )

    def complete_title(self, prefix: str, limit: int = 10) -> list[TitleCard]:
        """Return the best-known titles that begin so."""
        return self.catalogue.complete_titles(prefix[:MAX_QUERY_CHARS], limit)

    def read_material(self, title_id: str) -> Material:
        """Return what insights about a title are made from.

        Raises:
            NotFoundError: If the release doesn't have it.
        """
        found = self.find_title(title_id)
        page = self.catalogue.reviews(title_id, _READ_REVIEWS, None, True)
        title = found.title
        return Material(
            title=title.title,
            type=title.type,
            year=title.year,
            plot=title.plot,
            reviews=[ReviewText(review_id=one.review_id, text=one.text, rating=one.rating, spoiler=one.spoiler) for one in page.reviews],
            listed_genres=title.genres,
            predicted_genres=[one.genre for one in found.predicted],
            rating=title.rating,
            votes=title.votes,
        )

    def model_card(self) -> str:
        """Return the model card, in Markdown."""
        return self._read(MODEL_CARD)

    def data_card(self) -> str:
        """Return the data card, in Markdown."""
        return self._read(DATA_CARD)

    def metrics(self) -> dict[str, Any]:
        """Return every figure of the champion on held-out titles, per genre too."""
        manifest = self.release.manifest
        overall = {name: figure.model_dump() for name, figure in manifest.metrics.items()}
        path = self.release.directory / METRICS_FILE
        # Releases of before this file was written have the overall figures only.
        return {"release": self.version, "overall": overall, **(json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {})}

    def lineage(self) -> dict[str, Any]:
        """Return where the release comes from: code, data, run and model version, and where its catalogue does if not from the same data."""
        manifest = self.release.manifest
        return {
            "release": manifest.version,
            "created": manifest.created.isoformat(),
            "code": manifest.git_sha or "unknown",
            "data": manifest.data.model_dump(),
            "catalogue": manifest.catalogue.model_dump(mode="json") if manifest.catalogue else None,
            "run": manifest.zenml.model_dump(),
            "model_kind": manifest.model_kind,
        }

    def _read(self, name: str) -> str:
        return (self.release.directory / name).read_text(encoding="utf-8")

    def _find_insights(self, title_id: str) -> Insights | None:
        """Return what the release holds; without a model, rules make the rest at once."""
        stored = self.catalogue.insights(title_id)
        if stored is None and not self.maker.has_model:
            return self.maker.offline(self.read_material(title_id))
        return stored

    def _embed(self, query: str) -> Vectors | None:
        encoder = self.release.encoder
        return None if encoder is None or self.release.vectors is None else encoder.encode([query])[0]

    def _require(self, title_id: str) -> None:
        if not self.catalogue.cards([title_id]):
            self._refuse_id(title_id)

    def _refuse_id(self, title_id: str) -> NoReturn:
        shown = title_id if len(title_id) <= 100 else title_id[:99] + "…"
        raise NotFoundError(f"no title {shown!r} in release {self.version}", mend="ids look like source:id; search for the title to get its id")

    def _hint_search(self, query: str, filters: Filters) -> str:
        if filters != Filters():
            return "no title passes these filters with this query: leave one out, or search without a query to browse"
        if query.strip():
            return "nothing fits: try fewer words, another spelling, or words of the plot"
        return "this catalogue is empty"


def check_text(text: str, where: str) -> None:
    """Refuse a text that is blank or too long.

    Raises:
        InputError: If it is.
    """
    limit = load_settings().max_text_chars
    if not text.strip():
        raise InputError("a text is blank", where=where, mend="give a sentence or more")
    if len(text) > limit:
        raise InputError(f"a text has {len(text):,} characters", where=where, mend=f"give at most {limit:,}")


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_PAGE:
        raise UsageError(f"{limit} on a page", where="limit", mend=f"ask for 1 to {MAX_PAGE} and follow next_cursor")


def _distinct(title_ids: Sequence[str], least: int, most: int) -> list[str]:
    ids = list(dict.fromkeys(title_ids))
    if not least <= len(ids) <= most or any(not one or len(one) > MAX_ID_CHARS for one in ids):
        raise UsageError(f"{len(ids)} different ids", where="title_ids", mend=f"give {least} to {most} ids such as source:id")
    return ids
