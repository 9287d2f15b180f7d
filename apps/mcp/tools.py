"""The tools: nine questions of the service, each with limits, a schema of its answer, and one sentence that says when to use it. All only read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field

from apps.mcp.answering import Lender, ask, fit_answer, fit_page
from apps.mcp.arguments import Cursor, Genres, Kind, Language, Limit, Score, Tag, Text, Texts, TitleId, TitleIds, Year
from apps.mcp.chart import CHART_URI
from apps.mcp.factory import Server
from trending.answers import (
    CompareAnswer,
    InsightsAnswer,
    PredictAnswer,
    ReviewsAnswer,
    SearchAnswer,
    SimilarAnswer,
    TitleAnswer,
    TitlesAnswer,
    TrendingAnswer,
    Window,
)
from trending.errors import UsageError

if TYPE_CHECKING:
    from trending.catalogue import Filters

READ_ONLY = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
_MAX_TEXTS = 10
_SPARE_SECONDS = 5.0  # beside the model's own time


def add_tools(server: Server, live: Lender) -> None:
    """Give a server its tools.

    Args:
        server: Made by the factory.
        live: Lends the service over the current release.
    """

    def tool(title: str, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return server.tool(title=title, annotations=READ_ONLY, **more)

    @tool("Search titles")
    async def search_titles(
        context: Context,
        query: Annotated[str, Field(max_length=300, description="Words of title or plot, or what it is about; empty: browse by filters.")] = "",
        genre: Genres | None = None,
        type: Kind | None = None,  # noqa: A002
        year_from: Year | None = None,
        year_to: Year | None = None,
        min_score: Score | None = None,
        language: Language | None = None,
        tag: Tag | None = None,
        limit: Limit = 10,
        cursor: Cursor | None = None,
    ) -> Annotated[CallToolResult, SearchAnswer]:
        """Find films and shows by name, theme or mood; start here to get the ids that other tools ask for."""
        filters = _make_filters(genre, type, year_from, year_to, min_score, language, tag)
        return await ask(context, live, lambda service: fit_page(lambda most: service.search(query, filters(), most, cursor), limit))

    @tool("Get a title")
    async def get_title(context: Context, title_id: TitleId) -> Annotated[CallToolResult, TitleAnswer]:
        """Get all that is known of one title (plot, predicted genres, insights, trend) before talking about it."""
        return await ask(context, live, lambda service: fit_answer(service.get_title(title_id)))

    @tool("Get several titles")
    async def get_titles(context: Context, title_ids: Annotated[TitleIds, Field(min_length=1, max_length=20)]) -> Annotated[CallToolResult, TitlesAnswer]:
        """Get up to 20 titles in one call, instead of calling get_title repeatedly."""
        ids = list(dict.fromkeys(title_ids))
        hint = "the answer would be too long with all of them: ask again for {}"
        return await ask(
            context, live, lambda service: fit_page(lambda most: service.get_titles(ids[:most]), len(ids), lambda most: hint.format(", ".join(ids[most:])))
        )

    @tool("What is trending", meta={"ui": {"resourceUri": CHART_URI}})
    async def get_trending(
        context: Context,
        window: Window = "week",
        genre: Genres | None = None,
        type: Kind | None = None,  # noqa: A002
        year_from: Year | None = None,
        year_to: Year | None = None,
        min_score: Score | None = None,
        language: Language | None = None,
        tag: Tag | None = None,
        limit: Limit = 10,
        cursor: Cursor | None = None,
    ) -> Annotated[CallToolResult, TrendingAnswer]:
        """Rank what is popular now, with reasons; use it for questions about this week, month or quarter."""
        filters = _make_filters(genre, type, year_from, year_to, min_score, language, tag)
        return await ask(context, live, lambda service: fit_page(lambda most: service.get_trending(window, filters(), most, cursor), limit))

    @tool("Predict genres")
    async def predict_genres(
        context: Context, texts: Annotated[Texts, Field(min_length=1, max_length=_MAX_TEXTS, description="Plots in English.")]
    ) -> Annotated[CallToolResult, PredictAnswer]:
        """Predict the genres of plots that the user gives, with probabilities and telling words; not for titles of the catalogue."""
        return await ask(context, live, lambda service: fit_answer(service.predict(texts)))

    @tool("Get insights")
    async def get_insights(
        context: Context,
        title_id: TitleId | None = None,
        plot: Text | None = None,
        reviews: Annotated[Texts, Field(max_length=50)] | None = None,
    ) -> Annotated[CallToolResult, InsightsAnswer]:
        """Summarise and score a title (title_id), or a user's own plot and reviews: summary, score, vibes, praise and complaints with quotes."""
        if (title_id is None) == (plot is None and not reviews):
            raise UsageError("give either title_id, or plot, reviews or both", where="get_insights")
        seconds = _wait_for_model(1)
        if title_id is not None:
            return await ask(context, live, lambda service: fit_answer(service.get_insights(title_id)), seconds)
        return await ask(context, live, lambda service: fit_answer(service.make_insights(plot, reviews or ())), seconds)

    @tool("Get reviews")
    async def get_reviews(
        context: Context,
        title_id: TitleId,
        spoilers: Annotated[bool, Field(description="Include spoilers.")] = False,
        limit: Limit = 10,
        cursor: Cursor | None = None,
    ) -> Annotated[CallToolResult, ReviewsAnswer]:
        """Read what people wrote about one title; for a summary use get_insights."""
        return await ask(context, live, lambda service: fit_page(lambda most: service.get_reviews(title_id, most, cursor, spoilers), limit))

    @tool("Compare titles")
    async def compare_titles(context: Context, title_ids: Annotated[TitleIds, Field(min_length=2, max_length=5)]) -> Annotated[CallToolResult, CompareAnswer]:
        """Put 2 to 5 titles side by side, with sentences that say which is better and how they differ; use it for "A or B?"."""
        return await ask(context, live, lambda service: fit_answer(service.compare(title_ids)), _wait_for_model(len(title_ids)))

    @tool("Find similar titles")
    async def find_similar(
        context: Context,
        title_id: TitleId,
        genre: Genres | None = None,
        type: Kind | None = None,  # noqa: A002
        year_from: Year | None = None,
        year_to: Year | None = None,
        min_score: Score | None = None,
        language: Language | None = None,
        tag: Tag | None = None,
        limit: Limit = 10,
    ) -> Annotated[CallToolResult, SimilarAnswer]:
        """Find titles like one title, with why; filters make it "like X but funnier" (genre Comedy) or newer."""
        filters = _make_filters(genre, type, year_from, year_to, min_score, language, tag)
        return await ask(context, live, lambda service: fit_page(lambda most: service.find_similar(title_id, most, filters()), limit, _hint_filters))


def _wait_for_model(times: int) -> float:
    """Return the most seconds that a model's answers take."""
    from trending.settings import load_settings

    return load_settings().llm_timeout * times + _SPARE_SECONDS


def _hint_filters(most: int) -> str:
    return f"the answer would be too long with more than {most}: ask again with filters for others"


def _make_filters(
    genre: Sequence[str] | None, kind: str | None, year_from: int | None, year_to: int | None, min_score: int | None, language: str | None, tag: str | None
) -> Callable[[], Filters]:
    """Return what makes the filters once the catalogue's code is loaded, which isn't before a server started by stdio has said hello."""

    def make() -> Filters:
        from trending.catalogue import Filters

        return Filters(genre=list(genre or ()), type=kind, year_from=year_from, year_to=year_to, min_score=min_score, language=language, tag=tag)

    return make
