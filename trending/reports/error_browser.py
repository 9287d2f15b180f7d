"""The error browser: the titles a model errs on most, one below the other, to be filtered by genre, type and kind of error.

A page for those who work on the model. It shows plots, whose rights may be others', so it stays an artifact of the run and is in no release.
Filters are CSS: nothing on the page runs, and without support for `:has()` everything is simply shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from trending.evaluation.worst_titles import WorstTitle
from trending.genres import GENRE_INDEX, GENRES
from trending.reports.page import render_page

_KINDS = {"missed": "a listed genre is missed", "added": "a genre is added that isn't listed"}
# What can be asked for -> the class a title has that fits, and what it is called.
_FILTERS = (
    ("genre", "Genre, listed or predicted", {f"g{number}": genre for number, genre in enumerate(GENRES)}),
    ("type", "Type", {"movie": "films", "tv": "TV shows"}),
    ("kind", "Kind of error", _KINDS),
    ("label", "Label", {"doubted": "may be wrong", "undoubted": "no other source contradicts it"}),
)
_RIGHTS = "This page shows plots, whose rights may be others': it is for work on the model and isn't part of the release."


def render_error_browser(titles: Sequence[WorstTitle], champion: str, judged: int, notes: Sequence[str]) -> str:
    """Return the page.

    Args:
        titles: The worst first.
        champion: The model's name.
        judged: How many titles they were found among.
        notes: Shown on top.
    """
    template = (resources.files("trending.reports") / "error_browser.html").read_text(encoding="utf-8")
    body = (
        Environment(autoescape=True, undefined=StrictUndefined)
        .from_string(template)
        .render(
            titles=[(one, _classify(one)) for one in titles],
            filters=_FILTERS,
            rules=[(name, value) for name, _, options in _FILTERS for value in options],
        )
    )
    lead = (
        f"The {len(titles)} of {judged:,} test titles on which {champion} errs most, by log loss summed over genres. Such a title may be mislabelled rather "
        "than misread: catalogues disagree on genres, and a text may not say what the label knows. A label is doubted where the model is sure of the "
        "contrary and another source's row of the same work agrees with it; where no other source has the work, nothing can be said."
    )
    return render_page("Error browser", lead, [Markup(body)], [*notes, _RIGHTS])


def _classify(title: WorstTitle) -> str:
    kinds = [kind for kind in _KINDS if kind in title.kind]
    genres = [f"g{GENRE_INDEX[one.genre]}" for one in title.genres]
    return " ".join([title.type, *kinds, "doubted" if title.doubts else "undoubted", *genres])
