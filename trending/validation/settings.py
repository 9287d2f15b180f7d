"""Thresholds of the quality gates and of the deepchecks reports: what the keys `gates` and `checks` of an ingestion configuration may hold."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from trending.errors import UsageError
from trending.sources.crawl.config import LIVE_SOURCES

_SHARE: Any = {"ge": 0, "le": 1}


class SourceGates(BaseModel):
    """Bounds for the rows of one source; None takes the bound of the next wider setting. Shares are of the rows of this crawl."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_rows: int | None = Field(None, ge=0, description="Fewer titles than this are no crawl; not judged where it asked only for what changed.")
    max_no_plot: float | None = Field(None, **_SHARE, description="Share of titles without a plot.")
    max_no_year: float | None = Field(None, **_SHARE, description="Share of titles without a year.")
    max_no_genres: float | None = Field(None, **_SHARE, description="Share of titles without a canonical genre.")
    max_shared_plots: float | None = Field(None, **_SHARE, description="Share of plots that stand under another title too, as placeholders do.")
    max_failed: float | None = Field(None, **_SHARE, description="Share of fetched records that could not be parsed.")
    max_quarantined: float | None = Field(None, **_SHARE, description="Share of parsed records that cleaning refused.")
    max_plot_loss: float | None = Field(None, **_SHARE, description="How far the share of titles with a plot may lie below the parent version's.")
    max_crawl_loss: float | None = Field(None, **_SHARE, description="By what share a complete crawl may be smaller than the parent version.")
    max_row_loss: float | None = Field(None, **_SHARE, description="By what share the new version may hold fewer titles than its parent.")


BUILT_IN = SourceGates(
    min_rows=1,
    max_no_plot=0.3,
    max_no_year=0.3,
    max_no_genres=0.5,
    max_shared_plots=0.2,
    max_failed=0.2,
    max_quarantined=0.2,
    max_plot_loss=0.25,
    max_crawl_loss=0.3,
    max_row_loss=0.01,
)
# Where a source is known to differ by its nature.
BUILT_IN_SOURCES: dict[str, SourceGates] = {
    # Shows announced or in development have no summary or premiere yet; many documentaries and talk shows have a type but no genre.
    "tvmaze": SourceGates(max_no_plot=0.35, max_no_genres=0.6),
    # Genres come from categories and infoboxes, which many articles lack.
    "wikipedia": SourceGates(max_no_plot=0.2, max_no_genres=0.8),
    # Lists of titles and figures: no plots, genres or years at all.
    "netflix_top10": SourceGates(max_no_plot=1, max_no_year=1, max_no_genres=1, max_plot_loss=1),
    # Markup for search engines is as full as the site cares to make it.
    "schema_org": SourceGates(max_no_year=0.6, max_no_genres=0.8, max_failed=0.4),
}


class GateSettings(BaseModel):
    """Bounds per source: `default` for all, and any source by its name (`gates.tvmaze.max_no_plot: 0.1`).

    What is set for a source wins over what is known of it, then comes `default`, then what is built in.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, SourceGates]

    min_sample: int = Field(50, ge=1, description="Shares of fewer rows than this are reported but not judged: three rows prove nothing.")
    default: SourceGates = Field(default_factory=SourceGates, description="For every source that isn't known to differ.")

    def bounds(self, source: str) -> dict[str, float]:
        """Return every bound that holds for a source, by name."""
        layers = (BUILT_IN, self.default, BUILT_IN_SOURCES.get(source), self.__pydantic_extra__.get(source))
        return {name: value for layer in layers if layer is not None for name, value in layer.model_dump(exclude_none=True).items()}

    def check_names(self, known: Iterable[str]) -> None:
        """Refuse bounds for a source that doesn't exist, which would silently never hold.

        Args:
            known: Sources beside the live ones: those of this run and of the parent version.

        Raises:
            UsageError: Naming the first such source.
        """
        names = sorted({*LIVE_SOURCES, *known})
        for name in self.__pydantic_extra__:
            if name not in names:
                close = get_close_matches(name, names, n=1)
                raise UsageError(f"no source {name!r}", where="gates", mend=f"did you mean {close[0]!r}?" if close else f"known are: {', '.join(names)[:200]}")


class IntegrityChecks(BaseModel):
    """Conditions on titles as a table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_duplicates: float = Field(0.01, **_SHARE, description="Share of rows that repeat another of their source in title, type, year and plot.")
    max_missing: float = Field(0.5, **_SHARE, description="Share of missing values in plot, year or genres.")
    max_special: float = Field(0.001, **_SHARE, description="Share of titles or plots made of special characters alone.")
    max_title_outliers: float = Field(0.02, **_SHARE, description="Share of titles of unusual length.")
    max_conflicts: float = Field(0.3, **_SHARE, description="Share of rows whose title, type and year stand under other genres too; sources disagree.")


