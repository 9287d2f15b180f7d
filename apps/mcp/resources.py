"""What can be read rather than asked: a title, the genres, the cards, the figures and the origin of the current release."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson

from apps.mcp.answering import Lender, dump_answer, shorten_answer
from apps.mcp.factory import Server

if TYPE_CHECKING:
    from trending.service.service import TitleService

_JSON = "application/json"
_MARKDOWN = "text/markdown"


def add_resources(server: Server, live: Lender) -> None:
    """Give a server its resources."""

    def add(name: str, title: str, description: str, mime_type: str, read: Callable[[TitleService], str]) -> None:
        def fetch() -> str:
            with live.lease() as service:
                return read(service)

        server.resource(f"trending://{name}", name=name, title=title, description=description, mime_type=mime_type)(fetch)

    add(
        "genres",
        "Genres",
        "The 20 genres, from which probability each is predicted, and how many titles have it.",
        _JSON,
        lambda service: _dump(service.list_genres().model_dump()),
    )
    add("model-card", "Model card", "What the current model is, how good it is, and what it is not for.", _MARKDOWN, lambda service: service.model_card())
    add("data-card", "Data card", "What the current data are, where they come from, and what was left out.", _MARKDOWN, lambda service: service.data_card())
    add("metrics", "Metrics", "The current model's figures on held-out titles, per genre too.", _JSON, lambda service: _dump(service.metrics()))
    add("lineage", "Lineage", "The code, data and run that the current release comes from.", _JSON, lambda service: _dump(service.lineage()))

    @server.resource(
        "trending://titles/{id}", name="title", title="A title", description="All that is known of one title, as get_title answers.", mime_type=_JSON
    )
    def read_title(id: str) -> str:  # noqa: A002
        with live.lease() as service:
            return shorten_answer(dump_answer(service.get_title(id)))

    @server.resource(
        "trending://lineage/{title_id}",
        name="title-lineage",
        title="Where a title comes from",
        description="What is said of a title, back to the row it was made of: source, licence, rights, model, trend parts.",
        mime_type=_JSON,
    )
    def read_title_lineage(title_id: str) -> str:
        from trending.releases.lineage import trace_title  # not before the server has said hello

        with live.lease() as service:
            return _dump(trace_title(service.release, title_id))


def _dump(values: object) -> str:
    return orjson.dumps(values).decode()
