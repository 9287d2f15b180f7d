"""Feast as this project loads and runs it: without torch, and with nothing on stdout."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from trending.errors import NotFoundError

_LOG = logging.getLogger(__name__)
_NAMED_BY_FEAST = ("PROMETHEUS_MULTIPROCESS_DIR", "PROMETHEUS_MULTIPROC_DIR")


def import_feast() -> ModuleType:
    """Return Feast, imported without torch, without rewriting itself, and with the environment as it was.

    Feast tries to import torch for a conversion to tensors that nobody here asks for, and does without where there is none. Once torch is loaded, its
    threads and those of xgboost, which is trained in the same process, wait for each other. As it is imported, Feast also has typeguard rewrite each of its
    classes to check every argument, three of its four seconds; mypy has checked ours. And it names a folder in the environment by which Prometheus's client,
    here and in whatever process is started later, would take itself for one of several of a server.
    """
    if "feast" in sys.modules:
        return sys.modules["feast"]
    import prometheus_client  # noqa: F401 - which looks at the environment as it is imported
    import typeguard

    unnamed = [name for name in _NAMED_BY_FEAST if name not in os.environ]
    hidden = "torch" not in sys.modules
    if hidden:
        sys.modules["torch"] = None  # type: ignore[assignment]  # what makes an import fail
    rewrite = typeguard.typechecked
    typeguard.typechecked = _leave_alone
    try:
        import feast
    finally:
        typeguard.typechecked = rewrite
        for name in unnamed:
            os.environ.pop(name, None)
        if hidden:
            del sys.modules["torch"]
    return feast


def _leave_alone(target: Any = None, **_options: Any) -> Any:
    return _leave_alone if target is None else target


@contextlib.contextmanager
def asking(url: str) -> Iterator[None]:
    """Keep what Feast and its libraries print from stdout and stderr (it goes to the debug log), and say in one line what the store doesn't have.

    Raises:
        NotFoundError: If Feast knows no such view, feature or service.
    """
    import_feast()
    from feast.errors import FeastObjectNotFoundException

    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except FeastObjectNotFoundException as error:
        raise NotFoundError(f"the store doesn't have that ({error})", where=url, mend="run: python run.py --pipeline training") from error
    finally:
        if said.getvalue().strip():
            _LOG.debug("%s", said.getvalue().strip())