class SplitChecks(BaseModel):
    """Conditions on the training and test titles beside each other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_test_share: float = Field(0.05, **_SHARE, description="Test titles as a share of training titles.")
    max_shared_plots: float = Field(0.0, **_SHARE, description="Share of test plots that are in training too.")
    max_shared_groups: float = Field(0.0, **_SHARE, description="Share of test titles whose group is in training too.")
    max_new_values: float = Field(0.01, **_SHARE, description="Share of test titles with a source, language or rights class that training lacks.")
    max_drift: float = Field(0.15, **_SHARE, description="Distance of a column's distributions: Kolmogorov-Smirnov for numbers, Cramer's V for names.")
    max_genre_drift: float = Field(0.1, **_SHARE, description="Cramer's V of the genres.")
    max_joint_drift: float = Field(0.2, **_SHARE, description="How well a classifier tells the parts apart: 0 not at all, 1 always.")


class TextChecks(BaseModel):
    """Conditions on plots and reviews as texts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_duplicates: float = Field(0.1, **_SHARE, description="Share of texts that repeat another but for case and punctuation.")
    max_conflicts: float = Field(0.1, **_SHARE, description="Share of plots that stand under other genres too.")
    max_special: float = Field(0.01, **_SHARE, description="Share of texts of which more than a tenth are special characters.")
    max_outliers: float = Field(0.15, **_SHARE, description="Share of texts that stand out in a property, such as length or share of capitals.")
    max_boilerplate: int = Field(0, ge=0, description="Phrases of eight words or more that a twentieth of the texts share.")


CHECK_NAMES: tuple[str, ...] = (
    *(f"integrity.{name}" for name in ("duplicates", "single_value", "missing", "mixed_nulls", "mixed_types", "variants", "special")),
    *(f"integrity.{name}" for name in ("title_outliers", "conflicts")),
    *(f"split.{name}" for name in ("size", "shared_plots", "shared_groups", "new_values", "drift", "joint_drift", "new_genres", "genre_drift")),
    *(f"texts.{name}" for name in ("duplicates", "conflicts", "special", "outliers", "boilerplate")),
)


def _known_check(name: str) -> str:
    if name not in CHECK_NAMES:
        raise ValueError(f"{name!r} is no check; there are: {', '.join(CHECK_NAMES)}")
    return name


_CheckName = Annotated[str, AfterValidator(_known_check)]


class CheckSettings(BaseModel):
    """The deepchecks reports: how many rows they look at, their conditions, and which of these stop a run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample: int = Field(5_000, ge=100, description="Rows looked at, by content, so that copies come along with each other.")
    seed: int = Field(17, ge=0, le=2**31 - 1)
    blocking: list[_CheckName] = Field(default_factory=list, description="Checks that end the run if they fail, such as split.shared_groups.")
    may_not_run: list[_CheckName] = Field(default_factory=list, description="Checks that may drop out; any other that does counts as failed.")
    integrity: IntegrityChecks = Field(default_factory=IntegrityChecks)
    split: SplitChecks = Field(default_factory=SplitChecks)
    texts: TextChecks = Field(default_factory=TextChecks)
