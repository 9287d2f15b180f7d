"""Where the feature store lies, and what of Feast is configured by that: files and SQLite in a folder, S3 and DynamoDB at an address in S3."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from trending.errors import UsageError
from trending.features.store.feast_library import import_feast
from trending.features.store.schema import PROJECT

if TYPE_CHECKING:
    from feast import RepoConfig

SETTING = "TRENDING_FEATURE_STORE"
CONFIG_FILE, REGISTRY_FILE, ONLINE_FILE, OFFLINE_FOLDER = "feature_store.yaml", "registry.db", "online.db", "offline"
_WRITE_AT_ONCE = 5_000  # rows of a view held as messages while they are written online
_S3 = "s3://"


def locate_store(setting: str, home: Path) -> str:
    """Return where the store lies.

    Args:
        setting: A folder, an address such as s3://bucket/features, or `local` or nothing for the home folder.
        home: The project's home folder.

    Raises:
        UsageError: If the setting is an address of another kind.
    """
    if setting in {"", "local"}:
        return str(home / "features")
    if "://" in setting and not is_remote(setting):
        raise UsageError(f"{setting!r} can't hold features", where=SETTING, mend="give a folder, or an address such as s3://bucket/features")
    return setting.rstrip("/") if is_remote(setting) else str(Path(setting).expanduser().absolute())


def is_remote(url: str) -> bool:
    """Say whether the store lies in S3."""
    return url.startswith(_S3)


def describe_config(url: str) -> dict[str, Any]:
    """Return the content of the store's `feature_store.yaml`: relative to the folder it lies in, or whole addresses.

    Args:
        url: As `locate_store` returns it.

    Raises:
        UsageError: If the store lies in S3 and nothing names the region of its DynamoDB tables.
    """
    remote = is_remote(url)
    online: dict[str, Any] = {"type": "sqlite", "path": ONLINE_FILE}
    if remote:  # tables belong to an account, so they are called after the bucket: another environment's are others
        bucket = url.removeprefix(_S3).split("/")[0]
        online = {"type": "dynamodb", "region": _find_region(), "table_name_template": f"{bucket}.{{project}}.{{table_name}}"}
    return {
        "project": PROJECT,
        "provider": "aws" if remote else "local",
        "registry": f"{url}/{REGISTRY_FILE}" if remote else REGISTRY_FILE,
        "offline_store": {"type": "file"},
        "online_store": online,
        "entity_key_serialization_version": 3,
        "materialization": {"online_write_batch_size": _WRITE_AT_ONCE},
    }


def configure(url: str) -> RepoConfig:
    """Return Feast's configuration of the store at `url`; see `describe_config`."""
    import_feast()
    from feast import RepoConfig

    config: RepoConfig = RepoConfig(**describe_config(url), repo_path=None if is_remote(url) else Path(url))
    return config


def render_config(config: dict[str, Any]) -> bytes:
    """Return a configuration as the YAML that Feast's command line reads."""
    return yaml.safe_dump(config, sort_keys=False).encode()


def table_address(url: str, view: str) -> str:
    """Return where a view's offline table lies, as Feast is told: relative to a local store's folder, else the whole address."""
    name = f"{OFFLINE_FOLDER}/{view}.parquet"
    return f"{url}/{name}" if is_remote(url) else name


def _find_region() -> str:
    try:
        import boto3
    except ImportError as error:
        raise UsageError("boto3 is not installed", where=SETTING, mend="install the project with [aws]") from error
    region = os.environ.get("AWS_REGION") or boto3.Session().region_name
    if not region:
        raise UsageError("no region is named for the DynamoDB tables", where=SETTING, mend="set AWS_DEFAULT_REGION")
    return str(region)
