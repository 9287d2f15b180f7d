"""Continual learning on a schedule of the orchestrator's own: at each turn the command itself is run, which looks at the data as they are by then."""

from zenml import pipeline

from stacks.alerts import tell_failure
from steps.continual.start_command import start_command


@pipeline(name="scheduled_learning", on_failure=tell_failure)
def scheduled_learning(arguments: list[str]) -> None:
    """Run the command.

    Args:
        arguments: Its command line, without `schedule`.
    """
    start_command(arguments=arguments)
