"""The fine-tuned network as an ONNX graph; with int8 weights where that costs no quality."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from trending.models.bert.network import GenreNetwork, ServedNetwork

EXACT, SMALL = "exact.onnx", "int8.onnx"


def export_network(network: GenreNetwork, weights: Path, folder: Path) -> None:
    """Write both graphs: `exact.onnx` (float32) and `int8.onnx` (weights per channel, activations per call)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # The exporter can't read fused attention; the plain one has the same weights.
    plain = GenreNetwork(weights, network.head.out_features, dropout=0.0, attention="eager")
    plain.load_state_dict({name: value.cpu() for name, value in network.state_dict().items()})
    torch.onnx.export(
        ServedNetwork(plain).eval(),
        (torch.ones(1, 8, dtype=torch.long),),
        str(folder / EXACT),
        dynamo=False,
        opset_version=17,
        input_names=["input_ids"],
        output_names=["logits", "shares"],
        dynamic_axes={"input_ids": {0: "texts", 1: "tokens"}, "logits": {0: "texts"}, "shares": {0: "texts", 1: "tokens"}},
    )
    quantize_dynamic(folder / EXACT, folder / SMALL, weight_type=QuantType.QInt8, per_channel=True)


def keep_smaller(folder: Path, target: Path, judge: Callable[[Path], float], most_lost: float) -> dict[str, float]:
    """Keep the int8 graph if `judge` (higher is better) says that it loses at most `most_lost`, else the exact one.

    Returns:
        What both were judged.
    """
    found = {name: judge(folder / name) for name in (EXACT, SMALL)}
    kept, other = (SMALL, EXACT) if found[EXACT] - found[SMALL] <= most_lost else (EXACT, SMALL)
    (folder / kept).replace(target)
    (folder / other).unlink()
    return {"exact": found[EXACT], "int8": found[SMALL], "is_int8": float(kept == SMALL)}
