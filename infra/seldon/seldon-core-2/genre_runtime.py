"""The genre model as a runtime of MLServer, which speaks the Open Inference Protocol v2 over REST and gRPC and which Seldon Core 2 runs.

Inputs are columns: `text`, and if known `type` and `year`, one entry per title. Outputs are columns of the same length.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import mlserver
from genre_metrics import REFUSED, RELEASE, TEXTS
from genre_server import PLATFORM, GenreServer
from mlserver import ModelSettings
from mlserver.codecs import StringCodec
from mlserver.errors import MLServerError, ModelNotReady
from mlserver.types import Datatype, InferenceRequest, InferenceResponse, MetadataModelResponse, MetadataTensor, Parameters, RequestInput, ResponseOutput

from trending.errors import InputError, TrendingError
from trending.genres import GENRES

_WHOLE_NUMBERS = {"INT16", "INT32", "INT64", "UINT16", "UINT32", "UINT64"}
# Names of datatypes: MLServer's types keep the name, whatever they are given.
_INPUTS = {"text": {"BYTES"}, "type": {"BYTES"}, "year": _WHOLE_NUMBERS}
_NAMES = Parameters(genres=",".join(GENRES))
_OUTPUTS = [
    MetadataTensor(name="probabilities", datatype=Datatype.FP64, shape=[-1, len(GENRES)], parameters=_NAMES),
    MetadataTensor(name="predicted", datatype=Datatype.BOOL, shape=[-1, len(GENRES)], parameters=_NAMES),
    MetadataTensor(name="uncertain", datatype=Datatype.BOOL, shape=[-1, len(GENRES)], parameters=_NAMES),
    MetadataTensor(name="prediction", datatype=Datatype.BYTES, shape=[-1, 1]),
]


class GenreRuntime(mlserver.MLModel):
    """One release, fixed when the model is loaded; loading it again serves what is current by then."""

    def __init__(self, settings: ModelSettings) -> None:
        """Take the settings; nothing is opened before `load`."""
        super().__init__(settings)
        self._server: GenreServer | None = None

    async def load(self) -> bool:
        """Open, verify and warm up the release that the parameter `release` names, by default the current one."""
        chosen = (self.settings.parameters.extra or {}).get("release", "") if self.settings.parameters else ""
        try:
            server = await asyncio.to_thread(GenreServer.open, chosen)
            await asyncio.to_thread(server.warm_up)
        except TrendingError as error:
            raise MLServerError(str(error), error.status) from None
        RELEASE.labels(self.name, server.version).inc()
        self._server = server
        return True

    async def unload(self) -> bool:
        """Count the release out; where the same was loaded again, it still counts once."""
        if self._server is not None:
            RELEASE.labels(self.name, self._server.version).dec()
        return True

    def _find_server(self) -> GenreServer:
        if self._server is None:
            raise ModelNotReady(self.name)
        return self._server

    async def metadata(self) -> MetadataModelResponse:
        """Describe the release, what can be asked and what is answered."""
        server = self._find_server()
        return MetadataModelResponse(
            name=self.name,
            versions=[server.version],
            platform=PLATFORM,
            inputs=[
                MetadataTensor(name="text", datatype=Datatype.BYTES, shape=[-1]),
                MetadataTensor(name="type", datatype=Datatype.BYTES, shape=[-1]),
                MetadataTensor(name="year", datatype=Datatype.INT64, shape=[-1]),
            ],
            outputs=_OUTPUTS,
            parameters=Parameters(**server.about),
        )

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Predict the genres of the titles of a request."""
        try:
            question, wanted = _read_question(payload), _select_outputs(payload)
            # A thread, so that health and other requests are answered while a large model thinks.
            answer = await asyncio.to_thread(self._find_server().answer, question)
        except TrendingError as error:
            REFUSED.inc()
            raise MLServerError(str(error), 400) from None  # which gRPC calls INVALID_ARGUMENT
        TEXTS.inc(len(answer.predictions))
        predictions = answer.predictions
        columns: dict[str, list[Any]] = {
            "probabilities": [score for one in predictions for score in one.scores.values()],
            "predicted": [genre in {found.genre for found in one.genres} for one in predictions for genre in GENRES],
            "uncertain": [genre in one.uncertain for one in predictions for genre in GENRES],
            "prediction": [one.model_dump_json().encode() for one in predictions],
        }
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            parameters=Parameters(release=answer.release, starter=answer.starter),
            outputs=[
                ResponseOutput(
                    name=tensor.name,
                    datatype=tensor.datatype,
                    shape=[len(predictions), *tensor.shape[1:]],
                    data=columns[tensor.name],
                    parameters=Parameters(content_type=StringCodec.ContentType) if tensor.name == "prediction" else tensor.parameters,
                )
                for tensor in wanted
            ],
        )


def _select_outputs(payload: InferenceRequest) -> Sequence[MetadataTensor]:
    if not payload.outputs:
        return _OUTPUTS
    named = {tensor.name: tensor for tensor in _OUTPUTS}
    for one in payload.outputs:
        if one.name not in named:
            raise InputError("no such output", where=repr(one.name), mend=f"choose from: {', '.join(named)}")
    return [named[one.name] for one in payload.outputs]


def _read_question(payload: InferenceRequest) -> dict[str, Any]:
    """Return the request as the shared server reads it."""
    columns: dict[str, list[Any]] = {}
    for tensor in payload.inputs:
        if tensor.name not in _INPUTS:
            raise InputError("no such input", where=repr(tensor.name), mend=f"give: {', '.join(_INPUTS)}")
        if tensor.name in columns:
            raise InputError("given twice", where=repr(tensor.name), mend="give it once")
        columns[tensor.name] = _read_column(tensor)
    if "text" not in columns:
        raise InputError("missing", where="'text'", mend="give an input of that name with one text per title")
    evidence = (payload.parameters.model_dump() if payload.parameters else {}).get("evidence", 5)
    # Tensors have no null: what isn't known of a title is an empty type, or the year 0.
    known = {name: [value or None for value in columns[name]] for name in ("type", "year") if name in columns}
    return {"texts": columns["text"], "evidence": evidence, **known}


def _read_column(tensor: RequestInput) -> list[Any]:
    if tensor.datatype not in _INPUTS[tensor.name]:
        raise InputError(f"datatype {tensor.datatype}", where=repr(tensor.name), mend=f"give {' or '.join(sorted(_INPUTS[tensor.name]))}")
    values = tensor.data.root
    if not isinstance(values, list) or any(isinstance(value, list) for value in values) or tensor.shape not in ([len(values)], [len(values), 1]):
        raise InputError(f"shape {tensor.shape} does not fit its data", where=repr(tensor.name), mend="give a flat list with one entry per title")
    if tensor.datatype != "BYTES":
        return values
    try:
        return [value.decode() if isinstance(value, bytes) else value for value in values]
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", where=repr(tensor.name), mend="encode it as UTF-8") from error
