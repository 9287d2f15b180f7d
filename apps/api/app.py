"""The FastAPI application: a release is loaded at start and answers until the process ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Request, Response
from fastapi.openapi.utils import get_openapi

from apps.api.limits import BodyLimit
from apps.api.measures import MeasureRequests, Measures
from apps.api.problems import Problem, add_problem_handlers, document_problems
from apps.api.schemas import GenreInfo, GenresResponse, Health, PredictRequest, PredictResponse, Ready, TitleResponse, Version, describe_version
from trending import __version__
from trending.errors import NotFoundError, ReleaseError, TrendingError
from trending.genres import GENRES
from trending.releases import Release, ReleaseStore
from trending.settings import load_settings

router = APIRouter()
_DESCRIPTION = "Genres of films and TV shows, predicted from their plots, with the words that spoke for each. Errors are RFC 9457 problem details."


def _release(request: Request) -> Release:
    release: Release | None = request.app.state.release
    if release is None:
        raise ReleaseError(request.app.state.unready, mend="publish one with: python run.py --pipeline training, then restart")
    return release


@router.get("/health", tags=["service"])
async def health() -> Health:
    """Say that the process lives."""
    return Health(status="ok")


@router.get("/ready", tags=["service"], responses=document_problems(503))
async def ready(request: Request) -> Ready:
    """Say whether a release is loaded."""
    return Ready(status="ready", release=_release(request).manifest.version)


@router.get("/version", tags=["service"], responses=document_problems(503))
async def version(request: Request) -> Version:
    """Say what is running and what it serves."""
    return describe_version(__version__, _release(request).manifest)


@router.get("/metrics", tags=["service"], response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
async def metrics(request: Request) -> Response:
    """Return metrics in Prometheus' text format."""
    return Response(request.app.state.measures.render(), media_type="text/plain; version=0.0.4; charset=utf-8")


# Scoring holds the processor, so it runs in a worker thread (a plain `def`) and leaves the event loop free.
@router.post("/v1/predict", tags=["genres"], responses=document_problems(400, 413, 422, 503))
def predict(request: Request, body: PredictRequest) -> PredictResponse:
    """Predict the genres of 1 to 64 plots, with probability, threshold and the words that spoke most for each genre."""
    release, measures = _release(request), request.app.state.measures
    predictions = release.predictor.predict(body.texts)
    measures.texts.inc(len(predictions))
    for prediction in predictions:
        for found in prediction.genres:
            measures.genres.labels(found.genre).inc()
    return PredictResponse(release=release.manifest.version, starter=release.manifest.data.starter, predictions=predictions)


@router.get("/v1/titles/{title_id:path}", tags=["titles"], responses=document_problems(404, 422, 503))
def title(request: Request, title_id: Annotated[str, Path(min_length=1, max_length=300)]) -> TitleResponse:
    """Return a title with the genres its source lists and those the model predicts."""
    release = _release(request)
    found = release.catalogue.get(title_id)
    if found is None:
        raise NotFoundError(f"no title {title_id[:100]!r} in release {release.manifest.version}", mend="ids look like source:id")
    return TitleResponse(release=release.manifest.version, starter=release.manifest.data.starter, title=found)


@router.get("/v1/genres", tags=["genres"], responses=document_problems(503))
def genres(request: Request) -> GenresResponse:
    """Return the 20 canonical genres with their thresholds and how many titles are listed under each."""
    release = _release(request)
    counts, thresholds = request.app.state.genre_counts, release.manifest.thresholds
    return GenresResponse(release=release.manifest.version, genres=[GenreInfo(genre=name, threshold=thresholds[name], titles=counts[name]) for name in GENRES])


def create_app(store: ReleaseStore | None = None) -> FastAPI:
    """Return the application.

    Args:
        store: Where releases lie; by default where the settings say.
    """
    measures = Measures()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            release = (store or ReleaseStore.from_settings()).open()
            # Loaded now, so that the first request is as quick as the rest.
            release.predictor.predict(["warm up"])
            app.state.genre_counts = release.catalogue.count_genres()
            app.state.release = release
            measures.release.labels(release.manifest.version, release.manifest.model_kind).set(1)
        except TrendingError as error:
            app.state.unready = str(error)
        yield
        if app.state.release is not None:
            app.state.release.catalogue.close()

    app = FastAPI(title="Trending Now", version=__version__, description=_DESCRIPTION, lifespan=lifespan)
    app.state.release, app.state.unready, app.state.measures = None, "no release is loaded", measures
    add_problem_handlers(app)
    app.add_middleware(BodyLimit, max_bytes=load_settings().max_body_bytes)
    app.add_middleware(MeasureRequests, measures=measures)
    app.include_router(router)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document with problems in place of FastAPI's own error shape."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        parts = schema["components"]["schemas"]
        parts["Problem"] = Problem.model_json_schema()
        for unused in ("HTTPValidationError", "ValidationError"):
            parts.pop(unused, None)
        app.openapi_schema = schema
    return app.openapi_schema
