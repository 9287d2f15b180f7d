"""Feature services: which features each version of a genre model reads. Beside the store each has a small file, which is read in no time."""

from __future__ import annotations

import json
from typing import Any

from trending.features.store.definitions import define, define_service, name_service
from trending.features.store.feast_library import asking
from trending.features.store.repository import FeatureRepository
from trending.features.store.schema import TEXT
from trending.models.base import GenreModel

_FOLDER = "services"


def register_service(repository: FeatureRepository, model: str, version: str, reads: str, *, embedded: bool = False) -> str:
    """Register what a version of a genre model reads, and return the service's name; one that is registered costs nothing, as Feast isn't loaded.

    Args:
        repository: Materialised.
        model: Kind of the model.
        version: Of the model or the release.
        reads: The text it is given: `masked` or `described`.
        embedded: Whether it reads the encoder's vectors too.

    Raises:
        NotFoundError: If nothing is materialised.
        UsageError: If there is no such text, or there are no vectors to read.
    """
    name = name_service(model, version)
    if repository.place.read(f"{_FOLDER}/{name}.json") is None:
        held = repository.need_state()
        service = define_service(define(repository.url, held.tables, held.encoder), model, version, reads, embedded=embedded)
        with repository.place.locked(), asking(repository.url):
            repository.feast.apply([service])
        said = {"model": model, "version": version, "reads": reads, "embedded": embedded}
        repository.place.write(f"{_FOLDER}/{name}.json", json.dumps(said).encode())
    return name


def register_model(repository: FeatureRepository, model: GenreModel, version: str) -> list[str]:
    """Register what a released model reads, each member of a blend by itself, and return the services' names."""
    with_vectors = TEXT in repository.need_state().tables
    return [
        register_service(repository, kind, version, one.reads, embedded=with_vectors and one.embeds_plots) for kind, one in sorted(model.list_members().items())
    ]


def list_objects(url: str) -> dict[str, Any]:
    """Return all that is registered of the store at `url`, by name: what `feast apply` finds in the store's `features.py`."""
    repository = FeatureRepository(url)
    held = repository.need_state()
    definitions = define(url, held.tables, held.encoder)
    services = [json.loads(repository.place.read(f"{_FOLDER}/{name}.json") or b"") for name in repository.place.names(_FOLDER, ".json")]
    usable = [define_service(definitions, **said) for said in services if TEXT in held.tables or not said["embedded"]]
    return {one.name: one for one in [*definitions.all(), *usable]}
