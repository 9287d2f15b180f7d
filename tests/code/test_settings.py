"""Settings: read from TRENDING_* variables, refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from trending.errors import UsageError
from trending.settings import load_settings


def test_releases_lie_under_the_home_folder(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.releases_url == str(tmp_path / "home" / "releases")
    assert settings.cache_dir == tmp_path / "home" / "cache"


def test_without_variables_everything_is_written_to_var(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TRENDING_HOME")
    monkeypatch.chdir(tmp_path)
    load_settings.cache_clear()
    assert load_settings().releases_url == str(tmp_path / "var" / "releases")


def test_an_address_for_releases_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRENDING_RELEASES", "s3://bucket/releases")
    load_settings.cache_clear()
    assert load_settings().releases_url == "s3://bucket/releases"


def test_a_tilde_is_the_users_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TRENDING_HOME", "~/trending")
    load_settings.cache_clear()
    assert load_settings().cache_dir == tmp_path / "trending" / "cache"


def test_a_folder_of_a_user_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRENDING_HOME", "~no-such-user/trending")
    load_settings.cache_clear()
    with pytest.raises(UsageError, match="TRENDING_HOME"):
        print(load_settings().releases_url)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_BODY_BYTES", "lots"),
        ("MAX_BODY_BYTES", "1"),
        ("MAX_BODY_BYTES", ""),
        ("MAX_TEXT_CHARS", "1e9"),
        ("MAX_TEXT_CHARS", "-5"),
        ("MAX_TEXT_CHARS", "99"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"TRENDING_{name}", value)
    load_settings.cache_clear()
    with pytest.raises(UsageError) as caught:
        load_settings()
    message = str(caught.value)
    assert message.startswith(f"TRENDING_{name}: ")
    assert repr(value) in message
    assert len(message.splitlines()) == 1


def test_a_good_value_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRENDING_MAX_TEXT_CHARS", "500")
    load_settings.cache_clear()
    assert load_settings().max_text_chars == 500
