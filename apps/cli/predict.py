"""`run.py predict`: the genres of plots, with the words that spoke for them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from trending.errors import InputError, UsageError
from trending.features.facts import write_facts
from trending.predictions import Prediction
from trending.releases import ReleaseStore
from trending.settings import load_settings

_BATCH = 256
FIRST_YEAR, LAST_YEAR = 1800, 2200


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Predict for one text or for each line of a file."""
    placed = {"--text": arguments.text} if arguments.text is not None else _read_lines(arguments.file)
    limit = load_settings().max_text_chars
    for where, text in placed.items():
        if not text.strip():
            raise InputError("the text is empty", where=where, mend="give a plot of a sentence or more")
        if len(text) > limit:
            raise InputError(
                f"the text has {len(text):,} characters, at most {limit:,} are read", where=where, mend="shorten it, or raise TRENDING_MAX_TEXT_CHARS"
            )
    if arguments.year is not None and not FIRST_YEAR <= arguments.year <= LAST_YEAR:
        raise UsageError(f"{arguments.year} is no year of a film or show", where="--year", mend=f"give one from {FIRST_YEAR} to {LAST_YEAR}")
    texts = list(placed.values())
    release = ReleaseStore.from_settings().open()
    predictions: list[Prediction] = []
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        predictions += release.predictor.predict(batch, facts=[write_facts(arguments.type, arguments.year)] * len(batch))
    if not arguments.json:
        for text, prediction in zip(texts, predictions, strict=True):
            _show(text, prediction, several=len(texts) > 1)
        if release.manifest.data.starter:
            print("(learnt from the small starter catalogue: a first taste, not a measure)", file=sys.stderr)
    return {
        "release": release.manifest.version,
        "starter": release.manifest.data.starter,
        "predictions": [prediction.model_dump() for prediction in predictions],
    }


def _read_lines(name: str) -> dict[str, str]:
    """Return each line that isn't blank, by the place it stands at."""
    try:
        text = (sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()).decode("utf-8")
    except OSError as error:
        raise InputError(f"can't be read ({error.strerror})", where=name, mend="check the path") from error
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", where=name, mend="save it as UTF-8") from error
    lines = {f"{name}:{number}": line for number, line in enumerate(text.split("\n"), 1) if line.strip()}
    if not lines:
        raise InputError("the file has no lines", where=name, mend="put one plot on each line")
    return lines


def _show(text: str, prediction: Prediction, several: bool) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    if several:
        shown = text if len(text) <= 70 else text[:69] + "…"
        console.print(shown, style="dim", markup=False)
    if not prediction.genres:
        best, probability = max(prediction.scores.items(), key=lambda item: item[1])
        console.print(f"  no genre reaches its threshold; nearest: {best} ({probability:.0%})")
    for found in prediction.genres:
        words = ", ".join(piece.text for piece in found.evidence)
        console.print(f"  {found.genre:<16} {found.probability:4.0%}  (from {found.threshold:.0%})  {words}", markup=False)
