"""`release.json`: what a release is, where it comes from, how good it is, and the hash of every file in it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trending.errors import ReleaseError
from trending.evaluation.judgement import Figure
from trending.provenance import VERSION_PATTERN, RunOrigin

MANIFEST_FILE = "release.json"
FORMAT = 4  # of the whole bundle: raised when any file of it is written otherwise


class _Part(BaseModel):
    # A key nobody knows is a change made after the fact, which the digest alone would not see.
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class DataOrigin(_Part):
    """The data a release was learnt from."""

    source: str
    fingerprint: str = Field(description="SHA-256 of the source and of how it was read.")
    rows: int
    starter: bool = Field(description="True if it is the small catalogue that ships with the project.")
    rights: list[str] = Field(description="Patterns of the rights classes that were learnt from.")
    version: str | None = Field(None, description="Of the ingested data, where it was learnt from those.")


class CatalogueOrigin(_Part):
    """Where the catalogue comes from when it isn't made of the data the model was learnt from: that model scored other titles afterwards."""

    data: DataOrigin = Field(description="What was scored; its rights classes are those that may be shown.")
    shown: int = Field(description="How many of its rows may be.")
    version: str | None = Field(description="Of the ingested data, where the titles come from there.")
    scored_from: str = Field(description="The release whose model this is, as it came out of training.")
    project_version: str
    git_sha: str = Field(description="Commit of the code that scored, as for the release's own.")
    run: RunOrigin = Field(description="The run that scored.")
    content: str = Field(description="SHA-256 of model, titles and all that is said of them: equal for releases that answer alike.")


class Manifest(_Part):
    """The content of `release.json`: of the model, but for `catalogue`."""

    format: int = FORMAT
    version: str = Field(pattern=f"^{VERSION_PATTERN.pattern}$", description="Also the name of its folder.")
    created: dt.datetime
    project_version: str
    git_sha: str = Field(description="Commit of the code, with -dirty if it had local changes; empty if unknown.")
    data: DataOrigin
    zenml: RunOrigin
    model_kind: str
    metrics: dict[str, Figure] = Field(description="On the held-out test titles, genre words masked, with 95 % intervals.")
    baseline: dict[str, Figure] = Field(description="The same for the baseline that gives every title every genre.")
    leak: dict[str, Figure] = Field(description="Macro F1 of the reference model with genre words `masked` and `unmasked`.")
    thresholds: dict[str, float]
    bands: dict[str, tuple[float, float]] = Field(description="Per genre, the probabilities that are too near the threshold to say yes or no.")
    catalogue: CatalogueOrigin | None = Field(None, description="Of the catalogue; None if it holds the data that the model was learnt from.")
    files: dict[str, str] = Field(description="Relative path -> SHA-256 of every other file.")
    digest: str = Field("", description="SHA-256 of this document without this field.")

    @property
    def learnt_as(self) -> str:
        """The version under which its model was published first: scoring other titles makes a new release, and no new model."""
        return self.catalogue.scored_from if self.catalogue else self.version

    def sealed(self) -> Manifest:
        """Return a copy whose digest is right."""
        return self.model_copy(update={"digest": self._digest()})

    def _digest(self) -> str:
        content = json.dumps(self.model_dump(mode="json", exclude={"digest"}), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    def is_intact(self) -> bool:
        """Say whether the digest is right."""
        return self.digest == self._digest()


def read_manifest(directory: Path) -> Manifest:
    """Read and check the `release.json` in a folder.

    Raises:
        ReleaseError: If it is missing, damaged, or of another format.
    """
    try:
        content = (directory / MANIFEST_FILE).read_bytes()
    except OSError as error:
        raise ReleaseError("not a release: no readable release.json", where=str(directory)) from error
    return parse_manifest(content, str(directory))


def parse_manifest(content: bytes, where: str) -> Manifest:
    """Check the content of a `release.json`.

    Raises:
        ReleaseError: If it is damaged, or of another format.
    """
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise ReleaseError("release.json is damaged", where=where, mend="run: python run.py release rollback") from error
    if manifest.format != FORMAT:
        mend = "upgrade trending-now" if manifest.format > FORMAT else "run: python run.py --pipeline training"
        raise ReleaseError(f"format {manifest.format} is not the {FORMAT} this version reads", where=where, mend=mend)
    if not manifest.is_intact():
        raise ReleaseError("release.json was changed after it was written", where=where, mend="run: python run.py release rollback")
    return manifest
