"""The project's exceptions: each says what happened, where, and how to mend it.

Only the edges (CLI, HTTP, pipeline runner) turn them into exit codes and problem details.
"""

from __future__ import annotations


class TrendingError(Exception):
    """Base of every expected failure; `str()` of it is one line a person can act on.

    Attributes:
        exit_code: The process exit code the CLI ends with.
        status: The HTTP status the API answers with.
    """

    exit_code = 1
    status = 500

    def __init__(self, what: str, *, where: str | None = None, mend: str | None = None) -> None:
        """Compose the line.

        Args:
            what: What went wrong, in a few words.
            where: The file, column, setting or address it went wrong at.
            mend: What the reader can do about it.
        """
        self.what, self.where, self.mend = what, where, mend
        line = what if where is None else f"{where}: {what}"
        super().__init__(" ".join((line if mend is None else f"{line}; {mend}").split()))


class InputError(TrendingError):
    """The data handed in can't be used: missing, empty, corrupt, or of the wrong shape."""

    exit_code = 2
    status = 422


class UsageError(TrendingError):
    """The command, configuration or setting is wrong."""

    exit_code = 2
    status = 400


class NotFoundError(TrendingError):
    """What was asked for by name isn't there."""

    exit_code = 2
    status = 404


class SourceUnreachable(TrendingError):  # noqa: N818
    """A live source's host can't be reached; nothing was crawled."""


class ReleaseError(TrendingError):
    """No release can be served: none was published, or the bundle is damaged."""

    status = 503


class MovedError(ReleaseError):
    """Another model is served by now than the one that was to be replaced."""


class OverloadedError(TrendingError):
    """More is asked of the service than it can take now; whoever asks has done nothing wrong."""

    status = 503


class QualityError(TrendingError):
    """A gate refused to let data or a model through."""


def find_trending_error(error: BaseException) -> TrendingError | None:
    """Return the project's own error behind `error`, following causes and contexts, if there is one."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        if isinstance(current, TrendingError):
            return current
        seen.add(id(current))
        current = current.__cause__ or current.__context__
    return None
