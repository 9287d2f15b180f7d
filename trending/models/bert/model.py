"""A BERT as a genre model: fine-tuned in a process of its own, served by onnxruntime."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from trending.features.facts import split_facts
from trending.features.labels import FloatMatrix, IntMatrix
from trending.genres import GENRES
from trending.models.base import GenreModel, Labelled, WeightedTerms
from trending.models.bert.session import FACTS_FILE, GRAPH_FILE, TOKENIZER_FILE, BertSession
from trending.models.logits import sigmoid
from trending.models.terms import fold_text


class BertModel(GenreModel):
    """A sentence encoder with one linear output per genre, all of it fine-tuned."""

    kind = "bert"
    reads = "described"
    limits: ClassVar[dict[str, float]] = {"max_tokens": 512, "layer_decay": 1, "warmup": 0.9, "dropout": 0.9, "facts_dropout": 0.9, "epochs": 100}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"loss": ("cross_entropy", "asymmetric")}

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """`rate` is of the top layer, `layer_decay` what each layer below has of the one above; `loss`: `cross_entropy` or `asymmetric`.

        `max_titles` bounds what is learnt from, which is what time is spent on; `facts_dropout`: how often a plot is read without the facts before it;
        `patience`: epochs without a gain on validation titles before it stops; `most_lost`: mean average precision that int8 may cost.
        """
        return {
            "max_titles": 3_000,
            "epochs": 3,
            "batch_size": 32,
            "max_tokens": 256,
            "rate": 1e-4,
            "head_rate": 1e-3,
            "layer_decay": 0.9,
            "warmup": 0.06,
            "dropout": 0.1,
            "facts_dropout": 0.5,
            "loss": "cross_entropy",
            "patience": 1,
            "most_lost": 0.003,
        }

    def fit(self, texts: Sequence[str], labels: IntMatrix, seed: int, validation: Labelled | None = None) -> None:
        """Fine-tune; takes minutes, goes on where it was if it was killed, and does nothing twice."""
        from trending.models.bert.job import run_job

        self._take(run_job(self.params, (texts, labels), validation, seed))

    def describe_fit(self) -> dict[str, Any]:
        """Return what the fine-tuning was: weights, epochs, both graphs' quality, time."""
        return {name: value for name, value in self.facts.items() if name != "stop_words"}

    def predict_proba(self, texts: Sequence[str]) -> FloatMatrix:
        """Return the network's scores, shape (n, 20); a text's are the same whatever it is asked with."""
        return sigmoid(self.session.logits(texts).astype(np.float64)) if texts else np.zeros((0, len(GENRES)))

    def explain(self, texts: Sequence[str], genres: Sequence[Sequence[int]], top: int) -> list[list[WeightedTerms]]:
        """Return the words that add most to a genre's score, which is a sum over words."""
        plots = [_leave_out_facts(text, self.session.read(text)[1]) for text in texts]
        return [[self._strongest(words, genre, top) for genre in asked] for words, asked in zip(plots, genres, strict=True)]

    def _strongest(self, words: Sequence[tuple[str, Any]], genre: int, top: int) -> WeightedTerms:
        weights: dict[str, float] = {}
        for written, share in words:
            word = fold_text(written)
            if any(char.isalnum() for char in word) and word not in self.stop_words:
                weights[word] = weights.get(word, 0.0) + float(share[genre])
        return sorted((pair for pair in weights.items() if pair[1] > 0), key=lambda pair: -pair[1])[:top]

    def _take(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.facts: dict[str, Any] = json.loads(files[FACTS_FILE])
        self.stop_words = frozenset(self.facts["stop_words"])
        self.session = BertSession(files[GRAPH_FILE], files[TOKENIZER_FILE], self.params["max_tokens"])

    def _save_state(self, directory: Path) -> None:
        for name, content in self.files.items():
            (directory / name).write_bytes(content)

    def _load_state(self, directory: Path) -> None:
        self._take({name: (directory / name).read_bytes() for name in (GRAPH_FILE, TOKENIZER_FILE, FACTS_FILE)})


def _leave_out_facts(text: str, words: Sequence[tuple[str, Any]]) -> Sequence[tuple[str, Any]]:
    """Return the words of the plot: the facts before it have their say in the score, but are no words of anybody's text."""
    left = len("".join(split_facts(text)[0].split()))
    for number, (word, _) in enumerate(words):
        if left <= 0:
            return words[number:]
        left -= len(word)
    return []
