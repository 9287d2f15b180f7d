"""The fine-tuned BERT beyond the common contract: its batches, its evidence, what happens when it is killed, and without weights."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from tests.conftest import FITTED_KINDS
from trending.errors import UsageError
from trending.features.examples import select_part
from trending.models.base import GenreModel, build_model
from trending.models.bert.batches import pad, plan_batches
from trending.models.bert.model import BertModel
from trending.processes import child_environment
from trending.settings import load_settings

needs_weights = pytest.mark.skipif("bert" not in FITTED_KINDS, reason="the encoder's weights are not installed")


def test_an_epoch_reads_every_text_once_and_pads_little() -> None:
    lengths = np.random.default_rng(3).lognormal(3.8, 0.6, size=5_000).astype(int) + 2
    batches = plan_batches(lengths.tolist(), 32, np.random.default_rng(1))
    assert sorted(np.concatenate(batches).tolist()) == list(range(5_000))
    assert max(map(len, batches)) == 32
    padded = sum(len(rows) * int(lengths[rows].max()) for rows in batches)
    naive = sum(len(rows) * int(lengths[rows].max()) for rows in np.array_split(np.arange(5_000), 157))
    assert padded < 1.15 * lengths.sum() < naive
    again = plan_batches(lengths.tolist(), 32, np.random.default_rng(1))
    assert all(np.array_equal(one, other) for one, other in zip(batches, again, strict=True))


def test_padding_is_masked_and_lengths_are_few() -> None:
    ids, mask = pad([[5] * 3, [7] * 9])
    assert ids.shape == mask.shape == (2, 16)
    assert mask.sum(axis=1).tolist() == [3, 9]
    assert not ids[mask == 0].any()


@needs_weights
def test_what_words_add_makes_up_the_score(fitted_models: Mapping[str, GenreModel], examples: pd.DataFrame) -> None:
    """Evidence is no estimate: the words' parts, the two marks around the text and the bias are the logit."""
    session = cast("BertModel", fitted_models["bert"]).session
    texts = select_part(examples, "test").texts[:20]
    rests = [logits - sum(share for _, share in words) for logits, words in map(session.read, texts)]
    # What is left is the bias and the marks, which lie in a narrow band whatever the text.
    assert np.std(rests, axis=0).max() < np.std([session.read(text)[0] for text in texts], axis=0).max()
    shown = [word for word, _ in session.read("A sheriff's re-election, unexplainably!")[1]]
    assert shown == [
        "A",
        "sheriff",
        "'",
        "s",
        "re",
        "-",
        "election",
        ",",
        "unexplainably",
        "!",
    ]


@needs_weights
def test_facts_have_a_say_but_are_no_evidence(fitted_models: Mapping[str, GenreModel]) -> None:
    model, plot = fitted_models["bert"], "A ghost haunts the lighthouse where a TV crew films."
    genres = [list(range(20))]
    (told,) = model.explain(["TV show, 1950s: " + plot], genres, 50)
    assert {word for terms in told for word, _ in terms} <= {"ghost", "haunts", "lighthouse", "tv", "crew", "films"}
    assert any("tv" in dict(terms) for terms in told)  # the plot's own
    assert not np.array_equal(model.predict_proba(["TV show, 1950s: " + plot]), model.predict_proba([plot]))


@needs_weights
def test_it_says_how_it_was_trained(fitted_models: Mapping[str, GenreModel]) -> None:
    facts = cast("BertModel", fitted_models["bert"]).facts
    assert facts["encoder_sha256"].startswith("53aa5117")
    assert facts["titles"] == 80
    assert facts["held_out"] > 0
    assert 0 < facts["history"][0]["held_out_map"] < 1
    assert facts["history"][0]["loss"] > 0
    assert {"exact", "int8", "is_int8"} == set(facts["graphs"])


def test_without_weights_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRENDING_ENCODER", "none")
    load_settings.cache_clear()
    with pytest.raises(UsageError, match=r"no weights to fine-tune; install the project with \[encoder\]"):
        build_model("bert").fit(["a plot"] * 3, np.zeros((3, 20), dtype=np.int8), 1)


_RUN = """
import json, os, sys
from pathlib import Path
import numpy as np
from trending.embeddings.weights import find_weights
from trending.models.bert import finetune
from trending.models.bert.batches import open_tokenizer, tokenise
from trending.models.bert.network import GenreNetwork
folder, die_at = Path(sys.argv[1]), int(sys.argv[2])
finetune._EVERY_SECONDS = 0.0
weights = find_weights("auto").folder
texts = [f"A {word} meets a {other} in town number {n}." for n, (word, other) in enumerate([("ghost", "cop"), ("nun", "spy"), ("cook", "king")] * 16)]
labels = np.asarray([[n % 3 == 0, n % 3 == 1, n % 2 == 0] for n in range(len(texts))], dtype=np.int8)
tokenizer = open_tokenizer(weights / "tokenizer.json", 64)
ids, bare = tokenise(tokenizer, [f"Film, 199{n % 2}0s: {text}" for n, text in enumerate(texts)]), tokenise(tokenizer, texts)
rates = {"rate": 1e-4, "head_rate": 1e-3, "layer_decay": 0.9, "warmup": 0.1}
recipe = finetune.Recipe(epochs=2, batch_size=8, **rates, dropout=0.1, facts_dropout=0.5, loss="cross_entropy", patience=1)
network = GenreNetwork(weights, 3, recipe.dropout)
run = finetune.FineTuning(network, recipe, finetune.Tokens(ids[8:], bare[8:], labels[8:]), finetune.Tokens(ids[:8], bare[:8], labels[:8]), 3, folder)
def report(progress, steps):
    if progress.epoch * steps + progress.step == die_at:
        os._exit(9)
run.run(report)
print(json.dumps(run.apply(ids, network.forward).tolist()))
"""


def _run(folder: Path, die_at: int) -> tuple[int, Any]:
    folder.mkdir(exist_ok=True)
    done = subprocess.run([sys.executable, "-c", _RUN, str(folder), str(die_at)], capture_output=True, text=True, env=child_environment(), check=False)
    assert done.returncode in (0, 9), done.stderr[-2_000:]
    return done.returncode, json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


@needs_weights
@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_with_the_same_weights(tmp_path: Path) -> None:
    _, whole = _run(tmp_path / "whole", 0)
    assert _run(tmp_path / "killed", 3)[0] == 9  # in the first epoch
    assert _run(tmp_path / "killed", 7)[0] == 9  # in the second
    _, ended = _run(tmp_path / "killed", 0)
    assert ended == whole
