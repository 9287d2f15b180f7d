"""Genre models behind one contract, and what turns their scores into decisions: calibration, thresholds, evidence."""

from trending.models.base import GenreModel, build_model, load_model
from trending.models.predictor import Predictor

__all__ = ["GenreModel", "Predictor", "build_model", "load_model"]
