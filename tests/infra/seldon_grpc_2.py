"""Asks MLServer over gRPC, in its environment: inference requests as JSON on stdin, answers or errors, and the metadata, as JSON on stdout."""

from __future__ import annotations

import json
import sys

import grpc
from google.protobuf.json_format import MessageToDict
from mlserver.grpc.converters import ModelInferRequestConverter, ModelInferResponseConverter
from mlserver.grpc.dataplane_pb2 import ModelMetadataRequest
from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub
from mlserver.types import InferenceRequest

answers = []
with grpc.insecure_channel(sys.argv[1]) as channel:
    service = GRPCInferenceServiceStub(channel)
    for message in json.load(sys.stdin):
        for column in message["inputs"]:
            column["data"] = [value.encode() if isinstance(value, str) else value for value in column["data"]]
        request = ModelInferRequestConverter.from_types(InferenceRequest(**message), model_name="genres", use_raw=False)
        try:
            answer = ModelInferResponseConverter.to_types(service.ModelInfer(request, timeout=60))
        except grpc.RpcError as error:
            answers.append({"code": error.code().name, "details": error.details()})
            continue
        outputs = {one.name: [value.decode() if isinstance(value, bytes) else value for value in one.data.root] for one in answer.outputs}
        answers.append({"outputs": outputs, "parameters": answer.parameters.model_dump()})
    json.dump([*answers, MessageToDict(service.ModelMetadata(ModelMetadataRequest(name="genres"), timeout=60))], sys.stdout)
