"""Where a result comes from: the run a step is part of."""

from __future__ import annotations

from zenml import get_step_context

from trending.provenance import RunOrigin


def describe_run() -> RunOrigin:
    """Return the run this step is part of, so that what it builds leads back to its run, data and model version."""
    context = get_step_context()
    run = context.pipeline_run
    return RunOrigin(
        pipeline=context.pipeline.name,
        run_id=str(run.id),
        run_name=run.name,
        stack=run.stack.name if run.stack else "",
        model_name=context.model.name if context.model_version else "",
        model_version=str(context.model.version) if context.model_version else "",
    )
