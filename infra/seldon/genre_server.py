"""A release's genre model behind a model server: what Seldon Core 1's wrapper and MLServer's runtime share.

It opens a verified release with the project's own code and answers as `POST /v1/predict` does. It knows neither protocol, and imports
only what scoring needs, so that it runs beside libraries that the rest of the project can't live with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from trending.answers import PredictAnswer
from trending.errors import InputError
from trending.features.facts import write_facts
from trending.releases import Release, ReleaseStore
from trending.service.service import MAX_TEXTS, check_text
from trending.titles import TitleType

PLATFORM = "trending-now"
_MEND = "give texts, and if known type, year and evidence"
_WARM_UP = "Two detectives search a fishing village for a missing child."


def _refuse_lookalikes(given: object) -> object:
    if isinstance(given, bool | str):
        raise ValueError("a number is needed")  # noqa: TRY004 - pydantic turns no TypeError into a refusal
    return given


def _list_one(given: object) -> object:
    return given if isinstance(given, list) else [given]


Text = Annotated[str, StringConstraints(strip_whitespace=True)]
# As JSON Schema and protobuf's JSON have it: 1994 and 1994.0, but neither "1994" nor true.
Year = Annotated[int, Field(ge=1800, le=2200), BeforeValidator(_refuse_lookalikes)]
Evidence = Annotated[int, Field(ge=0, le=10), BeforeValidator(_refuse_lookalikes)]


class Question(BaseModel):
    """What the API takes as a body; beyond that, type and year may also be lists with one entry per text."""

    model_config = ConfigDict(extra="forbid")

    texts: list[Text] = Field(min_length=1, max_length=MAX_TEXTS)
    evidence: Evidence = 5
    type: Annotated[list[TitleType | None], BeforeValidator(_list_one)] = [None]
    year: Annotated[list[Year | None], BeforeValidator(_list_one)] = [None]

    def list_facts(self) -> list[str]:
        """Return what is known of each text's title, as models read it."""
        return [write_facts(*known) for known in zip(self._spread("type"), self._spread("year"), strict=True)]

    def _spread(self, name: str) -> list[Any]:
        given: list[Any] = getattr(self, name)
        if len(given) not in {1, len(self.texts)}:
            raise InputError(f"{len(given)} values for {len(self.texts)} texts", where=name, mend="give one for all, or one per text")
        return given * len(self.texts) if len(given) == 1 else given


class GenreServer:
    """Answers from one release, which never changes: another one is another server."""

    def __init__(self, release: Release) -> None:
        """Take a verified release; its model is loaded by `warm_up`."""
        self._release = release

    @classmethod
    def open(cls, version: str = "") -> GenreServer:
        """Open a release of the store that the settings name, by default the current one.

        Raises:
            TrendingError: If there is none, or the one that was asked for is damaged.
        """
        return cls(ReleaseStore.from_settings().open(version or None))

    @property
    def version(self) -> str:
        """The release's version."""
        return self._release.manifest.version

    @property
    def about(self) -> dict[str, str]:
        """What metadata say of the release, as text."""
        manifest = self._release.manifest
        return {"release": manifest.version, "model_kind": manifest.model_kind, "created": manifest.created.isoformat()}

    def warm_up(self) -> None:
        """Load the model and let it answer once, so that whoever asks first needn't wait."""
        self.answer({"texts": [_WARM_UP]})

    def answer(self, asked: Mapping[str, Any]) -> PredictAnswer:
        """Predict the genres of 1 to 64 plots.

        Args:
            asked: `texts`, and as far as wanted `type`, `year` and `evidence`; see `Question`.

        Raises:
            InputError: If that isn't a question, or a text is blank or too long.
        """
        try:
            question = Question.model_validate(asked)
        except ValidationError as error:
            first = error.errors()[0]
            raise InputError(first["msg"], where=".".join(map(str, first["loc"])), mend=_MEND) from error
        for number, text in enumerate(question.texts):
            check_text(text, f"texts.{number}")
        predictions = self._release.predictor.predict(question.texts, question.evidence, question.list_facts())
        return PredictAnswer(release=self.version, starter=self._release.manifest.data.starter, predictions=predictions)
