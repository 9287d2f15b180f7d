"""Schedules: a command that the stack's orchestrator runs again and again."""

from __future__ import annotations

from typing import Any

from pipelines.remote import find_remote_options
from pipelines.runner import connect_zenml, name_stores, quieten_zenml
from pipelines.stacks import read_stack, use_stack
from trending.errors import UsageError

_WHERE = {"airflow": "delete its zip from the folder of DAGs", "sagemaker": "delete its rule in EventBridge"}


def schedule_learning(cron: str, arguments: list[str], stack: str | None) -> dict[str, Any]:
    """Have the stack's orchestrator run continual learning.

    Args:
        cron: When, as five fields; of the orchestrator's own time zone, mostly UTC.
        arguments: Of `run.py`, without the schedule.
        stack: Name of a stack in `stacks/`; by default the user's active one.

    Raises:
        UsageError: If its orchestrator has no schedules, or refuses this one.
    """
    if stack is not None:
        read_stack(stack)
    quieten_zenml()
    connect_zenml()

    from zenml.client import Client
    from zenml.config.schedule import Schedule
    from zenml.utils import source_utils

    from pipelines.scheduled_learning import scheduled_learning
    from steps.caching import SOURCE_ROOT

    source_utils.set_custom_source_root(str(SOURCE_ROOT))
    if stack is not None:
        use_stack(stack)
    active = Client().active_stack
    if not active.orchestrator.config.is_schedulable:
        mend = f"let cron run it: {cron} python run.py {' '.join(arguments)}; or .github/workflows/continual-learning.yml"
        raise UsageError(f"its orchestrator ({active.orchestrator.flavor}) has no schedules", where=f"stack {active.name}", mend=mend)
    name = f"{name_stores()}-continual-learning"  # another environment's in the same ZenML is another
    options = find_remote_options("scheduled_learning")
    before = Client().list_schedules(name=name).items
    if before and not active.orchestrator.supports_schedule_deletion:  # ZenML would forget it, and the orchestrator go on with it
        mend = f"remove it there ({_WHERE.get(active.orchestrator.flavor, 'see its own console')}), then: zenml pipeline schedule delete {before[0].id}"
        raise UsageError(
            f"there is a schedule {name} already ({before[0].cron_expression}), and its orchestrator can't take one back",
            where=f"stack {active.name}",
            mend=mend,
        )
    try:
        for old in before:
            Client().delete_schedule(old.id)
        scheduled_learning.with_options(schedule=Schedule(name=name, cron_expression=cron), **options)(arguments=arguments)
    except Exception as error:  # of whatever the orchestrator speaks through
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        lost = f"; the one before ({before[0].cron_expression}) is removed" if before else ""
        raise UsageError(f"its orchestrator refuses the schedule ({reason}){lost}", where=f"stack {active.name}", mend="see its log") from error
    return {"schedule": name, "cron": cron, "stack": active.name, "command": ["run.py", *arguments]}
