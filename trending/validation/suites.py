"""Three reports by deepchecks: titles as a table, training beside test titles, and texts. They report; only `checks.blocking` stops a run.

Gates that always stop one are in `trending.validation.gates` and `trending.validation.tables`.
"""

from trending.validation.integrity import check_integrity
from trending.validation.settings import CheckSettings
from trending.validation.split_checks import check_split
from trending.validation.suite_report import SuiteReport
from trending.validation.text_checks import check_texts

__all__ = ["CheckSettings", "SuiteReport", "check_integrity", "check_split", "check_texts"]
