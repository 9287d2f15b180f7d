"""The genre model behind Seldon Core 1's Python wrapper: `seldon-core-microservice GenreModel`, which asks for a class named as its file.

Asked with `jsonData`, it takes and gives what `POST /v1/predict` does; asked with `data.ndarray`, a row per title, it gives a row of 20
probabilities each. The wrapper serves REST, gRPC and metrics from processes of their own.
"""

from __future__ import annotations

import time
from typing import Any

from genre_server import PLATFORM, GenreServer, Question
from seldon_core.proto.prediction_pb2 import SeldonMessage
from seldon_core.user_model import SeldonComponent
from seldon_core.utils import json_to_seldon_message, seldon_message_to_json

from trending.answers import PredictAnswer
from trending.errors import InputError, TrendingError
from trending.genres import GENRES

_COLUMNS = ["text", "type", "year"]


class GenreModel(SeldonComponent):
    """One release, fixed when the microservice starts; a newly published one is served after a restart."""

    def __init__(self, release: str = "") -> None:
        """Open and verify a release before any process is forked, so that all of them serve the same; the parameter `release` names it."""
        super().__init__()
        try:
            self._server = GenreServer.open(release)
        except TrendingError as error:
            raise SystemExit(str(error)) from error

    def load(self) -> None:
        """Load the model; called in each process, as the threads of a model's runtime don't survive a fork."""
        self._server.warm_up()

    def init_metadata(self) -> dict[str, Any]:
        """Describe the release, what can be asked and what is answered."""
        about = self._server.about
        return {
            "name": "genres",
            "versions": [about["release"]],
            "platform": PLATFORM,
            "inputs": [
                {"messagetype": "jsonData", "schema": Question.model_json_schema()},
                {"messagetype": "ndarray", "schema": {"names": _COLUMNS, "shape": [-1, len(_COLUMNS)]}},
            ],
            "outputs": [
                {"messagetype": "jsonData", "schema": PredictAnswer.model_json_schema()},
                {"messagetype": "ndarray", "schema": {"names": list(GENRES), "shape": [-1, len(GENRES)]}},
            ],
            "custom": about,
        }

    def health_status(self) -> str:
        """Say which release answers; fails if its model doesn't."""
        self._server.warm_up()
        return self._server.version

    def predict_raw(self, msg: SeldonMessage | dict[str, Any]) -> SeldonMessage | dict[str, Any]:
        """Answer a message of either protocol in kind; what can't be answered gets the protocol's own status."""
        is_proto = isinstance(msg, SeldonMessage)
        try:
            reply = self._answer(seldon_message_to_json(msg) if is_proto else msg)
        except TrendingError as error:
            refused = {"key": "trending_requests_refused_total", "type": "COUNTER", "value": 1}
            reply = {"status": {"code": error.status, "info": str(error), "reason": type(error).__name__, "status": "FAILURE"}, "meta": {"metrics": [refused]}}
        return json_to_seldon_message(reply) if is_proto else reply

    def _answer(self, asked: Any) -> dict[str, Any]:
        started = time.perf_counter()
        body = asked.get("jsonData") if isinstance(asked, dict) else None
        data = asked.get("data") if isinstance(asked, dict) else None
        if isinstance(body, dict):
            answer = self._server.answer(body)
            reply: dict[str, Any] = {"jsonData": answer.model_dump(mode="json")}
        elif isinstance(data, dict) and isinstance(data.get("ndarray"), list):
            answer = self._server.answer({**_read_rows(data["ndarray"], data.get("names") or _COLUMNS), "evidence": 0})
            rows = [list(one.scores.values()) for one in answer.predictions]
            tags = {
                "release": answer.release,
                "genres": [[found.genre for found in one.genres] for one in answer.predictions],
                "uncertain": [one.uncertain for one in answer.predictions],
            }
            reply = {"data": {"names": list(GENRES), "ndarray": rows}, "meta": {"tags": tags}}
        else:
            raise InputError("neither jsonData with an object nor data with an ndarray", where="message", mend='give {"jsonData": {"texts": ["A plot."]}}')
        reply.setdefault("meta", {})["metrics"] = [
            {"key": "trending_texts_scored_total", "type": "COUNTER", "value": len(answer.predictions)},
            {"key": "trending_prediction_seconds", "type": "TIMER", "value": 1000 * (time.perf_counter() - started)},
            {"key": "trending_release_info", "type": "GAUGE", "value": 1, "tags": {"release": answer.release}},
        ]
        return reply


def _read_rows(rows: list[Any], names: list[str]) -> dict[str, list[Any]]:
    """Return rows as columns; a row is a text, or a list in the order of the names, which may end early."""
    if unknown := [name for name in names if name not in _COLUMNS]:
        raise InputError(f"no column {unknown[0]!r}", where="data.names", mend=f"choose from: {', '.join(_COLUMNS)}")
    if "text" not in names:
        raise InputError("no column text", where="data.names", mend=f"choose from: {', '.join(_COLUMNS)}")
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for number, row in enumerate(rows):
        values = row if isinstance(row, list) else [row]
        if not 1 <= len(values) <= len(names):
            raise InputError(f"{len(values)} values", where=f"data.ndarray.{number}", mend=f"give 1 to {len(names)}: {', '.join(names)}")
        given = dict(zip(names, values, strict=False))
        for name in _COLUMNS:
            columns[name].append(given.get(name))
    return {"texts": columns["text"], "type": columns["type"], "year": columns["year"]}
