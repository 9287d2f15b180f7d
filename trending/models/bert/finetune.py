"""Fine-tuning: the head begins as a probe of the frozen encoder, then all of it learns, the lower layers more slowly; a killed run goes on where it was."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from trending.features.labels import IntMatrix
from trending.models.bert.batches import pad, plan_batches
from trending.models.bert.network import GenreNetwork

_CHECKPOINT = "checkpoint.pt"
_EVERY_SECONDS = 60.0
_CLIP = 1.0
_PROBE_STRENGTH = 10.0


@dataclass(frozen=True)
class Recipe:
    """Hyper-parameters; rates are AdamW's, of the top layer."""

    epochs: int
    batch_size: int
    rate: float
    head_rate: float
    layer_decay: float
    warmup: float
    dropout: float
    facts_dropout: float
    loss: str
    patience: int


@dataclass
class Tokens:
    """Token ids of texts with the facts before them (n), of plots alone (n), and labels of shape (n, 20)."""

    ids: list[list[int]]
    bare: list[list[int]]
    labels: IntMatrix


@dataclass
class Progress:
    """Where a run is: what a checkpoint holds besides the weights."""

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    best: float = -1.0
    waited: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


class FineTuning:
    """One run of fine-tuning."""

    def __init__(self, network: GenreNetwork, recipe: Recipe, train: Tokens, held_out: Tokens | None, seed: int, folder: Path) -> None:
        """Take the parts.

        Args:
            network: With the encoder's pre-trained weights.
            recipe: Hyper-parameters.
            train: What is learnt from.
            held_out: What tells when to stop; None: after all epochs.
            seed: Of the order of texts and of dropout.
            folder: Where checkpoints lie.
        """
        self.recipe, self.train, self.held_out, self.seed = recipe, train, held_out, seed
        self.checkpoint = folder / _CHECKPOINT
        self.accelerator = Accelerator(mixed_precision=choose_precision(), cpu=not torch.cuda.is_available())
        self.progress = Progress()
        self.best: dict[str, torch.Tensor] | None = None
        self._counted = (0.0, 0.0)  # wall clock and processor time up to which `progress` has counted
        steps = -(-len(train.ids) // recipe.batch_size)
        self.steps, total = steps, steps * recipe.epochs
        optimizer = torch.optim.AdamW(_group_parameters(network, recipe))
        warm = max(1, round(recipe.warmup * total))
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) / warm, max(0.0, (total - step) / max(1, total - warm))))
        self.network, self.optimizer, self.schedule = self.accelerator.prepare(network, optimizer, schedule)

    def run(self, report: Callable[[Progress, int], None]) -> Progress:
        """Train until the epochs are over or the held-out texts are predicted no better; the best weights are in the network then."""
        torch.manual_seed(self.seed)
        self._counted = (time.monotonic(), time.process_time())
        if not self._resume():
            self._begin_head()
            self._count_time()
        while self.progress.epoch < self.recipe.epochs and self.progress.waited <= self.recipe.patience:
            self._run_epoch(report)
        if self.best is not None:
            self._plain().load_state_dict(self.best)
        return self.progress

    def _run_epoch(self, report: Callable[[Progress, int], None]) -> None:
        saved, loss = time.monotonic(), 0.0
        first = self.progress.step
        texts, batches = self._plan_epoch()
        self.network.train()
        for rows in batches[first:]:
            loss += self._step(texts, rows)
            self.progress.step += 1
            self._count_time()
            report(self.progress, self.steps)
            if time.monotonic() - saved > _EVERY_SECONDS:
                self._save()
                saved = time.monotonic()
        self.progress.history.append({"epoch": self.progress.epoch + 1, "loss": loss / max(1, self.progress.step - first)})
        self._judge_epoch()
        self._count_time()
        self.progress.epoch, self.progress.step = self.progress.epoch + 1, 0
        self._save()

    def _count_time(self) -> None:
        now = (time.monotonic(), time.process_time())
        self.progress.seconds += now[0] - self._counted[0]
        self.progress.cpu_seconds += now[1] - self._counted[1]
        self._counted = now

    def _plan_epoch(self) -> tuple[list[list[int]], list[Any]]:
        """Return every text as it is read in this epoch, with the facts before it or without, and the batches; a resumed run plans the same."""
        generator = np.random.default_rng([self.seed, self.progress.epoch])
        alone = generator.random(len(self.train.ids)) < self.recipe.facts_dropout
        texts = [bare if left else ids for ids, bare, left in zip(self.train.ids, self.train.bare, alone, strict=True)]
        return texts, plan_batches([len(text) for text in texts], self.recipe.batch_size, generator)

    def _step(self, texts: list[list[int]], rows: Any) -> float:
        ids, mask = self._tensors([texts[row] for row in rows])
        labels = torch.as_tensor(self.train.labels[rows], dtype=torch.float32, device=self.accelerator.device)
        with self.accelerator.autocast():
            logits = self.network(ids, mask)
        loss = _LOSSES[self.recipe.loss](logits.float(), labels)
        self.optimizer.zero_grad(set_to_none=True)
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.network.parameters(), _CLIP)
        self.optimizer.step()
        self.schedule.step()
        return float(loss.detach())

    def _judge_epoch(self) -> None:
        """Keep the weights if they rank held-out titles better than any before (mean average precision over genres)."""
        if self.held_out is None:
            return
        present = self.held_out.labels.any(axis=0)
        scores = self.apply(self.held_out.ids, self._plain().forward)
        found = float(average_precision_score(self.held_out.labels[:, present], scores[:, present], average="macro"))
        self.progress.history[-1]["held_out_map"] = found
        if found > self.progress.best:
            self.progress.best, self.progress.waited = found, 0
            self.best = {name: value.detach().clone() for name, value in self._plain().state_dict().items()}
        else:
            self.progress.waited += 1

    def _begin_head(self) -> None:
        """Start from logistic regressions on the frozen vectors: from a random head, small data never recover what the encoder knew."""
        vectors = self.apply(self.train.ids, self._plain().embed)
        head = self._plain().head
        with torch.no_grad():
            head.weight.zero_()
            for genre, target in enumerate(self.train.labels.T):
                share = (float(target.sum()) + 1) / (len(target) + 2)
                head.bias[genre] = float(np.log(share / (1 - share)))
                if target.min() != target.max():
                    probe = LogisticRegression(C=_PROBE_STRENGTH, max_iter=300).fit(vectors, target)
                    head.weight[genre] = torch.as_tensor(probe.coef_[0])
                    head.bias[genre] = float(probe.intercept_[0])

    def apply(self, ids: list[list[int]], function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> Any:
        """Return what `function` makes of ids and mask, one row a text, without dropout and gradients."""
        found: dict[int, Any] = {}
        self.network.eval()
        with torch.inference_mode():
            for rows in _in_order([len(row) for row in ids]):
                with self.accelerator.autocast():
                    made = function(*self._tensors([ids[row] for row in rows])).float().cpu().numpy()
                found.update(zip(rows, made, strict=True))
        return np.asarray([found[row] for row in range(len(ids))])

    def _tensors(self, rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        ids, mask = pad(rows)
        return torch.as_tensor(ids, device=self.accelerator.device), torch.as_tensor(mask, device=self.accelerator.device)

    def _plain(self) -> GenreNetwork:
        network: GenreNetwork = self.accelerator.unwrap_model(self.network)
        return network

    def _save(self) -> None:
        state = {
            "network": self._plain().state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "best": self.best,
            "random": torch.get_rng_state(),
            "progress": vars(self.progress),
        }
        staged = self.checkpoint.with_suffix(".part")
        torch.save(state, staged)
        staged.replace(self.checkpoint)  # whole or not at all, whenever it is killed

    def _resume(self) -> bool:
        if not self.checkpoint.is_file():
            return False
        state = os.fspath(self.checkpoint)
        found = torch.load(state, map_location=self.accelerator.device, weights_only=True)
        self._plain().load_state_dict(found["network"])
        self.optimizer.load_state_dict(found["optimizer"])
        self.schedule.load_state_dict(found["schedule"])
        self.best, self.progress = found["best"], Progress(**found["progress"])
        torch.set_rng_state(found["random"].cpu())
        return True


def choose_precision() -> str:
    """Return accelerate's name of the precision this machine multiplies fastest in without loss of quality."""
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return "bf16" if torch.cpu._is_avx512_bf16_supported() else "no"


def _group_parameters(network: GenreNetwork, recipe: Recipe) -> list[dict[str, Any]]:
    layers = network.layers()
    rates = [recipe.rate * recipe.layer_decay ** (len(layers) - 1 - depth) for depth in range(len(layers))]
    groups = [{"params": layer, "lr": rate, "weight_decay": 0.01} for layer, rate in zip(layers, rates, strict=True)]
    return [*groups, {"params": list(network.head.parameters()), "lr": recipe.head_rate, "weight_decay": 0.0}]


def _in_order(lengths: list[int], size: int = 64) -> Iterator[list[int]]:
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _asymmetric(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Ridnik et al., "Asymmetric loss for multi-label classification" (2021): easy negatives, of which there are many, count less."""
    chance = torch.sigmoid(logits)
    spared = (chance - 0.05).clamp(min=0)
    gain = labels * torch.log(chance.clamp(min=1e-8)) + (1 - labels) * spared.square() * torch.log((1 - spared).clamp(min=1e-8))
    return -gain.mean()


_LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "cross_entropy": torch.nn.functional.binary_cross_entropy_with_logits,
    "asymmetric": _asymmetric,
}
