"""Whoever wants to know is told: by the stack's alerter, and where there is none, or it fails, in the log."""

from __future__ import annotations

from tests.pipelines.running import Runner

TOLD = """
import json, logging
from types import SimpleNamespace
from zenml.client import Client
from zenml.stack import Stack
from stacks.alerts import tell, tell_failure
logged, sent = [], []
handler = logging.Handler()
handler.emit = lambda record: logged.append([record.levelname, record.getMessage()])
logging.getLogger("trending").addHandler(handler)
logging.getLogger("trending").setLevel(logging.INFO)

class Alerter:
    def __init__(self, works):
        self.works = works
    def post(self, message):
        sent.append(message)
        if self.works == "raises":
            raise ConnectionError("nobody there")
        return self.works == "works"

tell("without an alerter")
for works in ("works", "refuses", "raises"):
    Stack.alerter = property(lambda self, works=works: Alerter(works))
    tell(f"it {works}", alarming=True)
tell_failure(ValueError("half a file"))
print(json.dumps([logged, sent]))
"""


def test_a_message_is_sent_or_logged_and_never_ends_a_run(runner: Runner) -> None:
    logged, sent = runner.python(TOLD)
    failed = "Continual learning failed: ValueError: half a file"
    assert sent == ["it works", "it refuses", "it raises", failed]
    assert logged[0] == ["INFO", "without an alerter"]
    assert "it works" not in [message for _, message in logged]
    assert ["WARNING", "it refuses"] in logged
    assert ["WARNING", "it raises"] in logged
    assert ["WARNING", "the stack's alerter didn't send this (ConnectionError: nobody there):"] in logged
    assert logged[-1] == ["WARNING", failed]
