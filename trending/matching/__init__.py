"""Which rows of different sources are the same film or show (works), and which must never be split (groups)."""

from trending.matching.groups import assign_groups
from trending.matching.match import MatchReport, match_titles
from trending.matching.scorecard import MatchSettings

__all__ = ["MatchReport", "MatchSettings", "assign_groups", "match_titles"]
