"""A promoter that kills itself: started as a script, it moves `CURRENT` and dies before or after one of the writes that takes.

`python killing.py URL CACHE FOLLOWED ACTION MOMENT [VERSION|BUNDLE]`; says `done` if it lived to the end.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trending.files import StoreFiles
from trending.releases import ReleaseStore
from trending.releases.manifest import Manifest
from trending.releases.promotion import promote, roll_back

# Of a publication: that followers are to be told, the intent, the bundle's appearing, CURRENT, the entry, the intent's removal, the follower, that it was told.
WRITES = 8


class FileFollower:
    """Follows by writing the version into a file."""

    name = "file"

    def __init__(self, path: Path) -> None:
        """Take the file."""
        self.path = path

    def follow(self, manifest: Manifest) -> str:
        """Write it."""
        self.path.write_text(manifest.version)
        return "written"


def _count(act: Callable[..., Any], moment: int, counted: list[int]) -> Callable[..., Any]:
    """Let the process die right before the write with number `moment`: after all that came before it, whatever that was."""

    def acting(*arguments: Any, **options: Any) -> Any:
        counted.append(1)
        if len(counted) == moment:
            os.kill(os.getpid(), signal.SIGKILL)
        return act(*arguments, **options)

    return acting


def main() -> None:
    """Do it."""
    url, cache, followed, action, moment, what = sys.argv[1:]
    store, follower, counted = ReleaseStore(url, Path(cache)), FileFollower(Path(followed)), list[int]()
    for name in ("create", "write", "remove"):
        setattr(StoreFiles, name, _count(getattr(StoreFiles, name), int(moment), counted))
    FileFollower.follow = _count(FileFollower.follow, int(moment), counted)  # type: ignore[method-assign]
    if action == "publish":
        staged = ReleaseStore._staged

        def staging(self: ReleaseStore, *arguments: Any) -> Any:
            return _Counted(staged(self, *arguments), int(moment), counted)

        ReleaseStore._staged = staging  # type: ignore[method-assign, assignment]
        store.publish(Path(what), followers=[follower])
    elif action == "promote":
        promote(store, what, followers=[follower])
    else:
        roll_back(store, followers=[follower])
    print("done")


class _Counted:
    """What stages a bundle, with its appearing counted as a write."""

    def __init__(self, staged: Any, moment: int, counted: list[int]) -> None:
        self._staged, self._moment, self._counted = staged, moment, counted

    def __enter__(self) -> Callable[[], None]:
        return _count(self._staged.__enter__(), self._moment, self._counted)

    def __exit__(self, *error: object) -> None:
        self._staged.__exit__(*error)


if __name__ == "__main__":
    main()
