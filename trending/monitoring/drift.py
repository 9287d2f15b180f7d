"""Whether a sample differs from the reference: a stated test per column, corrected for their number, with a smallest sample and a smallest effect.

Numbers are compared by the two-sample Kolmogorov-Smirnov test, shares of yes by Fisher's exact test, vectors by how well a classifier tells the two samples
apart. Holm's correction runs over all of a report's tests, so the chance that a report alarms although nothing differs is at most `alpha`. What differs by less
than the smallest effect is no drift, however sure that is.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from trending.monitoring.descriptors import FACT_COLUMNS, LABEL_COLUMNS, PREDICTION_COLUMNS, TEXT_COLUMNS, YES_OR_NO
from trending.monitoring.llm import LLM_COLUMNS, LLM_YES_OR_NO
from trending.monitoring.sample import Sample

Kind = Literal["data", "label", "prediction", "embedding", "llm"]
_COLUMNS: dict[Kind, tuple[str, ...]] = {
    "data": (*TEXT_COLUMNS, *(name for name in FACT_COLUMNS if name != "decade")),  # what is new is of a later one by nature
    "label": LABEL_COLUMNS,
    "prediction": PREDICTION_COLUMNS,
    "llm": LLM_COLUMNS,
}
_SHARES = YES_OR_NO | LLM_YES_OR_NO
_FOLDS = 5
EMBEDDING = "meaning of plots"


class DriftSettings(BaseModel):
    """What counts as drift."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alpha: float = Field(0.01, gt=0, lt=1, description="The chance that a report alarms although nothing differs.")
    sample: int = Field(100, ge=20, description="Of fewer values on either side a column isn't tested.")
    distance: float = Field(0.1, ge=0, le=1, description="Smallest Kolmogorov-Smirnov distance of numbers that is drift.")
    share: float = Field(0.05, ge=0, le=1, description="Smallest difference of two shares that is drift.")
    auc: float = Field(0.6, ge=0.5, le=1, description="Smallest area under the curve of the classifier that tells the samples apart.")
    seed: int = 17


class DriftFinding(BaseModel):
    """One column, and what its test said."""

    model_config = ConfigDict(extra="forbid")

    name: str
    kind: Kind
    test: str
    statistic: float
    effect: float = Field(description="Distance of distributions, difference of shares, or area under the curve.")
    p_value: float
    adjusted_p: float
    n_reference: int
    n_current: int
    reference: float = Field(description="Mean or share in the reference; of vectors, 0.5: no better than chance.")
    current: float
    drifted: bool


class DriftReport(BaseModel):
    """All tests of one comparison."""

    model_config = ConfigDict(extra="forbid")

    alarm: bool
    reason: str
    alpha: float = 0.01
    findings: list[DriftFinding]
    untested: list[str] = []

    def list_drifted(self) -> list[DriftFinding]:
        """Return what drifted, the surest first."""
        return sorted((finding for finding in self.findings if finding.drifted), key=lambda finding: finding.adjusted_p)


def compare(reference: Sample, current: Sample, settings: DriftSettings) -> DriftReport:
    """Test every column both samples have enough values of.

    Args:
        reference: What is expected.
        current: What came.
        settings: What counts as drift.
    """
    from statsmodels.stats.multitest import multipletests

    findings, untested = [], []
    for kind, columns in _COLUMNS.items():
        before, after = (part.calls if kind == "llm" else part.titles for part in (reference, current))
        for column in columns:
            values = [_read(frame, column) for frame in (before, after)]
            if min(map(len, values)) < settings.sample:
                untested.append(column)
                continue
            findings.append(_test_share(column, kind, *values) if column in _SHARES else _test_numbers(column, kind, *values))
    if reference.vectors is not None and current.vectors is not None and min(len(reference.vectors), len(current.vectors)) >= settings.sample:
        findings.append(_test_vectors(np.asarray(reference.vectors, dtype=np.float64), np.asarray(current.vectors, dtype=np.float64), settings.seed))
    else:
        untested.append(EMBEDDING)
    if findings:
        adjusted = multipletests([finding.p_value for finding in findings], method="holm")[1]
        findings = [_judge(finding, float(p_value), settings) for finding, p_value in zip(findings, adjusted, strict=True)]
    return _conclude(findings, untested, settings)


