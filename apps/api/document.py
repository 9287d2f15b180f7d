"""The OpenAPI document: problems in place of FastAPI's own error shape, and what keys and limits add to every operation."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from apps.api.problems import document_problems
from apps.http.problems import Problem

_SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {"type": "http", "scheme": "bearer"},
}


def document(app: FastAPI, with_keys: bool) -> dict[str, Any]:
    """Return the document, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        parts = schema["components"]
        parts["schemas"]["Problem"] = Problem.model_json_schema()
        for unused in ("HTTPValidationError", "ValidationError"):
            parts["schemas"].pop(unused, None)
        guarded = [operation for path, methods in schema["paths"].items() if path.startswith("/v1/") for operation in methods.values()]
        for operation in guarded:
            _guard(operation, with_keys)
        if with_keys:
            parts["securitySchemes"] = _SCHEMES
        app.openapi_schema = schema
    return app.openapi_schema


def _guard(operation: dict[str, Any], with_keys: bool) -> None:
    statuses = (401, 421, 429) if with_keys else (421, 429)
    operation["responses"] |= {str(status): said for status, said in document_problems(*statuses).items()}
    if with_keys:
        operation["security"] = [{name: []} for name in _SCHEMES]
