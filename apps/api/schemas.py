"""Requests and answers of the API."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from trending.models.predictor import Prediction
from trending.releases.catalogue import CatalogueTitle
from trending.releases.manifest import Manifest
from trending.settings import load_settings

MAX_TEXTS = 64
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=load_settings().max_text_chars, pattern=r"\S")]


class Health(BaseModel):
    """The process lives."""

    status: str = Field("ok", pattern="^ok$")


class Ready(BaseModel):
    """A release is loaded and answers."""

    status: str = Field("ready", pattern="^ready$")
    release: str


class Version(BaseModel):
    """What is running and what it serves."""

    project: str
    release: str
    model_kind: str
    created: str
    starter: bool = Field(description="True if the model was learnt from the small catalogue that ships with the project.")
    macro_f1: float = Field(description="On held-out titles, genre words masked.")


class PredictRequest(BaseModel):
    """Plots to predict genres for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"texts": ["Two detectives search a fishing village for a missing child."]}]})

    texts: list[Text] = Field(min_length=1, max_length=MAX_TEXTS)


class PredictResponse(BaseModel):
    """One prediction per text, in the same order."""

    release: str
    starter: bool
    predictions: list[Prediction]


class TitleResponse(BaseModel):
    """A title with the genres its sources list and those the model predicts."""

    release: str
    starter: bool
    title: CatalogueTitle


class GenreInfo(BaseModel):
    """One canonical genre."""

    genre: str
    threshold: float
    titles: int = Field(description="Titles of the catalogue listed under it.")


class GenresResponse(BaseModel):
    """The 20 genres."""

    release: str
    genres: list[GenreInfo]


def describe_version(project: str, manifest: Manifest) -> Version:
    """Return the version answer."""
    return Version(
        project=project,
        release=manifest.version,
        model_kind=manifest.model_kind,
        created=manifest.created.isoformat(),
        starter=manifest.data.starter,
        macro_f1=round(manifest.metrics["macro_f1"].value, 4),
    )
