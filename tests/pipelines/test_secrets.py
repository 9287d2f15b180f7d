"""Secrets: whatever a run is given to keep to itself stands nowhere in clear afterwards, neither as it is nor in base64."""

from __future__ import annotations

import base64
import gzip
import stat
from pathlib import Path

import pytest

from pipelines.secrets import KEY_FILE
from tests.pipelines.running import QUICK
from tests.pipelines.stacked import StackRunner

PLANTED = {
    "WANDB_API_KEY": "3f9c1d7e5b8a2046c3f9c1d7e5b8a2046c3f9c1d",
    "AWS_ACCESS_KEY_ID": "AKPLANTEDPLANTED0001",
    "AWS_SECRET_ACCESS_KEY": "planted/secret/of/aws/0123456789abcdefgh",
    "TRENDING_LLM_API_KEY": "sk-planted-of-a-model-0123456789",
    "TRENDING_AUTHOR_SALT": "planted-salt-0123456789",
    "TRENDING_TMDB_KEY": "planted-tmdb-0123456789abcdef",
}


def spell(secret: str) -> list[bytes]:
    """Return a secret as it may stand in bytes: as it is, and in base64 at each of the three places where it may begin."""
    plain = secret.encode()
    shifted = [base64.b64encode(b"\0" * shift + plain)[4 if shift else 0 : -4] for shift in range(3)]
    return [plain, *(part for part in shifted if len(part) > 12)]


def find_secrets(folder: Path) -> dict[str, list[str]]:
    """Return the files under a folder in which a planted secret stands."""
    spelt = {name: spell(secret) for name, secret in PLANTED.items()}
    found: dict[str, list[str]] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if content[:2] == b"\x1f\x8b":
                content += gzip.decompress(content)
            for name, spellings in spelt.items():
                if any(one in content for one in spellings):
                    found.setdefault(name, []).append(str(path.relative_to(folder)))
    return found


def test_what_is_looked_for_would_be_found(tmp_path: Path) -> None:
    for number, secret in enumerate(PLANTED.values()):
        (tmp_path / f"plain{number}").write_text(f"x{secret}y", encoding="utf-8")
        (tmp_path / f"base{number}").write_bytes(base64.b64encode(f'{{"key": "{secret}"}}'.encode()))
        (tmp_path / f"gzip{number}").write_bytes(gzip.compress(secret.encode()))
    found = find_secrets(tmp_path)
    assert {name: len(files) for name, files in found.items()} == dict.fromkeys(PLANTED, 3)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[StackRunner, str]:
    """A run on the stack with a tracker, with secrets in its environment, and all it printed."""
    runner = StackRunner(tmp_path_factory.mktemp("secrets"), variables={**PLANTED, "WANDB_MODE": "offline", "ZENML_LOGGING_VERBOSITY": "DEBUG"})
    outcome = runner.run("--pipeline", "training", "--stack", "local-wandb", *QUICK)
    assert outcome.returncode == 0, outcome.stderr
    return runner, outcome.stdout + outcome.stderr


def test_a_run_leaves_no_secret_in_clear_in_anything_it_writes(ran: tuple[StackRunner, str]) -> None:
    """ZenML's database and logs, artifacts, the release, W&B's files, the feature store."""
    runner, printed = ran
    assert not [name for name, secret in PLANTED.items() if secret in printed]
    assert find_secrets(runner.folder) == {}


def test_the_key_is_kept_all_the_same_and_can_be_read_with_the_key_of_encryption(ran: tuple[StackRunner, str]) -> None:
    runner, _ = ran
    code = "import json\nfrom pipelines.secrets import protect_secrets\nprotect_secrets()\nfrom zenml.client import Client\n"
    assert runner.python(f"{code}print(json.dumps(Client().get_secret('wandb').secret_values['api_key']))") == PLANTED["WANDB_API_KEY"]


def test_the_key_of_encryption_is_its_owners_alone(ran: tuple[StackRunner, str]) -> None:
    (key,) = (path for path in ran[0].folder.rglob("*") if path.name == KEY_FILE)
    assert stat.S_IMODE(key.stat().st_mode) == stat.S_IMODE((key.parent / "config.yaml").stat().st_mode) == 0o600
    assert len(key.read_text(encoding="ascii")) == 64


KEPT_BEFORE = """
import json, os
from zenml.client import Client
Client().create_secret("wandb", {"api_key": "kept-in-base64"}, private=True)
print(json.dumps(True))
"""
PROVIDED = """
import json, os
from pipelines.secrets import protect_secrets
protect_secrets()
from pipelines.trackers import _provide_key
from trending.errors import UsageError
try:
    _provide_key()
    print(json.dumps("provided"))
except UsageError as error:
    print(json.dumps(str(error)))
"""


@pytest.mark.slow
def test_a_secret_that_cant_be_read_any_more_is_replaced_only_by_another(tmp_path: Path) -> None:
    """One kept by ZenML's own command, before or beside the project's key of encryption."""
    runner = StackRunner(tmp_path)
    assert runner.python(KEPT_BEFORE)
    assert "can't be read with this machine's key" in runner.python(PROVIDED)
    assert runner.python("import json\nfrom zenml.client import Client\nprint(json.dumps(len(Client().list_secrets(name='wandb').items)))") == 1
    given = StackRunner(tmp_path, variables={"WANDB_API_KEY": PLANTED["WANDB_API_KEY"]})
    assert given.python(PROVIDED) == "provided"
    plain = "import json\nfrom zenml.client import Client\nprint(json.dumps(Client().get_secret('wandb').secret_values['api_key']))"
    assert runner.python(plain) == PLANTED["WANDB_API_KEY"]  # by ZenML's own command, too


def test_a_server_of_this_machines_database_encrypts_whatever_zenml_is_connected_to(tmp_path: Path) -> None:
    code = "import json, os\nfrom pipelines.secrets import protect_secrets\nprotect_secrets({})\n"
    code += "print(json.dumps('ZENML_SECRETS_STORE_ENCRYPTION_KEY' in os.environ))"
    runner = StackRunner(tmp_path, variables={"ZENML_STORE_TYPE": "rest", "ZENML_STORE_URL": "http://127.0.0.1:9"})
    assert runner.python(code.format("")) is False
    assert runner.python(code.format("serving=True")) is True
