"""What several kinds of tests share: clean surroundings, the starter catalogue, a small release, and the shared data where it is."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import hypothesis
import pandas as pd
import pytest
from filelock import FileLock

from tests.apps.companions import make_reviews, make_trends
from tests.judging import decide, tune
from trending.cleaning.clean import CleaningResult, clean_titles
from trending.embeddings.encoder import Vectors
from trending.embeddings.export import prepare_encoder
from trending.embeddings.titles import embed_titles
from trending.embeddings.weights import find_weights
from trending.evaluation.baselines import COMMONEST
from trending.evaluation.candidates import judge_candidate, judge_commonest
from trending.evaluation.champion import choose_champion
from trending.features.examples import build_examples
from trending.insights.maker import InsightMaker
from trending.models.base import MODEL_KINDS, GenreModel
from trending.models.fitting import fit_model
from trending.models.split import select_trainable, split_titles
from trending.provenance import RunOrigin
from trending.releases import ReleaseStore
from trending.releases.build import Ingredients, build_bundle
from trending.releases.describe import compose_content, predict_titles, write_insights
from trending.releases.manifest import DataOrigin
from trending.settings import load_settings
from trending.sources import SourceConfig, open_source

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("trending", deadline=None)
hypothesis.settings.load_profile("trending")

ROOT = Path(__file__).resolve().parents[1]
logging.getLogger("werkzeug").setLevel(logging.ERROR)  # moto's server says a line a request, into whichever test's capture was first
SEED = 17
# What can be fitted here: a BERT begins with weights that are an extra.
FITTED_KINDS = tuple(kind for kind in MODEL_KINDS if kind != "bert" or find_weights("auto"))


@pytest.fixture(autouse=True)
def _clean_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no test see the developer's own settings or write into the checkout, nor start a process that records what a service is asked."""
    for name in [name for name in os.environ if name.startswith("TRENDING_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRENDING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TRENDING_MONITORING", "off")
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; tests that need it are skipped where it is missing."""
    folder = ROOT.parent / "shared" / "data"
    if not (folder / "titles.parquet").exists():
        pytest.skip("the shared data folder is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def starter() -> CleaningResult:
    """The starter catalogue, cleaned."""
    return clean_titles(open_source(SourceConfig()).records())


@pytest.fixture(scope="session")
def starter_records() -> list[Mapping[str, Any]]:
    """The starter catalogue as its source gives it."""
    return list(open_source(SourceConfig()).records())


@pytest.fixture(scope="session")
def examples(starter: CleaningResult) -> pd.DataFrame:
    """Examples of the starter catalogue: title_id, split, group_id, type, year, source, plot, genres, text (masked)."""
    chosen, _ = select_trainable(starter.titles, ["open_*"])
    titles = starter.titles[chosen]
    splits = pd.DataFrame({"title_id": titles["title_id"], "split": split_titles(titles, SEED)}).reset_index(drop=True)
    return build_examples(starter.titles, splits)


class FittedModels(Mapping[str, GenreModel]):
    """One fitted model of each kind, fitted when it is first asked for: few trees, and few titles for the BERT, which is there if its weights are."""

    _PARAMS: ClassVar[dict[str, dict[str, Any]]] = {"xgboost": {"n_estimators": 20, "max_features": 1_500}, "bert": {"max_titles": 80, "epochs": 1}}

    def __init__(self, examples: pd.DataFrame, home: Path) -> None:
        self._examples, self._home, self._fitted = examples, home, dict[str, GenreModel]()

    def __getitem__(self, kind: str) -> GenreModel:
        if kind not in FITTED_KINDS:
            raise KeyError(kind)
        if kind not in self._fitted:
            # What a fine-tuning ends with is kept in the home's cache: a second process that waited for the first finds it there.
            with pytest.MonkeyPatch.context() as patch, FileLock(self._home / f"{kind}.lock"):
                patch.setenv("TRENDING_HOME", str(self._home))
                load_settings.cache_clear()
                self._fitted[kind], _ = fit_model(kind, self._PARAMS.get(kind, {}), self._examples, SEED)
            load_settings.cache_clear()
        return self._fitted[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(FITTED_KINDS)

    def __len__(self) -> int:
        return len(FITTED_KINDS)


@pytest.fixture(scope="session")
def fitted_models(examples: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Mapping[str, GenreModel]:
    """One fitted model of each kind, in a home that all workers of a session share."""
    own = tmp_path_factory.getbasetemp()
    home = (own if worker_id == "master" else own.parent) / "fitting"
    home.mkdir(exist_ok=True)
    return FittedModels(examples, home)


@pytest.fixture(scope="session")
def encoder(pytestconfig: pytest.Config) -> Path | None:
    """The folder of the sentence encoder, made once and kept in pytest's cache; None where its weights aren't installed."""
    weights = find_weights("auto")
    return prepare_encoder(weights, pytestconfig.cache.mkdir("encoders")) if weights and pytestconfig.cache else None


@pytest.fixture(scope="session")
def starter_vectors(pytestconfig: pytest.Config, starter: CleaningResult, encoder: Path | None) -> Vectors | None:
    """A vector per title of the starter catalogue; None without an encoder."""
    return embed_titles(starter.titles, encoder, pytestconfig.cache.mkdir("vectors")).vectors if encoder and pytestconfig.cache else None


@pytest.fixture(scope="session")
def encoder_cache(encoder: Path | None, starter_vectors: Vectors | None, pytestconfig: pytest.Config) -> list[Path]:
    """Folders of pytest's cache that hold the encoder and the starter catalogue's vectors, laid out as under the project's cache folder."""
    return [pytestconfig.cache.mkdir(name) for name in ("encoders", "vectors")] if encoder and pytestconfig.cache else []


@pytest.fixture(scope="session")
def bundle(
    tmp_path_factory: pytest.TempPathFactory,
    starter: CleaningResult,
    examples: pd.DataFrame,
    fitted_models: Mapping[str, GenreModel],
    encoder: Path | None,
    starter_vectors: Vectors | None,
) -> Path:
    """A release bundle built without ZenML from the starter catalogue, with reviews and trends made for tests; never change it, copy it."""
    models = {kind: fitted_models[kind] for kind in ("majority", "tfidf_logreg")}
    rules = tune(models, examples)
    judged = decide(models, rules, examples)
    judgements = {kind: judge_candidate(kind, one, examples, SEED) for kind, one in judged.items()} | {COMMONEST: judge_commonest(examples, SEED)}
    verdict = choose_champion(rules, judged, judgements, examples, SEED)
    model, rule, titles = models[verdict.champion], rules[verdict.champion], starter.titles
    content = compose_content(
        titles,
        examples[["title_id", "split"]],
        predict_titles(model, rule, titles),
        rule.thresholds,
        reviews=make_reviews(titles),
        trends=make_trends(titles),
    )
    directory = tmp_path_factory.mktemp("bundle")
    build_bundle(
        directory,
        Ingredients(
            titles=titles,
            cleaning=starter.report,
            model=model,
            rule=rule,
            verdict=verdict,
            judgements=judgements,
            data=DataOrigin(source="starter", fingerprint="0" * 64, rows=len(titles), starter=True, rights=["open_*"]),
            run=RunOrigin(),
            content=replace(content, insights=write_insights(content, InsightMaker.from_settings())),
            encoder=encoder,
            vectors=starter_vectors,
        ),
    )
    return directory


@pytest.fixture
def store(tmp_path: Path, bundle: Path) -> ReleaseStore:
    """A local store with one published release, where the settings point."""
    found = ReleaseStore.from_settings()
    found.publish(bundle)
    return found