def _read(frame: pd.DataFrame, column: str) -> npt.NDArray[np.float64]:
    return frame[column].dropna().to_numpy(dtype=np.float64) if column in frame else np.zeros(0)


def _test_numbers(name: str, kind: Kind, before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> DriftFinding:
    from scipy.stats import ks_2samp

    found = ks_2samp(before, after)
    return _describe(name, kind, "Kolmogorov-Smirnov", float(found.statistic), float(found.statistic), float(found.pvalue), before, after)


def _test_share(name: str, kind: Kind, before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> DriftFinding:
    from scipy.stats import fisher_exact

    yes = [int(part.sum()) for part in (before, after)]
    found = fisher_exact([[yes[0], len(before) - yes[0]], [yes[1], len(after) - yes[1]]])
    difference = float(after.mean() - before.mean())
    return _describe(name, kind, "Fisher's exact", float(found.statistic), difference, float(found.pvalue), before, after)


def _test_vectors(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64], seed: int) -> DriftFinding:
    """Learn to tell the samples apart, and test with the rank-sum test whether titles that weren't learnt from are told apart.

    Source: Rabanser et al., "Failing Loudly" (2019), the domain classifier. Both samples are cut to one size, and each title is scored by a model that hasn't
    seen it. Folds' models differ, so scores are ranked within a fold, and the folds' sums are added up (van Elteren's stratified test).
    """
    from scipy.stats import norm, rankdata
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    chance = np.random.default_rng(seed)
    size = min(len(before), len(after))
    vectors = np.concatenate([part[chance.permutation(len(part))[:size]] for part in (before, after)])
    is_new = np.repeat([0, 1], size)
    surplus = variance = pairs = wins = 0.0
    for learnt, held_out in StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(vectors, is_new):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1_000)).fit(vectors[learnt], is_new[learnt])
        ranks, new = rankdata(model.decision_function(vectors[held_out])), is_new[held_out] == 1
        ours, theirs = int(new.sum()), int((~new).sum())
        won = float(ranks[new].sum()) - ours * (ours + 1) / 2
        wins, pairs = wins + won, pairs + ours * theirs
        surplus, variance = surplus + won - ours * theirs / 2, variance + ours * theirs * (ours + theirs + 1) / 12
    auc, z = wins / pairs, surplus / np.sqrt(variance)
    return DriftFinding(
        name=EMBEDDING,
        kind="embedding",
        test="domain classifier",
        statistic=float(z),
        effect=float(auc),
        p_value=float(norm.sf(z)),
        adjusted_p=1.0,
        n_reference=size,
        n_current=size,
        reference=0.5,
        current=float(auc),
        drifted=False,
    )


def _describe(
    name: str, kind: Kind, test: str, statistic: float, effect: float, p_value: float, before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]
) -> DriftFinding:
    return DriftFinding(
        name=name,
        kind=kind,
        test=test,
        statistic=statistic if np.isfinite(statistic) else 0.0,  # odds of nothing to something
        effect=effect,
        p_value=p_value,
        adjusted_p=1.0,
        n_reference=len(before),
        n_current=len(after),
        reference=float(before.mean()),
        current=float(after.mean()),
        drifted=False,
    )


def _judge(finding: DriftFinding, adjusted: float, settings: DriftSettings) -> DriftFinding:
    least = {"Kolmogorov-Smirnov": settings.distance, "Fisher's exact": settings.share, "domain classifier": settings.auc}[finding.test]
    return finding.model_copy(update={"adjusted_p": adjusted, "drifted": adjusted < settings.alpha and abs(finding.effect) >= least})


def _conclude(findings: list[DriftFinding], untested: list[str], settings: DriftSettings) -> DriftReport:
    report = DriftReport(alarm=any(finding.drifted for finding in findings), reason="", alpha=settings.alpha, findings=findings, untested=untested)
    if not findings:
        reason = f"not judged: fewer than {settings.sample:,} values of everything"
    elif report.alarm:
        drifted = report.list_drifted()
        told = ", ".join(f"{one.name} {one.reference:.3g} -> {one.current:.3g}" for one in drifted[:3])
        reason = f"{len(drifted)} of {len(findings)} tests: {told}" + (", ..." if len(drifted) > 3 else "")
    else:
        reason = f"none of {len(findings)} tests finds drift at {settings.alpha:g} in all"
    return report.model_copy(update={"reason": reason})
