"""Weights made into an encoder that releases can carry: exported to ONNX with pooling inside, quantised to int8, kept under the cache folder.

The only part that needs torch and transformers; what serves a release never imports it. It runs in a process of its own: once torch is loaded, its
OpenMP threads and those of xgboost wait for each other, and training takes many times as long. Same weights, same libraries: same bytes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from trending.embeddings.encoder import FACTS_FILE, MAX_TOKENS, MODEL_FILE, TOKENIZER_FILE, EncoderFacts
from trending.embeddings.weights import Weights
from trending.errors import UsageError
from trending.folders import staged_directory
from trending.processes import child_environment
from trending.provenance import hash_file

ENCODERS = "encoders"  # where they lie under the cache folder
_LIBRARIES = ("onnx", "onnxruntime", "tokenizers", "torch", "transformers")


def prepare_encoder(weights: Weights, cache: Path) -> Path:
    """Return the folder with the encoder these weights make: from the cache, or made now (about 15 s for MiniLM, 23 MB).

    Args:
        weights: See `find_weights`.
        cache: Folder for encoders that were made.

    Raises:
        UsageError: If these weights can't be made into one.
    """
    folder = cache / _name_recipe(weights)
    if not folder.is_dir():
        given = json.dumps(asdict(weights), default=str)
        command = [sys.executable, "-m", "trending.embeddings.export", given, str(folder)]
        outcome = subprocess.run(command, capture_output=True, text=True, env=child_environment(), check=False)
        if outcome.returncode != 0:
            reason = (outcome.stderr.strip().splitlines() or [f"exit code {outcome.returncode}"])[-1]
            raise UsageError(f"no encoder can be made of these weights ({reason[:200]})", where=str(weights.folder), mend="or set TRENDING_ENCODER=none")
    return folder


def begin_preparing(weights: Weights, cache: Path) -> None:
    """Have `prepare_encoder` begin beside other work; whoever needs the encoder calls that, and waits for the rest or hears of the failure."""

    def prepare() -> None:
        with suppress(UsageError):
            prepare_encoder(weights, cache)

    threading.Thread(target=prepare, name="encoder", daemon=True).start()


def _make_encoder(weights: Weights, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{folder.name}.lock"):
        if folder.is_dir():
            return
        with staged_directory(folder) as staging:
            dims = _export(weights.folder, staging / MODEL_FILE)
            _save_tokenizer(weights.folder / TOKENIZER_FILE, staging / TOKENIZER_FILE)
            facts = EncoderFacts(name=weights.name, revision=weights.revision, weights_sha256=weights.sha256, licence=weights.licence, dims=dims)
            (staging / FACTS_FILE).write_text(facts.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _name_recipe(weights: Weights) -> str:
    parts = [weights.name, str(weights.revision), weights.fingerprint, hash_file(Path(__file__)), *(version(name) for name in _LIBRARIES)]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _export(weights: Path, target: Path) -> int:
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import AutoModel

    class Pooled(torch.nn.Module):
        def __init__(self, model: torch.nn.Module) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            states = self.model(input_ids=input_ids).last_hidden_state
            return torch.nn.functional.normalize(states.mean(dim=1), dim=1)

    exact = target.with_suffix(".fp32.onnx")
    with quiet_libraries():
        model = AutoModel.from_pretrained(weights, attn_implementation="eager", local_files_only=True).eval()
        torch.onnx.export(
            Pooled(model),
            (torch.ones(1, 8, dtype=torch.long),),
            str(exact),
            dynamo=False,
            opset_version=17,
            input_names=["input_ids"],
            output_names=["vectors"],
            dynamic_axes={"input_ids": {0: "texts", 1: "tokens"}, "vectors": {0: "texts"}},
        )
        quantize_dynamic(exact, target, weight_type=QuantType.QInt8, per_channel=True)
    exact.unlink()
    return int(model.config.hidden_size)


def _save_tokenizer(source: Path, target: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.save(str(target))


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep the libraries' progress bars and advice off the terminal."""
    from transformers.utils.logging import disable_progress_bar, enable_progress_bar

    disable_progress_bar()
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        enable_progress_bar()


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    _make_encoder(Weights(**{**given, "folder": Path(given["folder"])}), Path(sys.argv[2]))
