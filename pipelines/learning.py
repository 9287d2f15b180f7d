"""Learning, judging and describing, from titles and their splits to a release bundle: what training and continual learning share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.trackers import attach
from steps.describe.describe_titles import describe_titles
from steps.describe.judge_insights import judge_insights
from steps.embed.embed_titles import embed_titles
from steps.embed.prepare_encoder import prepare_encoder
from steps.evaluate.assemble_champion import assemble_champion
from steps.evaluate.browse_errors import browse_errors
from steps.evaluate.check_models import check_models
from steps.evaluate.compare_models import compare_models
from steps.evaluate.evaluate_models import evaluate_models
from steps.evaluate.measure_costs import measure_costs
from steps.evaluate.measure_fairness import measure_fairness
from steps.evaluate.probe_behaviour import probe_behaviour
from steps.evaluate.report_bias import report_bias
from steps.evaluate.score_models import score_models
from steps.features.build_features import build_features
from steps.features.join_features import join_features
from steps.features.materialize_features import materialize_features
from steps.features.register_features import register_features
from steps.ingest.load_companions import load_companions
from steps.release.build_release import build_release
from steps.track.track_run import track_run
from steps.train.train_genre_model import train_genre_model
from steps.tune.search_parameters import search_parameters
from steps.tune.tune_thresholds import tune_thresholds
from trending.evaluation.candidates import list_candidates
from trending.features.store.snapshot import is_materialized
from trending.models.base import PRETRAINED
from trending.sources.starter import STARTER_NOTE


def _run(step: Any, *, again: bool) -> Any:
    """Return a step that isn't taken from the cache if it is to be run again."""
    return step.with_options(enable_cache=False) if again else step


@dataclass(frozen=True)
class Learnt:
    """Artifacts of a release that isn't published yet.

    Attributes:
        bundle: The release bundle.
        champion: Its model.
        checks: Outcome of deepchecks' checks on it.
        tracked: What the tracking step takes besides the bundle.
        store: The feature store.
        filled: Whether that holds what the release was learnt from already.
    """

    bundle: Any
    champion: Any
    checks: Any
    tracked: dict[str, Any]
    store: str
    filled: bool

    def finish(self, release_version: Any, after: str) -> None:
        """Register the release's features, and track the run: the end of a run, once the release is published or isn't.

        Args:
            release_version: The artifact of its version; of an empty one if it was not published.
            after: The step that published it.
        """
        _run(register_features, again=not self.filled)(self.champion, release_version, store=self.store)
        attach(track_run)(self.bundle, **self.tracked, after=[after])


def load_beside(companions: dict[str, Any] | None, rights: list[str]) -> dict[str, Any]:
    """Return the artifacts of works, reviews and trends, if the source has them."""
    return dict(zip(("works", "reviews", "trends"), load_companions(rights=rights, **companions), strict=True)) if companions else {}


