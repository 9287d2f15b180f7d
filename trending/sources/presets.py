"""Known layouts of public catalogue files, so that the common ones need no configuration."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from trending.errors import InputError, UsageError
from trending.titles import TITLE_COLUMNS

NEEDED = ("title", "type")
# What a file says of its own rows' identity and rights goes before what is known of its layout.
_OWN = {name: name for name in ("title_id", "group_id", "rights_class", "data_licence")}


@dataclass(frozen=True)
class Preset:
    """A layout: Title column -> file column, values that hold for every row, and the columns that give it away."""

    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    signature: tuple[str, ...] = ()


PRESETS: dict[str, Preset] = {
    # This project's own columns; all but title and type may be missing.
    "titles": Preset(columns={name: name for name in TITLE_COLUMNS}, signature=("title", "type")),
    # Catalogue exports of streaming services (Netflix, Prime Video, Disney+, Hulu): `rating` is an age certificate there, so it isn't read.
    "netflix": Preset(
        columns={
            "source_id": "show_id",
            "title": "title",
            "type": "type",
            "year": "release_year",
            "plot": "description",
            "genres": "listed_in",
            "country": "country",
        },
        constants={"rights_class": "unclear", "data_licence": "unclear: texts are the service's own"},
        signature=("show_id", "title", "listed_in", "description"),
    ),
    # JustWatch exports: their descriptions come from TMDB, whose terms don't allow training without an agreement.
    "justwatch": Preset(
        columns={
            "source_id": "id",
            "title": "title",
            "type": "type",
            "year": "release_year",
            "plot": "description",
            "genres": "genres",
            "country": "production_countries",
            "imdb_id": "imdb_id",
            "rating": "imdb_score",
            "votes": "imdb_votes",
            "popularity": "tmdb_popularity",
        },
        constants={"rights_class": "tmdb_derived", "data_licence": "descriptions (c) TMDB; scores (c) IMDb"},
        signature=("id", "title", "description", "imdb_score"),
    ),
}


def resolve_columns(
    available: Collection[str], preset: str, columns: Mapping[str, str], constants: Mapping[str, str], where: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Decide which file column feeds which Title column.

    Args:
        available: Columns of the file.
        preset: A name in `PRESETS`, or `auto`.
        columns: The user's own mapping, which wins.
        constants: The user's own constants, which win.
        where: The file, for messages.

    Returns:
        Title column -> file column, for columns that are there; and constants for columns that aren't.

    Raises:
        UsageError: If a name in the configuration doesn't exist.
        InputError: If the file lacks what is needed.
    """
    for name in (*columns, *constants):
        if name not in TITLE_COLUMNS:
            raise UsageError(f"{name!r} is not a Title column", where="columns", mend=_suggest(name, TITLE_COLUMNS))
    for wanted in columns.values():
        if wanted not in available:
            raise InputError(f"no column {wanted!r}", where=where, mend=_suggest(wanted, available))
    chosen = _choose_preset(available, preset)
    mapping = {name: column for name, column in {**_OWN, **chosen.columns}.items() if column in available and name not in constants} | dict(columns)
    fixed = {name: value for name, value in chosen.constants.items() if name not in columns} | dict(constants)
    missing = [name for name in NEEDED if name not in mapping and name not in fixed]
    if missing:
        name = missing[0]
        mend = f"map it with --set columns.{name}=COLUMN" + (" or --set constants.type=movie" if name == "type" else "")
        raise InputError(f"no column for {name!r} (it has: {', '.join(sorted(available))[:200]})", where=where, mend=mend)
    return mapping, fixed


def _choose_preset(available: Collection[str], preset: str) -> Preset:
    if preset != "auto":
        if preset not in PRESETS:
            raise UsageError(f"no preset {preset!r}", where="preset", mend=_suggest(preset, ["auto", *PRESETS]))
        return PRESETS[preset]
    fits = [known for known in PRESETS.values() if set(known.signature) <= set(available)]
    # The layout that explains most columns; with the user's own mapping alone where none fits.
    return max(fits, key=lambda known: len(known.signature), default=PRESETS["titles"])


def _suggest(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"choose from: {', '.join(sorted(known))[:300]}"
