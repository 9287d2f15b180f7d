"""A look at the world: what is new since the champion was learnt, how it differs, and whether that is reason to learn anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trending.continual.assembly import find_known
from trending.continual.challenge import judge_titles
from trending.continual.gate import OF_DATA
from trending.continual.settings import TriggerSettings
from trending.continual.triggers import Decision, Declined, Situation, decide
from trending.evaluation.metrics import Judged
from trending.features.labels import encode_genres
from trending.models.split import select_trainable
from trending.monitoring.descriptors import LABEL_COLUMNS, PROBABILITY_COLUMNS
from trending.monitoring.reference import read_reference
from trending.monitoring.sample import Sample, describe_titles
from trending.releases import Release, ReleaseStore
from trending.releases.audit import AuditTrail
from trending.releases.splits import read_splits
from trending.reports.page import render_page

if TYPE_CHECKING:
    from trending.monitoring.drift import DriftReport


def watch(
    store: ReleaseStore, champion: str, titles: pd.DataFrame, rights: list[str], key: str, flagged: int, settings: TriggerSettings, seed: int
) -> tuple[Decision, str]:
    """Return the decision, and the drift it rests on as a page.

    Args:
        store: Of the releases.
        champion: The version that is served.
        titles: Clean titles, all of them.
        rights: Patterns of the rights classes that may be learnt from.
        key: What a challenger would be learnt from and judged by.
        flagged: How many of the champion's answers were flagged.
        settings: Of the triggers.
        seed: Of the bootstrap.
    """
    release = store.open(champion)
    learnt_as = release.manifest.learnt_as
    chosen, _ = select_trainable(titles, rights)
    trainable = titles[chosen].reset_index(drop=True)
    splits = read_splits(release)
    new = trainable[find_known(trainable, splits).isna()].reset_index(drop=True)
    none = Judged(encode_genres([]), np.zeros((0, len(PROBABILITY_COLUMNS))), np.zeros((0, len(PROBABILITY_COLUMNS)), dtype=bool))
    judged = judge_titles(release.predictor, new) if len(new) else none
    drift, page = _measure_drift(release, new, judged, settings)
    situation = Situation(
        champion=champion,
        known=len(splits),
        created=(store.manifest(learnt_as) if learnt_as in store.versions() else release.manifest).created,
        now=dt.datetime.now(dt.UTC),
        new=judged,
        groups=new["group_id"].astype(str).tolist(),
        reference=_read_judged(release),
        drift=drift,
        flagged=flagged,
        declined=find_declined(store, learnt_as, key),
        seed=seed,
    )
    return decide(situation, settings), page


def find_declined(store: ReleaseStore, champion: str, key: str) -> Declined | None:
    """Return the last challenger of this champion that was declined, by the gate or by whoever rolled it back; None if none was.

    Args:
        store: Whose audit trail tells.
        champion: The version whose model is served (`Manifest.learnt_as`).
        key: Hash of the data and the settings that the next challenger would be made and judged by.
    """
    last: Declined | None = None
    verdicts: dict[str | None, Mapping[str, Any]] = {}
    for entry in AuditTrail.from_store(store).entries():
        details = entry.details
        if entry.action == "published" and "key" in entry.verdict:
            verdicts[entry.release] = entry.verdict
        elif entry.action == "rolled_back" and (verdict := verdicts.get(store.name_model(entry.previous) or entry.previous)):
            same = (last is not None and last.same) or verdict["key"] == key
            if same or (store.name_model(verdict.get("champion")) or verdict.get("champion")) == champion:
                reason = f"it was published and rolled back{entry.reason and ': '}{entry.reason}"
                last = Declined(reason, int(verdict.get("new_titles", 0)), same=same, suspect=False)
        elif entry.action == "declined" and details.get("champion") == champion and details["key"]:  # without, it only lost a race
            same = (last is not None and last.same) or details["key"] == key
            last = Declined(entry.reason, int(details["new_titles"]), same=same, suspect=not OF_DATA.isdisjoint(details["broken"]))
    return last


def _read_judged(release: Release) -> Judged:
    rows = read_reference(release.directory)[0].dropna(subset=[*LABEL_COLUMNS, *PROBABILITY_COLUMNS])
    probabilities = rows[list(PROBABILITY_COLUMNS)].to_numpy()
    return Judged(rows[list(LABEL_COLUMNS)].to_numpy().astype(np.int8), probabilities, release.predictor.decide(probabilities))


def _measure_drift(release: Release, new: pd.DataFrame, judged: Judged, settings: TriggerSettings) -> tuple[DriftReport | None, str]:
    if not settings.drift or len(new) < settings.sample:
        return None, render_page("Drift", f"Not judged: {len(new):,} new titles, of {settings.sample:,} that are wanted, or switched off.", [])
    from trending.monitoring.drift import DriftSettings, compare
    from trending.monitoring.report import render_drift

    thresholds = release.predictor.thresholds.tolist()
    reference = Sample.from_reference(release)
    report = compare(reference, describe_titles(new, judged.probabilities, thresholds=thresholds), DriftSettings())
    return report, render_drift(report)
