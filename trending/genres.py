"""The 20 canonical genres, and how every source's own vocabulary maps onto them.

A label without a counterpart ("International Movies", "Short") maps to nothing; a label nobody has listed is unknown and is reported, not guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, get_args

Genre = Literal[
    "Action",
    "Adventure",
    "Animation",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Family",
    "Fantasy",
    "History",
    "Horror",
    "Music",
    "Mystery",
    "Reality",
    "Romance",
    "Science Fiction",
    "Sport",
    "Thriller",
    "War",
    "Western",
]
GENRES: tuple[str, ...] = get_args(Genre)
GENRE_INDEX: dict[str, int] = {genre: index for index, genre in enumerate(GENRES)}

# Canonical genres (joined by |) and the labels that mean them, in lower case, as public catalogues write them.
_ALIASES: dict[str, str] = {
    "Action": "action, disaster, martial arts, superhero, action films, action movies",
    "Action|Adventure": "action & adventure, action-adventure, action and adventure, tv action & adventure",
    "Adventure": "adventure, adventures, swashbuckler",
    "Animation": "animation, animated, anime, anime features, anime series, type:animation",
    "Animation|Comedy": "adult animation",
    "Animation|Family": "cartoon, cartoons",
    "Comedy": "comedy, comedies, buddy, parody, satire, sitcom, sketch comedy, stand up, stand-up, stand-up comedy, "
    "stand-up comedy & talk shows, tv comedies, black comedy, slapstick",
    "Crime": "crime, crime tv shows, noir, film noir, police/cop, gangster, heist",
    "Documentary": "documentary, documentaries, documentation, docuseries, animals & nature, nature, science & nature tv, "
    "science & technology, travel, type:documentary",
    "Drama": "drama, dramas, tv dramas, legal, medical, soap, soap opera, soap opera / melodrama, melodrama",
    "Family": "family, children, children's, children & family movies, kids, kids' tv",
    "Fantasy": "fantasy, supernatural",
    "History": "history, historical, period",
    "Horror": "horror, horror movies, tv horror, slasher, found footage",
    "Music": "music, musical, musicals, music & musicals, music videos and concerts, concert film, concert, dance",
    "Mystery": "mystery, mysteries, tv mysteries, whodunit",
    "Reality": "reality, reality tv, reality-tv, unscripted, game show, game shows, game show / competition, game-show, cooking & food, "
    "food, diy, lifestyle, lifestyle & culture, type:game show, type:reality",
    "Romance": "romance, romantic, romantic movies, romantic tv shows",
    "Romance|Comedy": "romantic comedy, romcom, rom-com",
    "Science Fiction": "science fiction, science-fiction, sci-fi, scifi, sci fi",
    "Science Fiction|Fantasy": "sci-fi & fantasy, tv sci-fi & fantasy",
    "Sport": "sport, sports, sports movies, type:sports",
    "Thriller": "thriller, thrillers, tv thrillers, suspense, spy, spy/espionage, espionage",
    "War": "war, military and war, war & politics",
    "Western": "western, westerns",
}

# Labels that are known to say nothing about genre: they are dropped without a word.
_NO_GENRE = """
adult | anthology | arthouse | arts | biographical | biography | black stories | british tv shows | classic & cult tv | classic movies | classics |
coming of age | cult movies | entertainment | erotic | european | faith & spirituality | faith and spirituality | fitness | foreign | health &
wellness | independent | independent movies | international | international movies | international tv shows | korean tv shows | late night | latino |
lgbtq | lgbtq+ | lgbtq movies | live action | movies | news | performance | political | series | short | silent | spanish-language tv shows | special
interest | survival | talk | talk show | talk show and variety | talk-show | teen | teen tv shows | tv movie | tv shows | type:news | type:panel show
| type:scripted | type:talk show | type:variety | variety | young adult audience | and culture | arts, entertainment, and culture
"""


def _fold(label: str) -> str:
    text = unicodedata.normalize("NFKC", label).replace("\u2019", "'").casefold()
    return re.sub(r"\s+", " ", text).strip(" .;")


@lru_cache(maxsize=1)
def _alias_table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {name.strip(): () for name in " ".join(_NO_GENRE.split()).split(" | ")}
    for genres, aliases in _ALIASES.items():
        table |= {alias: tuple(genres.split("|")) for alias in aliases.split(", ")}
    return table


def map_genre(label: str) -> tuple[str, ...] | None:
    """Map one source label onto canonical genres.

    Returns:
        Canonical names; an empty tuple for a label known to carry no genre; `None` for a label nobody has listed.
    """
    key = _fold(label)
    return () if not key else _alias_table().get(key)


def map_genres(labels: Iterable[str]) -> tuple[list[str], list[str]]:
    """Map labels onto canonical genres.

    Returns:
        The canonical names in canonical order without repeats, and the labels that are unknown.
    """
    found: set[str] = set()
    unknown: list[str] = []
    for label in labels:
        mapped = map_genre(label)
        if mapped is None:
            unknown.append(label)
        else:
            found.update(mapped)
    return sorted(found, key=GENRE_INDEX.__getitem__), unknown


def split_labels(value: str) -> list[str]:
    """Split a genre cell as public exports write them: JSON or Python lists, or text separated by `|`, `;` or `,`.

    A whole cell that is itself a known label ("Arts, Entertainment, and Culture") is not split.
    """
    text = value.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
        return [part.strip().strip("'\"").strip() for part in text.split(",") if part.strip().strip("'\"")]
    if map_genre(text) is not None:
        return [text] if text else []
    separator = next((mark for mark in "|;" if mark in text), ",")
    return [part.strip() for part in text.split(separator) if part.strip()]
