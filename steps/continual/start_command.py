"""Run the project's own command, as a schedule does."""

import subprocess
import sys
from typing import Annotated

from zenml import log_metadata, step

from steps.caching import SOURCE_ROOT
from trending.errors import QualityError


@step(enable_cache=False)
def start_command(arguments: list[str]) -> Annotated[str, "said"]:
    """Return what `run.py` printed.

    Args:
        arguments: Its command line.
    """
    outcome = subprocess.run([sys.executable, str(SOURCE_ROOT / "run.py"), *arguments], capture_output=True, text=True, cwd=SOURCE_ROOT, check=False)
    if outcome.returncode:
        raise QualityError(f"run.py {' '.join(arguments)} ended with {outcome.returncode}: {outcome.stderr.strip()[-500:]}", where="schedule")
    log_metadata({"arguments": arguments, "said": outcome.stdout[-2_000:]})
    return outcome.stdout
