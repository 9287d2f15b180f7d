"""The search for hyper-parameters, by Optuna: seeded, pruned, and kept in a file from which a search that was killed goes on.

What is judged is the mean average precision on validation titles, which needs no thresholds. Test titles have no part in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field

from trending.embeddings.weights import find_weights
from trending.errors import UsageError
from trending.features.labels import IntMatrix
from trending.models.base import Labelled, build_model
from trending.models.spaces import SPACES, Range
from trending.models.trials import Trial, prepare_trials
from trending.provenance import hash_file
from trending.settings import load_settings

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

SEARCHES = "searches"  # where they lie under the cache folder
OBJECTIVE = "mean average precision on validation titles"
_STUDY = "search"
_LIBRARIES = ("numpy", "onnxruntime", "optuna", "scikit-learn", "xgboost")
_STARTUP = 6  # trials drawn at random before any is drawn by what was found, or stopped early
_WARMUP, _EVERY = 20, 10  # rounds before a trial may be stopped, and between two looks at it


class SearchBudget(BaseModel):
    """What a search may spend; it ends with whichever is used up first."""

    model_config = ConfigDict(extra="forbid")

    trials: int = Field(20, ge=1, le=10_000, description="Trials in all, those of a search that was killed included.")
    minutes: float = Field(10.0, gt=0, description="Time of all trials; none is begun after it. With time as the limit a slower machine finds less.")


class SearchTrial(BaseModel):
    """A trial that came to an end. Of one stopped early, `value` is what it had reached."""

    number: int
    params: dict[str, Any]
    value: float
    pruned: bool
    seconds: float


class SearchResult(BaseModel):
    """What a search found, as plain data."""

    kind: str
    objective: str = OBJECTIVE
    best_parameters: dict[str, Any]
    best_value: float
    default_value: float
    trials: list[SearchTrial]
    importances: dict[str, float] = Field(description="Share of each hyper-parameter in what trials differ by; empty if there are too few to tell.")


def search_parameters(
    kind: str,
    texts: Sequence[str],
    labels: IntMatrix,
    validation: Labelled,
    seed: int,
    budget: SearchBudget,
    storage: Path,
    fixed: Mapping[str, Any] | None = None,
) -> SearchResult:
    """Search the space of a kind of model; the first trial is of its defaults.

    Done trials are never run again: the same search goes on where it was, to the same result as if it hadn't been stopped.

    Args:
        kind: A key of `trending.models.spaces.SPACES`.
        texts: To learn from (n), of the kind the model reads.
        labels: 0 or 1, shape (n, 20).
        validation: Texts and labels to judge by.
        seed: Of what is tried and of whatever a model draws at random.
        budget: Of trials and time.
        storage: Folder of searches; their files are named by data, code and space.
        fixed: Hyper-parameters that every trial has; they aren't searched.

    Raises:
        UsageError: If there is nothing to search of that kind.
    """
    if kind not in SPACES:
        raise UsageError(f"nothing to search of {kind!r}", where="search", mend=f"choose from: {', '.join(SPACES)}")
    given = dict(fixed or {})
    space = {name: one for name, one in SPACES[kind].items() if name not in given}
    if not space:
        raise UsageError("every hyper-parameter there is to search is given", where=f"model_params.{kind}", mend="leave one out, or don't search")
    storage.mkdir(parents=True, exist_ok=True)
    file = storage / f"{_name_search(kind, texts, labels, validation, seed, given)}.sqlite"
    with FileLock(file.with_suffix(".lock")):
        study = _open_study(file)
        if _left(study, budget):
            trial = prepare_trials(kind, given, texts, labels, validation, seed)
            defaults = build_model(kind, given).params
            while _left(study, budget):
                _run_next(study, space, trial, seed, defaults)
        return _describe(study, kind)


def _open_study(file: Path) -> Study:
    """Open a search's file; a trial that was under way when the search was killed is begun anew."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=_STARTUP, n_warmup_steps=_WARMUP, interval_steps=_EVERY)
    study = optuna.create_study(storage=f"sqlite:///{file}", study_name=_STUDY, load_if_exists=True, direction="maximize", pruner=pruner)
    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return study


def _run_next(study: Study, space: Mapping[str, Range], run: Trial, seed: int, defaults: Mapping[str, Any]) -> None:
    import optuna

    done = len(_done(study))
    # Seeded by trial: a search that goes on draws what it would have drawn.
    own_seed = int(np.random.SeedSequence([seed, done]).generate_state(1)[0])
    study.sampler = optuna.samplers.TPESampler(n_startup_trials=_STARTUP, seed=own_seed)
    if not done:
        study.enqueue_trial({name: defaults[name] for name in space})
    trial = study.ask({name: _distribution(one) for name, one in space.items()})

    def watch(step: int, value: float) -> None:
        if step % _EVERY == 0:
            trial.report(value, step)
            if trial.should_prune():
                raise optuna.TrialPruned

    try:
        study.tell(trial, run(dict(trial.params), watch))
    except optuna.TrialPruned:
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)


def _distribution(one: Range) -> BaseDistribution:
    from optuna.distributions import FloatDistribution, IntDistribution

    if isinstance(one.low, int) and isinstance(one.high, int):
        return IntDistribution(one.low, one.high, log=one.log)
    return FloatDistribution(one.low, one.high, log=one.log)


def _done(study: Study) -> list[FrozenTrial]:
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _seconds(trial: FrozenTrial) -> float:
    return trial.duration.total_seconds() if trial.duration else 0.0


def _left(study: Study, budget: SearchBudget) -> bool:
    done = _done(study)
    return len(done) < budget.trials and sum(map(_seconds, done)) < budget.minutes * 60


def _describe(study: Study, kind: str) -> SearchResult:
    from optuna.trial import TrialState

    trials = [
        SearchTrial(number=number, params=one.params, value=float(one.value or 0.0), pruned=one.state == TrialState.PRUNED, seconds=round(_seconds(one), 2))
        for number, one in enumerate(_done(study))
    ]
    best = max((one for one in trials if not one.pruned), key=lambda one: one.value)
    return SearchResult(
        kind=kind,
        best_parameters=best.params,
        best_value=best.value,
        default_value=trials[0].value,
        trials=trials,
        importances=_weigh(study, [one.value for one in trials if not one.pruned]),
    )


def _weigh(study: Study, values: Sequence[float]) -> dict[str, float]:
    """Return importances by PED-ANOVA (Watanabe et al., 2023), which has no chance in it."""
    import optuna

    if len(values) < _STARTUP or max(values) == min(values):
        return {}
    return {name: round(share, 4) for name, share in optuna.importance.get_param_importances(study).items()}


def _name_search(kind: str, texts: Sequence[str], labels: IntMatrix, validation: Labelled, seed: int, given: Mapping[str, Any]) -> str:
    root = Path(__file__).resolve().parents[1]
    code = [hash_file(path) for folder in ("models", "features", "embeddings") for path in sorted((root / folder).glob("*.py"))]
    weights = find_weights(load_settings().encoder)
    versions = [version(name) for name in _LIBRARIES]
    said = json.dumps([kind, list(texts), list(validation[0]), seed, given, code, weights.fingerprint if weights else None, versions], sort_keys=True)
    return f"{kind}-{hashlib.sha256(said.encode('utf-8', 'surrogatepass') + labels.tobytes() + validation[1].tobytes()).hexdigest()[:16]}"
