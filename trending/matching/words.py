"""The words of plots, compared by what two plots have in common. Exact sets of hashed stems, held as sparse rows.

Corpus statistics (idf) are left out on purpose: with them, adding a row would change how others are judged.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from trending.matching.store import Ints, TitleStore

_STEM = 5  # letters kept: "vampire" and "vampires" are one word
_WIDTH = 2**31 - 1
_WORD = re.compile(r"[^\W\d_]{3,}")
_PRODUCTION = frozenset({"directed", "starring", "stars", "produced", "written", "film", "screenplay", "cast"})
_COMMON = """
film films movie movies series show story stories new life lives young man men woman women world family love finds time year years old american
directed director starring stars written based name drama comedy produced released release episode episodes season set follows takes television
the and but for nor not yet with from into onto upon that this these those than then them they their there here where when while what which who whom
whose how why are was were been being has have had having will would can could may might must shall should does did doing about above after again
against all also always among another any around back because become becomes becoming before behind below between beyond both down during each either
else enough even ever every few first get gets give goes her hers herself him himself his however its itself just last least less made make makes many
more most much neither never next none now off once one only other others our out over own put rather same second several she since some still such
take themselves third three through throughout together too toward towards two under until very via well whether within without you your
"""


_COMMON_STEMS = frozenset(word[:_STEM] for word in _COMMON.split())


def read_plot(text: str) -> tuple[set[str], bool]:
    """Return what a text says, and whether it is about who made the film.

    Returns:
        The first letters of its words, common ones left out; and whether it names two or more things of a production, as the lead of an
        encyclopedia article does, which needn't share a word with a synopsis.
    """
    words = _WORD.findall(text.casefold())
    return {word[:_STEM] for word in words} - _COMMON_STEMS, sum(word in _PRODUCTION for word in words) >= 2


@lru_cache(maxsize=100_000)
def _number(stem: str) -> int:
    return crc32(stem.encode()) % _WIDTH


@dataclass(frozen=True)
class PlotWords:
    """The words of the plots of chosen rows. `place` maps a row to its line in `lines`, -1 where it has no plot."""

    place: Ints
    lines: csr_matrix
    counts: Ints
    production: npt.NDArray[np.bool_]

    def known(self, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
        """Say for which pairs of rows both plots are known."""
        return (self.place[left] >= 0) & (self.place[right] >= 0)

    def compare(self, left: Ints, right: Ints) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        """Compare the plots of pairs of rows, all of which are known.

        Returns:
            Words in common; words of the shorter plot; whether either tells of production.
        """
        one, other = self.place[left], self.place[right]
        shared = np.asarray(self.lines[one].multiply(self.lines[other]).sum(axis=1)).ravel().astype(np.int64)
        return shared, np.minimum(self.counts[one], self.counts[other]), self.production[one] | self.production[other]


def read_words(store: TitleStore, wanted: npt.NDArray[np.bool_]) -> PlotWords:
    """Read the plots of the `wanted` rows. The words of a row's own title are left out: rows with one title share them anyway."""
    place = np.full(store.size, -1, dtype=np.int64)
    words, ends = array("i"), array("q", [0])
    production: list[bool] = []
    first = 0
    for batch in store.batches(("title", "plot")):
        picked = np.flatnonzero(wanted[first : first + len(batch)])
        for row, title, plot in zip(picked + first, *(batch.column(name).take(picked).to_pylist() for name in ("title", "plot")), strict=True):
            if not plot:
                continue
            place[row] = len(production)
            stems, about_production = read_plot(plot)
            words.extend(sorted({_number(stem) for stem in stems - read_plot(title)[0]}))
            ends.append(len(words))
            production.append(about_production)
        first += len(batch)
    indices, pointers = np.frombuffer(words, dtype=np.int32) if words else np.zeros(0, dtype=np.int32), np.array(ends, dtype=np.int64)
    lines = csr_matrix((np.ones(len(indices), dtype=np.int16), indices, pointers), shape=(len(production), _WIDTH))
    lines.has_canonical_format = True
    return PlotWords(place, lines, np.diff(pointers), np.array(production, dtype=np.bool_))