def learn_release(
    titles: Any,
    cleaning_report: Any,
    splits: Any,
    beside: dict[str, Any],
    *,
    source: dict[str, Any],
    data: dict[str, Any],
    rights: list[str],
    seed: int,
    models: list[str],
    model_params: dict[str, dict[str, Any]],
    search: dict[str, dict[str, Any]],
    features: dict[str, Any],
    encoder: str | None,
    writer: str | None,
    budget: dict[str, Any],
    checks: dict[str, Any],
    insight_checks: dict[str, Any],
) -> Learnt:
    """Learn from the titles' splits, judge, describe, and build what is best.

    Args:
        titles: The artifact of clean titles.
        cleaning_report: That of the account of their cleaning.
        splits: That of `title_id` and `split`.
        beside: Those of works, reviews and trends, if there are any.
        source: As the training pipeline's; so is what follows.
        data: Origin of the titles.
        rights: What may be learnt from.
        seed: Of models and bootstrap.
        models: Kinds to train.
        model_params: Their hyper-parameters.
        search: Which are searched for.
        features: Of the feature store.
        encoder: Of the encoder's weights.
        writer: Of insights.
        budget: Of the champion.
        checks: On it.
        insight_checks: On the writer.
    """
    meaning: dict[str, Any] = {}
    if encoder:
        meaning = {"encoder": prepare_encoder(fingerprint=encoder, after=["validate_titles"])}
    # Before hours are spent on training: a writer that may not write ends the run. It is asked once, and its judgement has a cache of its own.
    insight_quality, _ = _run(judge_insights, again=bool(writer))(writer=writer, checks=insight_checks, after=["validate_titles"], **meaning)
    # Of a store that was deleted, or filled with other data since, the cache knows nothing.
    filled = is_materialized(features)
    known = _run(materialize_features, again=not filled)(titles, rights=rights, **features, after=["validate_titles"], **beside, **meaning)
    joined = join_features(known, splits, as_of=features["as_of"])
    examples = build_features(titles, splits, joined)

    best, trials = dict(model_params), []
    for kind, spent in search.items():
        searching = search_parameters.with_options(substitutions={"model": kind})
        asked: dict[str, Any] = {"kind": kind, "params": model_params.get(kind, {}), "budget": spent, "weights": encoder if kind in PRETRAINED else None}
        best[kind], _, found = searching(examples, seed=seed, **asked, id=f"search_{kind}")
        trials.append(found)

    wanted = list_candidates(models)
    fitted, training_facts = [], []
    for name, (kind, text) in wanted.items():
        train = train_genre_model.with_options(substitutions={"model": name})
        weights = encoder if kind in PRETRAINED else None
        model, facts = train(examples, kind=kind, params=best.get(kind, {}), text=text, seed=seed, weights=weights, id=f"train_{name}")
        fitted.append(model)
        training_facts.append(facts)

    names, texts = list(wanted), [text for _, text in wanted.values()]
    notes = [STARTER_NOTE] if data["starter"] else []
    scores = score_models(fitted, names=names, texts=texts, examples=examples)
    decision_rules = tune_thresholds(scores, examples, seed=seed)
    judgements, test_predictions = evaluate_models(scores, decision_rules, examples, seed=seed)
    costs = measure_costs(fitted, names=names, training_facts=training_facts, decision_rules=decision_rules, examples=examples)
    verdict, frontier, _, _ = compare_models(judgements, decision_rules, test_predictions, costs, examples, budget=budget, seed=seed, notes=notes)
    champion = assemble_champion(fitted, names=names, decision_rules=decision_rules, verdict=verdict)
    chosen = {"decision_rules": decision_rules, "verdict": verdict, "examples": examples, "notes": notes}
    model_checks, _ = check_models(scores, test_predictions, checks=checks, **chosen)
    fairness, _ = measure_fairness(test_predictions, seed=seed, **chosen)
    behaviour, _ = probe_behaviour(champion, seed=seed, **chosen)
    browse_errors(champion, test_predictions, **chosen)

    if encoder:
        meaning["vectors"] = embed_titles(titles, meaning["encoder"], rights=rights, after=["compare_models"])
    # What a model didn't get done, within its budget, it is asked for again: the step isn't cached, its finished work is.
    describe = _run(describe_titles, again=bool(writer))
    probabilities, insights = describe(titles, splits, champion, decision_rules, verdict, insight_quality=insight_quality, rights=rights, **beside)

    bias, _ = report_bias(
        titles, insights, fairness, rights=rights, seed=seed, notes=notes, **{name: beside[name] for name in ("works", "trends") if name in beside}
    )

    release_bundle, _, _ = build_release(
        titles,
        splits,
        cleaning_report,
        champion,
        decision_rules,
        judgements,
        verdict,
        probabilities,
        insights,
        frontier,
        names=names,
        training_facts=training_facts,
        fairness=fairness,
        bias=bias,
        behaviour=behaviour,
        model_checks=model_checks,
        insight_quality=insight_quality,
        data=data,
        seed=seed,
        **beside,
        **meaning,
    )
    tracked = {
        "parameters": {
            "source": source,
            "rights": rights,
            "seed": seed,
            "models": models,
            "model_params": model_params,
            "search": search,
            "budget": budget,
            "writer": writer,
        },
        "judgements": judgements,
        "verdict": verdict,
        "frontier": frontier,
        "decision_rules": decision_rules,
        "test_predictions": test_predictions,
        "examples": examples,
        "names": names,
        "training_facts": training_facts,
        "search_trials": trials,
    }
    return Learnt(release_bundle, champion, model_checks, tracked, features["store"], filled)
