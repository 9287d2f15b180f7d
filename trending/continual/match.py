"""A match between a released champion and a challenger's bundle: both are measured, and the gate decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing

import pandas as pd

from trending.catalogue.database import Database
from trending.continual.challenge import Side, find_masks, measure_side
from trending.continual.gate import MIN_SET, Contest, GateVerdict, judge_contest
from trending.continual.noise import find_noise
from trending.continual.settings import PromotionRules
from trending.continual.surges import find_surges
from trending.releases import Release
from trending.releases.bundle import CATALOGUE_FILE

_JUDGED, _NEW, _OLD = ("frozen", "fresh"), ("new", "fresh"), ("frozen", "window", "replay")


def hold_match(
    champion: Release,
    challenger: Release,
    titles: pd.DataFrame,
    roles: pd.DataFrame,
    rules: PromotionRules,
    *,
    why: str,
    new_titles: int,
    checks: Mapping[str, str],
    blocking: Sequence[str] = (),
    reviews: pd.DataFrame | None = None,
    seed: int,
) -> GateVerdict:
    """Measure both on the frozen and the fresh set, and apply the rules.

    Args:
        champion: What is served.
        challenger: What may replace it.
        titles: Clean titles, all of them.
        roles: `title_id` and `role` of what took part (`trending.continual.assembly.ROLES`).
        rules: What must hold.
        why: Why there is a challenger.
        new_titles: How many titles the champion doesn't know.
        checks: Outcome of deepchecks' checks on it.
        blocking: Those that must pass.
        reviews: All there are, if the source has any.
        seed: Of everything drawn.
    """
    by_id = titles.set_index("title_id", drop=False)
    role = dict(zip(roles["title_id"], roles["role"], strict=True))

    def select(names: Sequence[str]) -> pd.DataFrame:
        return by_id.loc[[title_id for title_id, name in role.items() if name in names]].reset_index(drop=True)

    judged, new = select(_JUDGED), select(_NEW)
    contest = Contest(
        titles=judged,
        masks=find_masks(judged, role),
        champion=_measure(champion, judged, seed),
        challenger=_measure(challenger, judged, seed),
        noise=find_noise(select(_OLD), new, seed) if len(new) >= MIN_SET else None,
        surges=[] if reviews is None else find_surges(reviews, list_reviews(champion), rules),
        checks=checks,
        blocking=blocking,
    )
    return judge_contest(contest, rules, why, new_titles, seed)


def _measure(release: Release, titles: pd.DataFrame, seed: int) -> Side:
    return measure_side(release.manifest.version, release.manifest.model_kind, release.predictor, titles, seed)


def list_reviews(release: Release) -> set[str]:
    """Return the ids of the reviews that a release shows."""
    with closing(Database(release.directory / CATALOGUE_FILE)) as database, database.connect() as connection:
        return {row[0] for row in connection.execute("SELECT review_id FROM reviews")}
