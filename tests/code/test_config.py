"""Configuration of pipelines: defaults, overrides, and one line for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.config import IngestionConfig, TrainingConfig, load_config
from trending.errors import UsageError
from trending.models.base import MODEL_KINDS


def refuse(*overrides: str, path: str | None = None) -> str:
    """Load a configuration that must be refused; returns the line."""
    with pytest.raises(UsageError) as caught:
        load_config(TrainingConfig, path, list(overrides))
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_the_shipped_configuration_is_the_starter_job() -> None:
    config = load_config(TrainingConfig, None, [])
    assert (config.source, config.seed, config.rights) == ("starter", 17, ["open_*", "unclear"])
    assert tuple(config.models) == MODEL_KINDS


def test_dotted_overrides_reach_into_nested_keys() -> None:
    config = load_config(TrainingConfig, None, ["columns.plot=overview", "columns.title=name", "model_params.xgboost.n_estimators=20", "seed=3"])
    assert config.columns == {"plot": "overview", "title": "name"}
    assert config.model_params["xgboost"] == {"n_estimators": 20}
    assert config.seed == 3


def test_the_last_override_wins_and_values_are_yaml() -> None:
    config = load_config(TrainingConfig, None, ["seed=3", "seed=4", "models=[majority, keywords]", "rights=[open_*]", "path=a=b.csv"])
    assert (config.seed, config.models, config.rights, config.path) == (4, ["majority", "keywords"], ["open_*"], "a=b.csv")


def test_a_file_is_read_and_overrides_win_over_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("seed: 5\nlimit: 10\n", encoding="utf-8")
    config = load_config(TrainingConfig, str(file), ["seed=6"])
    assert (config.seed, config.limit) == (6, 10)


def test_the_source_part_holds_what_the_source_needs() -> None:
    source = load_config(TrainingConfig, None, ["source=files", "path=a.csv", "columns.plot=overview", "limit=9"]).source_config()
    assert (source.source, source.path, source.columns, source.limit) == ("files", "a.csv", {"plot": "overview"}, 9)


def test_an_unknown_key_names_those_that_are_known() -> None:
    message = refuse("sed=3")
    assert "'sed'" in message
    assert "seed" in message.split("known keys:")[1]


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("seed=often", "seed"),
        ("seed=-1", "seed"),
        ("seed=1.5", "seed"),
        ("seed=", "seed"),
        ("limit=0", "limit"),
        ("models=[]", "models"),
        ("models=[[tfidf_logreg]]", "models.0"),
        ("models=xgboost", "models"),
        ("rights=open_*", "rights"),
        ("source=ftp", "source"),
        ("columns.plot=", "columns.plot"),
        ("columns=plot", "columns"),
        ("model_params.xgboost=3", "model_params.xgboost"),
    ],
)
def test_a_wrong_value_names_its_key(override: str, key: str) -> None:
    assert f"configuration key {key!r}" in refuse(override)


@pytest.mark.parametrize(
    ("override", "part"), [("model_params.xgboost.depth=3", "'depth'"), ("model_params.oracle.x=1", "'oracle'"), ("model_params.majority.x=1", "'x'")]
)
def test_a_parameter_no_model_has_is_refused(override: str, part: str) -> None:
    assert part in refuse(override)


@pytest.mark.parametrize(
    "override",
    [
        "model_params.xgboost.n_estimators=many",
        "model_params.tfidf_logreg.C=strong",
        "model_params.tfidf_logreg.C=-1",
        "model_params.keywords.smoothing=[]",
        "model_params.xgboost.colsample_bynode=5.0",
        "model_params.xgboost.learning_rate=50",
    ],
)
def test_a_parameter_value_no_model_can_use_is_refused_before_anything_runs(override: str) -> None:
    assert override.split(".")[1] in refuse(override)


@pytest.mark.parametrize(("override", "part"), [("models=[oracle]", "'oracle'"), ("models=[majority]", "baseline alone")])
def test_models_that_can_not_be_published_are_refused(override: str, part: str) -> None:
    assert part in refuse(override)


@pytest.mark.parametrize("override", ["rights=[]", "rights=[open-*]", "rights=['']"])
def test_bad_rights_are_refused(override: str) -> None:
    assert "rights" in refuse(override)


@pytest.mark.parametrize("override", ["seed", "", "=3", "seed 3", "seed:3"])
def test_an_override_that_is_no_key_and_value(override: str) -> None:
    assert "KEY=VALUE" in refuse(override)


@pytest.mark.parametrize("override", ["rights=[*open]", "rights=[open", "columns={plot", "path=2024-02-30"])
def test_an_override_yaml_cannot_read(override: str) -> None:
    """The last one is a date to YAML, and one that doesn't exist."""
    assert "--set" in refuse(override)


def test_an_override_below_a_plain_value() -> None:
    assert "'seed' holds a value, not keys" in refuse("seed.x=3")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert refuse(path=str(tmp_path / "none.yaml")).startswith(str(tmp_path / "none.yaml"))


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    assert refuse(path=str(tmp_path)).startswith(str(tmp_path))


@pytest.mark.parametrize(
    "content",
    [b"seed: [1", b"\tseed: 1", b"a: b: c", b"\xff\xfe\x00", b"- seed", b"just words", b"limit: 2024-02-30", b"7: seven", b"yes: no"],
    ids=["bracket", "tab", "colons", "bytes", "list", "text", "impossible date", "number as key", "truth as key"],
)
def test_bad_yaml_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(content)
    assert refuse(path=str(file))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("source=ftp", "configuration key 'source.0'"),
        ("source=[tvmaze, ftp]", "configuration key 'source.1'"),
        ("source=[tvmaze, tvmaze]", "each source once"),
        ("source=[]", "at least one"),
        ("source=files", "needs a path"),
        ("base_url=ftp://mirror", "configuration key 'base_url'"),
        ("gates.tvmaze.max_no_plt=0.1", "configuration key 'gates.tvmaze.max_no_plt'"),
        ("checks.blocking=[x]", "configuration key 'checks.blocking.0'"),
        ("matching.threshold=7", "threshold 7.0 is not between 0 and 1"),
        ("memory=lots", "configuration key 'memory'"),
        ("as_of=tomorrow", "configuration key 'as_of'"),
        ("sorce=tvmaze", "configuration key 'sorce'"),
    ],
)
def test_a_wrong_value_of_ingestion_names_its_key_in_one_line(override: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_config(IngestionConfig, None, [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mirror_or_a_watermark_goes_with_one_live_source() -> None:
    for override in ("base_url=http://localhost:1", "since=5"):
        with pytest.raises(UsageError, match="goes with one live source"):
            load_config(IngestionConfig, None, ["source=[tvmaze, wikipedia]", override])


@pytest.mark.parametrize(("given", "since"), [("since=1700000000", "1700000000"), ("since=2026-06-28", "2026-06-28"), ("full=true", None), ("limit=3", "7")])
def test_a_crawl_begins_at_the_watermark_unless_told_otherwise(given: str, since: str | None) -> None:
    assert load_config(IngestionConfig, None, [given]).crawl_config("tvmaze", "7").since == since
