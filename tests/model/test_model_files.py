"""What a model leaves on disk: no pickle, the same predictions after loading, and a clear error when it is damaged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import FITTED_KINDS
from trending.errors import ReleaseError
from trending.features.examples import select_part
from trending.genres import GENRES
from trending.models.base import CONFIG_FILE, GenreModel, load_model

FILES = {
    "majority": {"model.json", "shares.json"},
    "keywords": {"model.json", "rates.json"},
    "tfidf_logreg": {"model.json", "terms.json", "terms.safetensors", "logreg.safetensors"},
    "bert": {"model.json", "bert.onnx", "tokenizer.json", "bert.json"},
    "xgboost": {"model.json", "terms.json", "terms.safetensors", "probes.safetensors", "xgboost.ubj", "encoder.json", "model.onnx", "tokenizer.json"},
}
EACH_FILE = sorted((kind, name) for kind, names in FILES.items() if kind in FITTED_KINDS for name in names)
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut in half": lambda content: content[: len(content) // 2],
    "emptied": lambda _: b"",
    "overwritten": lambda _: b"\x80rubbish",
}


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory, fitted_models: Mapping[str, GenreModel]) -> Path:
    """One folder per kind; never change it, copy it."""
    folder = tmp_path_factory.mktemp("models")
    for kind, model in fitted_models.items():
        model.save(folder / kind)
    return folder


@pytest.mark.parametrize("kind", FITTED_KINDS)
def test_a_loaded_model_predicts_and_explains_the_same(saved: Path, fitted_models: Mapping[str, GenreModel], examples: pd.DataFrame, kind: str) -> None:
    texts = [*select_part(examples, "test").texts, "", "\U0001f9df"]
    loaded = load_model(saved / kind)
    assert loaded.kind == kind
    assert loaded.params == fitted_models[kind].params
    np.testing.assert_array_equal(loaded.predict_proba(texts).astype(np.float32), fitted_models[kind].predict_proba(texts).astype(np.float32))
    asked = [list(range(len(GENRES)))] * len(texts)
    assert loaded.explain(texts, asked, 5) == fitted_models[kind].explain(texts, asked, 5)


@pytest.mark.parametrize("kind", FITTED_KINDS)
def test_the_folder_holds_json_safetensors_and_ubj_and_nothing_else(saved: Path, kind: str) -> None:
    files = [path for path in (saved / kind).rglob("*") if path.is_file()]
    assert {path.name for path in files} == FILES[kind]
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".ubj", ".onnx"}
    for path in files:
        assert not path.read_bytes().startswith(b"\x80"), f"{path.name} looks like a pickle"
        if path.suffix == ".json":
            assert json.loads(path.read_text(encoding="utf-8")) is not None


@pytest.mark.parametrize("kind", FITTED_KINDS)
def test_saving_twice_writes_the_same_bytes(saved: Path, fitted_models: Mapping[str, GenreModel], tmp_path: Path, kind: str) -> None:
    """Releases are known by their hashes."""
    fitted_models[kind].save(tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in FILES[kind]} == {name: (saved / kind / name).read_bytes() for name in FILES[kind]}


@pytest.mark.parametrize(("kind", "name"), EACH_FILE)
def test_a_missing_file_is_a_release_error(saved: Path, tmp_path: Path, kind: str, name: str) -> None:
    shutil.copytree(saved / kind, tmp_path / kind)
    (tmp_path / kind / name).unlink()
    with pytest.raises(ReleaseError, match="no readable model"):
        load_model(tmp_path / kind)


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
@pytest.mark.parametrize(("kind", "name"), EACH_FILE)
def test_a_damaged_file_is_a_release_error(saved: Path, tmp_path: Path, kind: str, name: str, damage: Callable[[bytes], bytes]) -> None:
    shutil.copytree(saved / kind, tmp_path / kind)
    path = tmp_path / kind / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ReleaseError, match="no readable model"):
        load_model(tmp_path / kind)


@pytest.mark.parametrize("config", ['{"kind": "gpt", "params": {}}', '{"kind": "majority", "params": {"warmth": 1}}', '{"kind": "majority"}', "[]", "null"])
def test_a_description_of_no_known_model_is_a_release_error(saved: Path, tmp_path: Path, config: str) -> None:
    """The folder is at fault, not the person who asked for it."""
    shutil.copytree(saved / "majority", tmp_path / "majority")
    (tmp_path / "majority" / CONFIG_FILE).write_text(config, encoding="utf-8")
    with pytest.raises(ReleaseError, match="no readable model"):
        load_model(tmp_path / "majority")


def test_a_folder_that_is_not_there_is_a_release_error_naming_it(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="nowhere"):
        load_model(tmp_path / "nowhere")
