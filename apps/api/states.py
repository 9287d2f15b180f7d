"""Routes about the service itself: is it alive, is it ready, what does it serve, what has it done. They need no key."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from apps.api.answering import find_live
from apps.api.problems import document_problems
from apps.api.schemas import Health, Ready, Version, describe_version
from trending import __version__

router = APIRouter(tags=["service"])


@router.head("/health", include_in_schema=False)
@router.get("/health")
async def health() -> Health:
    """Say that the process lives."""
    return Health(status="ok")


@router.head("/ready", include_in_schema=False)
@router.get("/ready", responses=document_problems(503))
async def ready(request: Request) -> Ready:
    """Say whether a release is loaded."""
    with find_live(request).lease() as service:
        return Ready(status="ready", release=service.version)


@router.get("/version", responses=document_problems(503))
async def version(request: Request) -> Version:
    """Say what is running and what it serves."""
    with find_live(request).lease() as service:
        return describe_version(__version__, service.release.manifest)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
async def metrics(request: Request) -> Response:
    """Return metrics in Prometheus' text format."""
    return Response(request.app.state.measures.render(), media_type="text/plain; version=0.0.4; charset=utf-8")
