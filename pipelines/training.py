"""The training pipeline: from titles to a published release, each stage one step."""

from typing import Any

from zenml import pipeline

from pipelines.trackers import attach
from steps.clean.clean_titles import clean_titles
from steps.describe.describe_titles import describe_titles
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
from steps.evaluate.score_models import score_models
from steps.features.build_features import build_features
from steps.features.join_features import join_features
from steps.features.materialize_features import materialize_features
from steps.features.register_features import register_features
from steps.ingest.load_companions import load_companions
from steps.ingest.load_titles import load_titles
from steps.release.build_release import build_release
from steps.release.publish_release import publish_release
from steps.split.split_titles import split_titles
from steps.track.track_run import track_run
from steps.train.train_genre_model import train_genre_model
from steps.tune.search_parameters import search_parameters
from steps.tune.tune_thresholds import tune_thresholds
from steps.validate.validate_titles import validate_titles
from trending.evaluation.candidates import list_candidates
from trending.features.store.snapshot import is_materialized
from trending.models.base import PRETRAINED
from trending.sources.starter import STARTER_NOTE

MODEL_NAME = "trending-now-genres"


@pipeline(name="training")
def training(
    source: dict[str, Any],
    data: dict[str, Any],
    rights: list[str],
    seed: int,
    models: list[str],
    model_params: dict[str, dict[str, Any]],
    search: dict[str, dict[str, Any]],
    companions: dict[str, Any] | None,
    features: dict[str, Any],
    encoder: str | None,
    writer: str | None,
    budget: dict[str, Any],
    checks: dict[str, Any],
) -> None:
    """Load, clean, validate, split, learn, judge, describe, and publish what is best.

    Args:
        source: Where titles come from (`SourceConfig`).
        data: How the release will name that origin (`DataOrigin`, without the number of rows).
        rights: Patterns of the rights classes that may be learnt from.
        seed: Of the split, the models and the bootstrap.
        models: Kinds to train.
        model_params: Hyper-parameters per kind that differ from its defaults.
        search: Per kind whose hyper-parameters are searched for, what that may spend (`SearchBudget`).
        companions: `version`, `fingerprint` and `market` of the data version whose works, reviews and trends go with the titles; None if the source has none.
        features: `as_of`: ISO date, features are what was known by then; `store`: where the feature store lies, by default under the home folder; `key`:
            hash of all that its content depends on.
        encoder: SHA-256 of the sentence encoder's weights, configuration and tokenizer; None without one.
        writer: The model that writes insights; None if rules do.
        budget: What the champion may cost (`Budget`).
        checks: Conditions of the checks on it (`ModelCheckSettings`).
    """
    raw_titles = load_titles(source=source, fingerprint=data["fingerprint"])
    titles, _, cleaning_report, _ = clean_titles(raw_titles)
    validate_titles(titles)
    splits = split_titles(titles, rights=rights, seed=seed, after=["validate_titles"])

    beside: dict[str, Any] = {}
    if companions:
        beside = dict(zip(("works", "reviews", "trends"), load_companions(rights=rights, **companions), strict=True))
    meaning: dict[str, Any] = {}
    if encoder:
        meaning = {"encoder": prepare_encoder(fingerprint=encoder, after=["validate_titles"])}
    # Of a store that was deleted, or filled with other data since, the cache knows nothing.
    filled = is_materialized(features)
    materialize = materialize_features if filled else materialize_features.with_options(enable_cache=False)
    known = materialize(titles, rights=rights, **features, after=["validate_titles"], **beside, **meaning)
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
    describe = describe_titles.with_options(enable_cache=False) if writer else describe_titles
    probabilities, insights = describe(titles, splits, champion, decision_rules, verdict, rights=rights, writer=writer, **beside)

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
        behaviour=behaviour,
        model_checks=model_checks,
        data=data,
        seed=seed,
        **beside,
        **meaning,
    )
    release_version = publish_release(release_bundle)
    register = register_features if filled else register_features.with_options(enable_cache=False)
    register(champion, release_version, store=features["store"])
    attach(track_run)(
        release_bundle,
        parameters={
            "source": source,
            "rights": rights,
            "seed": seed,
            "models": models,
            "model_params": model_params,
            "search": search,
            "budget": budget,
            "writer": writer,
        },
        judgements=judgements,
        verdict=verdict,
        frontier=frontier,
        decision_rules=decision_rules,
        test_predictions=test_predictions,
        examples=examples,
        names=names,
        training_facts=training_facts,
        search_trials=trials,
        after=["publish_release"],
    )
