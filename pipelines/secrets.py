"""Secrets in ZenML's database on this machine: encrypted, with a key that is its owner's alone.

ZenML's own default there is base64, which anybody who gets hold of the file, or of a copy of it, can read. A ZenML server encrypts by its own settings.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

KEY_FILE = "trending-now-secrets.key"
_PREFIX = "ZENML_SECRETS_STORE_"


def protect_secrets(serving: bool = False) -> None:
    """Let ZenML encrypt the secrets it keeps on this machine, from now on in this process and those it starts; what the user has set stays.

    Args:
        serving: Whether a server of this machine's database is about to be started, whatever ZenML is connected to by now.
    """
    if any(name.startswith(_PREFIX) for name in os.environ):
        return
    from zenml.config.global_config import GlobalConfiguration
    from zenml.enums import StoreType

    configuration = GlobalConfiguration()
    if not serving and configuration.store_configuration.type != StoreType.SQL:
        return
    folder = Path(configuration.config_directory)
    with contextlib.suppress(FileNotFoundError):  # ZenML keeps the key there too, so that its own command reads the secrets as well
        (folder / "config.yaml").chmod(0o600)
    os.environ[f"{_PREFIX}TYPE"] = "sql"
    os.environ[f"{_PREFIX}ENCRYPTION_KEY"] = _read_key(folder / KEY_FILE)


def _read_key(path: Path) -> str:
    """Return the key, made by whoever comes first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{os.getpid()}")
    made.touch(mode=0o600)
    try:
        made.write_text(secrets.token_hex(32), encoding="ascii")
        path.hardlink_to(made)
    except FileExistsError:
        pass
    finally:
        made.unlink()
    return path.read_text(encoding="ascii")
