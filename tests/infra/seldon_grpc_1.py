"""Asks Seldon Core 1's wrapper over gRPC, in the wrapper's environment: messages as JSON on stdin, answers and the metadata as JSON on stdout."""

from __future__ import annotations

import json
import sys

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict, ParseDict
from seldon_core.proto.prediction_pb2 import SeldonMessage
from seldon_core.proto.prediction_pb2_grpc import ModelStub

with grpc.insecure_channel(sys.argv[1]) as channel:
    model = ModelStub(channel)
    answers = [MessageToDict(model.Predict(ParseDict(message, SeldonMessage()), timeout=60)) for message in json.load(sys.stdin)]
    json.dump([*answers, MessageToDict(model.Metadata(Empty(), timeout=60))], sys.stdout)
