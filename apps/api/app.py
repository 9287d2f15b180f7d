"""The FastAPI application: routes over the live service, behind keys, limits and CORS as the settings say. Whoever made the service opens and closes it."""

from __future__ import annotations

from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.types import Scope

from apps.api import states, texts, titles
from apps.api.document import document
from apps.api.experiments import AssignVariant
from apps.api.problems import add_problem_handlers
from apps.http.bodies import BodyLimit
from apps.http.clients import KeyRing, RequireKey, name_address
from apps.http.hosts import AllowedHosts, Cors
from apps.http.rates import RateLimit
from apps.observing.measures import Measures
from trending import __version__
from trending.service.live import LiveService
from trending.settings import Settings, load_settings

_DESCRIPTION = (
    "What is trending among films and TV shows, what people say of them, and their genres, predicted from plots with the words that spoke for each. "
    "Answers name their release and carry an ETag. Errors are RFC 9457 problem details. While two releases are tried beside each other, whoever names a unit "
    "(a random id of a visitor's, say) in X-Trending-Unit is answered by the same one throughout."
)
_GUARDED = "/v1/"
_SLOW_ANSWERS = 16
DOCS_FILES = "/docs-files"


def create_app(live: LiveService, measures: Measures) -> FastAPI:
    """Return the application over a service, with what `/metrics` shows."""
    settings = load_settings()
    app = FastAPIOffline(
        title="Trending Now", version=__version__, description=_DESCRIPTION, generate_unique_id_function=_name_operation, static_url=DOCS_FILES
    )
    app.state.live, app.state.measures = live, measures
    app.state.slow = CapacityLimiter(_SLOW_ANSWERS)
    app.state.cache_control = f"{'private' if settings.api_keys else 'public'}, no-cache"
    add_problem_handlers(app)
    _add_guards(app, settings)
    # The parts of a title come before the title itself, whose id may be anything.
    for router in (texts.router, titles.parts, titles.router, states.router):
        app.include_router(router)
    app.openapi = lambda: document(app, bool(settings.api_keys))  # type: ignore[method-assign]
    return app


def _name_operation(route: APIRoute) -> str:
    return route.name


def _add_guards(app: FastAPI, settings: Settings) -> None:
    """Put guards around the routes; what is added last is asked first."""
    keys = KeyRing(settings.api_keys)
    # Innermost: who is refused takes part in no experiment.
    app.add_middleware(AssignVariant, live=app.state.live, keys=keys, prefix=_GUARDED)

    def name_client(scope: Scope) -> str:
        return keys.find(scope) or name_address(scope)

    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    if keys:
        app.add_middleware(RequireKey, keys=keys, prefix=_GUARDED)
    if settings.rate_limit:
        # Before keys are looked at, so that they can't be guessed at any speed.
        app.add_middleware(RateLimit, limit=settings.rate_limit, name_client=name_client, prefix=_GUARDED)
    if settings.allowed_hosts:
        app.add_middleware(AllowedHosts, allowed=settings.allowed_hosts, prefix=_GUARDED)
    if settings.cors_origins:
        app.add_middleware(
            Cors,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match", "X-API-Key", "X-Trending-Unit"],
            expose_headers=["ETag", "RateLimit", "RateLimit-Policy", "Retry-After"],
        )
