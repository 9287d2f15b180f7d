"""Answers that only the API gives; all others are the service's own (`trending.answers`)."""

from __future__ import annotations

from pydantic import BaseModel, Field

from trending.catalogue import CatalogueTitle
from trending.releases import Manifest


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


class TitleResponse(BaseModel):
    """A title as its source gives it, with the genres that lists and those the model predicts."""

    release: str
    starter: bool
    title: CatalogueTitle


class FeedbackResponse(BaseModel):
    """The feedback was kept."""

    release: str = Field(description="The release it is about.")


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
