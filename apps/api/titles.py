"""Routes about titles of the catalogue. The catalogue is read in worker threads (a plain `def`), which leaves the event loop free."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from apps.api.answering import answer, answer_slowly
from apps.api.problems import document_problems
from apps.api.questions import CompareQuery, ReviewsQuery, SearchQuery, SimilarQuery, TitlesQuery, TrendingQuery
from apps.api.schemas import TitleResponse
from trending.answers import CompareAnswer, InsightsAnswer, ReviewsAnswer, SearchAnswer, SimilarAnswer, TitlesAnswer, TrendingAnswer
from trending.service.service import MAX_ID_CHARS, TitleService

UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Unchanged since the ETag that was given in If-None-Match"}}


class TitlePartRoute(APIRoute):
    """A route below a title. Ids may hold slashes: where such an id ends like the route, escaped slashes (%2F) tell them apart."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether the request is for this route: its last segment must have been sent as one."""
        sent: bytes = scope.get("raw_path") or scope["path"].encode()
        return super().matches(scope) if sent.endswith(self.path.rpartition("}")[2].encode()) else (Match.NONE, {})


router = APIRouter(prefix="/v1", tags=["titles"])
parts = APIRouter(prefix="/v1/titles", tags=["titles"], route_class=TitlePartRoute)
TitleId = Annotated[str, Path(min_length=1, max_length=MAX_ID_CHARS, description="Such as source:id. Slashes may be escaped as %2F.")]

_FIRST = {"title_id": "$response.body#/titles/0/title_id"}
_LINKS = {
    "links": {name: {"operationId": name, "parameters": _FIRST} for name in ("get_title", "get_title_insights", "get_title_reviews", "get_similar_titles")}
}


@router.get("/trending", response_model=TrendingAnswer, responses=UNCHANGED | document_problems(400, 422, 503))
def get_trending(request: Request, query: Annotated[TrendingQuery, Query()]) -> Response:
    """Return what is trending, with the parts of each score and its history."""
    return answer(request, lambda service: service.get_trending(query.window, query.filters(), query.limit, query.cursor))


@router.get("/search", response_model=SearchAnswer, responses=UNCHANGED | document_problems(400, 422, 503) | {200: _LINKS})
def search_titles(request: Request, query: Annotated[SearchQuery, Query()]) -> Response:
    """Find titles by words, prefixes, misspelt words and meaning; without `q`, browse by filters, best known first."""
    return answer(request, lambda service: service.search(query.q, query.filters(), query.limit, query.cursor, query.by_meaning))


@router.get("/titles", response_model=TitlesAnswer, responses=UNCHANGED | document_problems(422, 503))
def get_titles(request: Request, query: Annotated[TitlesQuery, Query()]) -> Response:
    """Return 1 to 20 titles in full; ids that aren't known are listed."""
    return answer(request, lambda service: service.get_titles(query.ids))


@router.get("/compare", response_model=CompareAnswer, responses=UNCHANGED | document_problems(400, 404, 422, 503))
async def compare_titles(request: Request, query: Annotated[CompareQuery, Query()]) -> Response:
    """Put 2 to 5 titles side by side."""
    return await answer_slowly(request, lambda service: service.compare(query.ids))


@parts.get("/{title_id:path}/insights", response_model=InsightsAnswer, responses=UNCHANGED | document_problems(404, 422, 503))
async def get_title_insights(request: Request, title_id: TitleId) -> Response:
    """Return what plot and reviews say of a title, and who made that."""
    return await answer_slowly(request, lambda service: service.get_insights(title_id))


@parts.get("/{title_id:path}/reviews", response_model=ReviewsAnswer, responses=UNCHANGED | document_problems(400, 404, 422, 503))
def get_title_reviews(request: Request, title_id: TitleId, query: Annotated[ReviewsQuery, Query()]) -> Response:
    """Return a title's reviews; those marked as spoilers only if asked for."""
    return answer(request, lambda service: service.get_reviews(title_id, query.limit, query.cursor, query.spoilers))


@parts.get("/{title_id:path}/similar", response_model=SimilarAnswer, responses=UNCHANGED | document_problems(400, 404, 422, 503))
def get_similar_titles(request: Request, title_id: TitleId, query: Annotated[SimilarQuery, Query()]) -> Response:
    """Return titles like one title, the most similar first."""
    return answer(request, lambda service: service.find_similar(title_id, query.limit, query.filters()))


@router.get("/titles/{title_id:path}", response_model=TitleResponse, responses=UNCHANGED | document_problems(404, 422, 503))
def get_title(request: Request, title_id: TitleId) -> Response:
    """Return a title with the genres its source lists and those the model predicts."""

    def ask(service: TitleService) -> TitleResponse:
        return TitleResponse(release=service.version, starter=service.starter, title=service.find_title(title_id))

    return answer(request, ask)
