"""What a run whose steps go to other machines takes besides: the image they run in, and the settings they would find on this one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from trending.errors import UsageError
from trending.settings import Settings, load_settings

SECRET = "trending"  # noqa: S105 - the name of one
SALT = "TRENDING_AUTHOR_SALT"
_STAYS = ("TRENDING_HOME", "TRENDING_TRAINING_IMAGE")
_PREFIXES = ("DASK_", "TRENDING_", "WANDB_")


def find_remote_options(pipeline: str) -> dict[str, Any]:
    """Return options for `pipeline.with_options` if the active stack runs steps elsewhere; none otherwise.

    Settings that aren't secret go along as environment variables. Secret ones are read from the ZenML secret `trending`, whose keys are their variables' names.

    Args:
        pipeline: Its name.

    Raises:
        UsageError: If what the run makes would be left on a machine that is thrown away, the image isn't named, or each machine would hash authors its own way.
    """
    from zenml.client import Client
    from zenml.config import DockerSettings

    client = Client()
    orchestrator = client.active_stack.orchestrator
    if orchestrator.flavor == "airflow" and not orchestrator.config.is_remote:  # whose tasks are processes of this checkout (stacks/airflow_dag.py)
        nothing = {"allow_download_from_artifact_store": False, "allow_download_from_code_repository": False}
        return {"settings": {"docker": DockerSettings(parent_image="no-image", skip_build=True, **nothing)}}
    if not orchestrator.config.is_remote:
        return {}
    stack, settings = client.active_stack_model.name, load_settings()
    places = (("TRENDING_RELEASES", settings.releases_url), ("TRENDING_DATA", settings.data_url), ("TRENDING_FEATURE_STORE", settings.feature_store))
    for variable, address in places:
        if "://" not in address:
            raise UsageError(f"stack {stack} runs steps on other machines, which don't have {address}", where=variable, mend="set it to s3://BUCKET/PREFIX")
    if Path(settings.encoder).is_dir():
        mend = "name a hub id with @revision, or leave it to the image, which has the weights installed"
        raise UsageError(f"stack {stack} runs steps on other machines, which don't have {settings.encoder}", where="TRENDING_ENCODER", mend=mend)
    image = os.environ.get("TRENDING_TRAINING_IMAGE")
    if not image:
        mend = f"set it to the address of the image (infra/docker); python run.py stack check {stack}"
        raise UsageError(f"stack {stack} runs steps in an image, and none is named", where="TRENDING_TRAINING_IMAGE", mend=mend)
    secrets = client.list_secrets(name=SECRET).items
    if pipeline == "ingestion" and not any(SALT in client.get_secret(one.id).secret_values for one in secrets):
        mend = f"keep one for all: zenml secret {'update' if secrets else 'create'} {SECRET} --{SALT}=..."
        raise UsageError(f"stack {stack} runs steps on other machines, each of which would hash authors with a salt of its own", where=SALT, mend=mend)
    return {
        "settings": {"docker": DockerSettings(parent_image=image, skip_build=True)},  # ZenML sends this checkout's code along
        "environment": list_open_settings(),
        "secrets": [SECRET] if secrets else [],
    }


def list_open_settings() -> dict[str, str]:
    """Return the variables of the project, W&B and Dask that are set here and hold nothing secret."""
    secret = {f"TRENDING_{name.upper()}" for name, field in Settings.model_fields.items() if SecretStr in _parts(field.annotation)}
    secret |= {name for name in os.environ if "_KEY" in name or "TOKEN" in name}
    return {name: value for name, value in os.environ.items() if name.startswith(_PREFIXES) and name not in secret and name not in _STAYS}


def _parts(annotation: Any) -> tuple[Any, ...]:
    return (annotation, *getattr(annotation, "__args__", ()))
