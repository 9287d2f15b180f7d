"""How tests run pipelines on stacks: with the variables a stack asks for, and what became of the artifacts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.pipelines.running import QUICK, Runner

BUCKET = "trending-tests"
_ARTIFACTS = """
import json
from zenml.client import Client
run = Client().list_pipeline_runs(sort_by="desc:created", size=1)[0]
found = {}
for name, step in run.steps.items():
    for output, versions in step.outputs.items():
        for version in versions:
            found[f"{name}/{output}"] = [version.uri, version.content_hash]
print(json.dumps({"stack": run.stack.name, "status": run.status, "active": Client().active_stack_model.name, "artifacts": found}))
"""


@dataclass(frozen=True)
class StackRunner(Runner):
    """A runner with the variables its stack asks for."""

    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the runs."""
        return {**super().environment, **self.variables}


def train(runner: StackRunner, stack: str) -> dict[str, Any]:
    """Train anew on a stack; return the release's manifest, and what ZenML says of the artifacts."""
    result = runner.train("--stack", stack, "--no-cache", *QUICK)
    manifest = json.loads((runner.home / "releases" / result["release"] / "release.json").read_text(encoding="utf-8"))
    return {"manifest": manifest, **runner.python(_ARTIFACTS)}
