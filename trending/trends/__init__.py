"""Popularity signals of titles, and the trending score made of them."""

from trending.trends.score import Part, TrendScore, score_titles
from trending.trends.signals import Signal, frame_signals

__all__ = ["Part", "Signal", "TrendScore", "frame_signals", "score_titles"]
