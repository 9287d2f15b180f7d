"""Gradient-boosted trees on what linear probes of words and meaning say of a plot, and on the facts known of its title."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from trending.features.labels import FloatMatrix, IntMatrix
from trending.genres import GENRES
from trending.models.base import GenreModel, Labelled, WeightedTerms
from trending.models.logits import sigmoid, to_logits
from trending.models.probes import Floats, PlotReader

if TYPE_CHECKING:
    from xgboost import Booster

_TREES, _INTERCEPTS = "xgboost.ubj", "intercepts"
_PATIENCE = 20  # rounds without a gain on validation titles before it stops
_TREE_PARAMS = ("max_depth", "learning_rate", "subsample", "colsample_bynode", "min_child_weight", "reg_lambda", "max_bin")
Watch = Callable[[int, float], None]


class XGBoostModel(GenreModel):
    """XGBoost's own multi-label mode with one tree per output.

    Every genre's trees see every genre's log odds. Trees on the words themselves, 5,000 of them, reached a macro F1 of 0.455 on the same titles.
    """

    kind = "xgboost"
    reads = "described"
    embeds_plots = True
    limits: ClassVar[dict[str, float]] = {
        "n_estimators": 10_000,
        "max_depth": 20,
        "learning_rate": 1,
        "subsample": 1,
        "colsample_bynode": 1,
        "max_bin": 512,
        "workers": 1_000,
        "ngrams": 5,
        "facts_dropped": 1,
    }

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """`max_features` to `C` are the word probes', and those from `n_estimators` to `max_bin` XGBoost's.

        `facts_dropped`: share of the titles that are learnt from as if nothing but the plot were known. `workers`: processes that grow the trees, a share of
        the titles each; with one there is neither Dask nor another process.
        """
        return {
            "max_features": 120_000,
            "ngrams": 2,
            "min_df": 2,
            "C": 4.0,
            "facts_dropped": 0.4,
            "n_estimators": 400,
            "max_depth": 5,
            "learning_rate": 0.05,
            "subsample": 0.8,
            "colsample_bynode": 0.5,
            "min_child_weight": 5.0,
            "reg_lambda": 1.0,
            "max_bin": 64,
            "workers": 1,
        }

    def fit(self, texts: Sequence[str], labels: IntMatrix, seed: int, validation: Labelled | None = None) -> None:
        """Learn the probes, then the trees, until validation titles gain nothing more."""
        self.grow(*self.read_parts(texts, labels, seed, validation), seed)

    def read_parts(
        self, texts: Sequence[str], labels: IntMatrix, seed: int, validation: Labelled | None
    ) -> tuple[tuple[Floats, IntMatrix], tuple[Floats, IntMatrix] | None]:
        """Learn the probes, and return the features and labels of the titles to learn from, and of those that say when to stop, if there are any."""
        from trending.models.fit_probes import fit_reader

        self.reader, matrix = fit_reader(texts, labels, self.params, seed)
        if not validation or not len(validation[0]):
            return (matrix, labels), None
        return (matrix, labels), (self.reader.read_all(validation[0], self.reader.embed(validation[0])), validation[1])

    def grow(self, learnt: tuple[Floats, IntMatrix], held: tuple[Floats, IntMatrix] | None, seed: int, watch: Watch | None = None) -> None:
        """Grow the trees.

        Args:
            learnt: Features, shape (n, features), and labels, shape (n, 20), to learn from.
            held: The same of titles that say when to stop; without them all rounds are grown.
            seed: Of the samples of rows and features.
            watch: Told each round's number and mean average precision on validation titles; what it raises ends the growing.
        """
        # Every genre begins at its own share of the titles.
        labels = learnt[1]
        self.intercepts = np.asarray(to_logits((labels.sum(axis=0) + 1.0) / (len(labels) + 2.0)), dtype=np.float32)
        params = {
            **{name: self.params[name] for name in _TREE_PARAMS},
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "multi_strategy": "one_output_per_tree",
            "base_score": 0.5,
            "seed": seed,
        }
        self.history: list[dict[str, float]]
        if self.params["workers"] > 1 and watch is None:  # whoever watches must be able to end it, round by round
            from trending.models.xgb_dask import grow_apart

            asked = (params, self.params["n_estimators"], _PATIENCE, learnt, held, self.intercepts, self.params["workers"])
            self.booster, self.history = grow_apart(*asked)
        else:
            self.booster, self.history = self._grow_here(params, learnt, held, watch)
        self.booster.set_attr(**{_INTERCEPTS: json.dumps(self.intercepts.tolist())})

    def _grow_here(
        self, params: dict[str, Any], learnt: tuple[Floats, IntMatrix], held: tuple[Floats, IntMatrix] | None, watch: Watch | None
    ) -> tuple[Booster, list[dict[str, float]]]:
        import xgboost

        from trending.models.rounds import RoundLog, measure_precision

        def prepare(rows: Floats, targets: IntMatrix, like: Any = None) -> Any:
            start = np.tile(self.intercepts, (len(rows), 1))
            return xgboost.QuantileDMatrix(rows, targets, base_margin=start, max_bin=self.params["max_bin"], ref=like)

        train = prepare(*learnt)
        log = RoundLog(watch)
        callbacks: list[Any] = [log]
        if held:
            callbacks.append(xgboost.callback.EarlyStopping(rounds=_PATIENCE, metric_name="logloss", data_name="validation", save_best=True))
        booster = xgboost.train(
            params,
            train,
            self.params["n_estimators"],
            evals=[(prepare(*held, train), "validation")] if held else [],
            custom_metric=measure_precision,
            callbacks=callbacks,
            verbose_eval=False,
        )
        return booster, log.rows

    def describe_fit(self) -> dict[str, Any]:
        """Return the rounds grown, the encoder that read the plots, and loss and mean average precision on validation titles, round by round."""
        encoder = self.reader.encoder
        return {"rounds": self.booster.num_boosted_rounds(), "encoder": encoder.name if encoder else None, "history": self.history}

    def predict_proba(self, texts: Sequence[str]) -> FloatMatrix:
        """Return the trees' scores, shape (n, 20); a text's are the same whatever it is asked with."""
        if not texts:
            return np.zeros((0, len(GENRES)))
        margins = self.booster.inplace_predict(self.reader.read_all(texts), predict_type="margin").reshape(len(texts), len(GENRES))
        return sigmoid((margins + self.intercepts).astype(np.float64))

    def explain(self, texts: Sequence[str], genres: Sequence[Sequence[int]], top: int) -> list[list[WeightedTerms]]:
        """Return the words behind the largest SHAP values (Lundberg et al., "Consistent individualized feature attribution", 2018).

        What the word probes' log odds add is shared out among the words they are sums over; what meaning and facts add belongs to no word and is left out.
        """
        import xgboost

        if not texts:
            return []
        contributions = self.booster.predict(xgboost.DMatrix(self.reader.read_all(texts), nthread=1), pred_contribs=True)
        found = []
        for text, shap, asked in zip(texts, contributions, genres, strict=True):
            reading = self.reader.read(text)
            words = [self.reader.share_out(reading, shap[genre, : len(GENRES)]) for genre in asked]
            found.append([self.reader.terms.explain(reading.row[0], shares, top) for shares in words])
        return found

    def _save_state(self, directory: Path) -> None:
        self.reader.save(directory)
        self.booster.save_model(directory / _TREES)

    def _load_state(self, directory: Path) -> None:
        import xgboost

        self.reader = PlotReader.load(directory, self.params["ngrams"])
        self.booster = xgboost.Booster({"nthread": 1}, model_file=directory / _TREES)  # waking others takes longer than a text's trees do
        self.intercepts = np.asarray(json.loads(self.booster.attr(_INTERCEPTS) or ""), dtype=np.float32)
        self.history = []
