"""What the model servers share, in this environment: it answers as the API does, refuses as the API does, and needs only what a lock names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from apps.api.questions import PredictRequest
from tests.infra.seldon_releases import PLOT, REFUSED, choose_learnt, damage, make_later
from tests.infra.seldon_servers import SELDON, lock_of
from tests.infra.tools import ROOT, load_script
from trending.cleaning.clean import CleaningResult
from trending.errors import InputError, ReleaseError
from trending.genres import GENRES
from trending.insights.maker import InsightMaker
from trending.models.base import GenreModel
from trending.releases import ReleaseStore
from trending.service.service import TitleService

genre_server = load_script("infra/seldon/genre_server.py")


def test_the_shared_server_answers_what_the_service_behind_the_api_answers(store: ReleaseStore, starter: CleaningResult) -> None:
    service = TitleService(store.open(), InsightMaker.from_settings())
    texts = starter.titles["plot"].head(12).tolist()
    answer = genre_server.GenreServer.open().answer({"texts": texts, "type": "tv", "year": 1994, "evidence": 3})
    assert answer == service.predict(texts, 3, "tv", 1994)
    assert len(answer.predictions[0].scores) == len(GENRES)


def test_one_type_and_year_per_text_answer_as_if_asked_one_by_one(store: ReleaseStore, starter: CleaningResult) -> None:
    server = genre_server.GenreServer.open()
    texts, types, years = starter.titles["plot"].head(3).tolist(), ["tv", None, "movie"], [1994.0, 2003, None]
    together = server.answer({"texts": texts, "type": types, "year": years})
    alone = [server.answer({"texts": [text], "type": kind, "year": year}) for text, kind, year in zip(texts, types, years, strict=True)]
    assert together.predictions == [one.predictions[0] for one in alone]
    with pytest.raises(InputError, match="year: 2 values for 3 texts"):
        server.answer({"texts": texts, "year": [1994, 1995]})


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_no_question_is_refused_in_one_line_that_names_the_place(store: ReleaseStore, why: str) -> None:
    asked, told = REFUSED[why]
    with pytest.raises(InputError) as refusal:
        genre_server.GenreServer.open().answer(asked)
    assert str(refusal.value).startswith(told)
    assert "\n" not in str(refusal.value)


def test_the_limits_of_a_question_are_the_apis() -> None:
    def read_limits(model: Any) -> dict[str, list[str]]:
        fields = model.model_json_schema()["properties"]
        limits = {name: re.findall(r"'(maximum|minimum|maxItems|minItems|enum)': ([^,}]+)", str(field)) for name, field in fields.items()}
        return {name: sorted(f"{key} {value}" for key, value in found) for name, found in limits.items()}

    ours, theirs = read_limits(genre_server.Question), read_limits(PredictRequest)
    assert ours == theirs
    assert ours["year"] == ["maximum 2200", "minimum 1800"]


def test_a_damaged_release_is_refused_when_named_and_replaced_by_an_older_one_when_current(store: ReleaseStore, bundle: Path, tmp_path: Path) -> None:
    older = store.current_version()
    newer = store.publish(make_later(bundle, tmp_path / "later", 1))
    damage(store, newer)
    with pytest.raises(ReleaseError, match=rf"^release {newer}: model_card.md is damaged [^\n]*$"):
        genre_server.GenreServer.open(newer)
    assert genre_server.GenreServer.open().version == older


@pytest.mark.slow
@pytest.mark.parametrize("core", [1, 2])
def test_the_shared_server_scores_with_nothing_but_what_a_lock_names(
    core: int, store: ReleaseStore, bundle: Path, tmp_path: Path, fitted_models: Mapping[str, GenreModel]
) -> None:
    store.publish(make_later(bundle, tmp_path / "blended", 1, choose_learnt(fitted_models)))
    script = "import sys, json; from genre_server import GenreServer; print(len(GenreServer.open().answer(json.loads(sys.argv[1])).predictions[0].scores))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | {
        "PYTHONPATH": os.pathsep.join((str(ROOT / "tests" / "infra" / "serving_only"), str(ROOT), str(SELDON))),
        "SERVING_LOCK": str(lock_of(core)),
        "TRENDING_RELEASES": store.url,
    }
    ran = subprocess.run([sys.executable, "-c", script, json.dumps({"texts": [PLOT]})], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["20"]
