"""The schema gate: nothing after it sees a table that breaks the contract."""

from typing import Annotated

import pandas as pd
from zenml import log_metadata, step

from steps.caching import depend_on
from trending.validation.schema import validate_titles as validate


@step(cache_policy=depend_on("validation/schema.py", "cleaning/rights.py", "trends/signals.py"))
def validate_titles(titles: pd.DataFrame) -> Annotated[int, "schema_checks_passed"]:
    """Check every column of clean titles; a failure ends the run."""
    checks = validate(titles)
    log_metadata({"schema_checks_passed": checks})
    return checks
