"""Keyword rules: hand-picked words per genre, with the rate at which they proved right in training.

What a person would write in an afternoon; the models that learn have to beat it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trending.features.labels import FloatMatrix, IntMatrix
from trending.genres import GENRES
from trending.models.base import GenreModel, Labelled, WeightedTerms

KEYWORDS: dict[str, str] = {
    "Action": "assassin mercenary fight fights fighting explosive gunfight commando martial ninja samurai rescue terrorist terrorists agent chase kung vigilante",
    "Adventure": "quest treasure expedition jungle island pirate pirates explorer voyage journey lost sail castaway map perilous",
    "Animation": "mouse rabbit cat bugs toons toy toys dragon pony robot robots animal animals porky daffy popeye hero heroes",
    "Comedy": "hilarious funny bumbling hapless wacky antics stand-up zany jokes mishaps misadventures pranks awkward chaos roommate roommates laughs",
    "Crime": "murder murders detective police gangster gang heist robbery mob mafia killer cop cops drug cartel prison bank thief thieves fbi",
    "Documentary": "explores interviews footage archival filmmaker examines chronicles behind-the-scenes scientists planet wildlife true profile testimony access",
    "Drama": "struggles grief marriage dying relationship secrets loss mother father affair village poverty illness widow life lives",
    "Family": "kids children christmas santa puppy dog magical pony boy girl preschool friends elf learn",
    "Fantasy": "magic magical wizard witch fairy kingdom dragon curse vampire spell mythical enchanted sorcerer demon prophecy immortal angel",
    "History": "century king queen emperor revolution dynasty empire biographical president ancient medieval colonial independence royal",
    "Horror": "haunted ghost zombie zombies vampire demon terrifying possessed monster slasher evil supernatural blood cannibal nightmare terror exorcism",
    "Music": "band singer song songs concert rock jazz album orchestra dancer dance hip-hop rapper opera pop piano",
    "Mystery": "disappearance investigate investigates clues detective missing sleuth murder suspects suspect disappeared unravel truth puzzle",
    "Reality": "contestants compete competition host judges hosts chefs challenge prize cast renovation makeover eliminated singles bachelor homeowners",
    "Romance": "love falls lovers wedding marry marriage couple kiss sweetheart affair boyfriend girlfriend heart engaged bride soulmate",
    "Science Fiction": "alien aliens space spaceship planet future futuristic robot robots android scientist time-travel experiment galaxy virus dystopian earth clone",
    "Sport": "football baseball boxing boxer basketball team coach championship soccer racing race hockey league athlete tournament cricket olympic wrestling",
    "Thriller": "killer deadly kidnapped conspiracy hostage stalker psychological hunted secret dangerous assassin spy blackmail obsessed terror revenge",
    "War": "soldier soldiers army nazi nazis battle troops military vietnam regiment german platoon invasion occupied navy pilot sergeant",
    "Western": "cowboy cowboys sheriff outlaw outlaws ranch rancher cattle saloon gunslinger gunfighter rustlers marshal stagecoach frontier texas arizona apache",
}
_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")
_MAX_HITS = 3  # three hits are as good as more


class KeywordModel(GenreModel):
    """Scores a genre by how often texts with 0, 1, 2 or 3+ of its keywords had it in training (smoothed)."""

    kind = "keywords"

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """`smoothing`: how many titles of the genre's average share are mixed into each rate."""
        return {"smoothing": 10.0}

    def fit(self, texts: Sequence[str], labels: IntMatrix, seed: int, validation: Labelled | None = None) -> None:
        """Measure the rate of each genre at each number of hits."""
        hits = self._count(texts)
        prior = labels.mean(axis=0)
        rates = np.zeros((len(GENRES), _MAX_HITS + 1))
        for genre in range(len(GENRES)):
            for count in range(_MAX_HITS + 1):
                chosen = hits[:, genre] == count
                smoothing = float(self.params["smoothing"])
                rates[genre, count] = (labels[chosen, genre].sum() + smoothing * prior[genre]) / (chosen.sum() + smoothing)
        self.rates = np.maximum.accumulate(rates, axis=1)  # another keyword never lowers a score

    def predict_proba(self, texts: Sequence[str]) -> FloatMatrix:
        """Look the rates up."""
        hits = self._count(texts)
        return np.asarray(self.rates[np.arange(len(GENRES))[None, :], hits], dtype=np.float64)

    def explain(self, texts: Sequence[str], genres: Sequence[Sequence[int]], top: int) -> list[list[WeightedTerms]]:
        """Return the keywords found, each worth the same."""
        return [[self._found(text, genre)[:top] for genre in asked] for text, asked in zip(texts, genres, strict=True)]

    def _found(self, text: str, genre: int) -> WeightedTerms:
        wanted = set(KEYWORDS[GENRES[genre]].split())
        return [(word, 1.0) for word in dict.fromkeys(_WORD.findall(text.casefold())) if word in wanted]

    def _count(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.intp]]:
        table: dict[str, list[int]] = {}
        for genre, name in enumerate(GENRES):
            for word in KEYWORDS[name].split():
                table.setdefault(word, []).append(genre)
        hits = np.zeros((len(texts), len(GENRES)), dtype=np.intp)
        for row, text in enumerate(texts):
            for word in set(_WORD.findall(text.casefold())):
                for genre in table.get(word, ()):
                    hits[row, genre] += 1
        return np.minimum(hits, _MAX_HITS)

    def _save_state(self, directory: Path) -> None:
        (directory / "rates.json").write_text(json.dumps(self.rates.tolist()), encoding="utf-8")

    def _load_state(self, directory: Path) -> None:
        self.rates = np.asarray(json.loads((directory / "rates.json").read_text(encoding="utf-8")))
