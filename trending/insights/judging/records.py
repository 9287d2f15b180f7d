"""Judgements kept in the cache folder, one file a writer: who was judged isn't asked again. Their loss costs money, never an answer."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from trending.insights.judging.judgement import WriterJudgement

FOLDER = "insight-judgements"


def read_judgements(folder: Path) -> list[WriterJudgement]:
    """Return what is kept in a folder, damaged files left out."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(WriterJudgement.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            continue
    return found


def keep_judgement(folder: Path, judgement: WriterJudgement) -> None:
    """Keep a judgement, in the place of an earlier one of the same writer."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f".{judgement.identity}-{os.getpid()}"
        aside.write_text(judgement.model_dump_json(), encoding="utf-8")
        aside.replace(folder / f"{judgement.identity}.json")
    except OSError:
        return
