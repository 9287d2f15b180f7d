"""Names of model versions: the same parameters, data and code give the same name, so a repeated run adds no empty version."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from steps.caching import SOURCE_ROOT, list_files

_CODE = ("trending", "steps", "pipelines")


def model_version_name(parameters: dict[str, Any]) -> str:
    """Return a name made from the parameters (the data's fingerprint among them) and the code."""
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True, default=str).encode())
    for folder in _CODE:
        for path in list_files(SOURCE_ROOT / folder):
            digest.update(path.relative_to(SOURCE_ROOT).as_posix().encode() + path.read_bytes())
    return f"r{digest.hexdigest()[:12]}"
