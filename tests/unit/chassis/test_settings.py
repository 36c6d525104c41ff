"""Settings: every error at once, secrets from files and never in sight."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from services.chassis.settings import Common, ServiceSettings, SettingsError, load, reference, setting

NEEDED = {"CASEWORK_AMQP_URL": "amqp://u:secret@h/v", "CASEWORK_DATABASE_URL": "postgresql://u:secret@h/d"}


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    urgent: bool = setting("Hurry.", False)
    token: str = setting("A secret.", secret=True)


def test_every_missing_and_every_wrong_value_is_told_at_once() -> None:
    wrong = {"CASEWORK_WORKERS": "many", "CASEWORK_URGENT": "perhaps", "CASEWORK_HEALTH_PORT": ""}
    with pytest.raises(SettingsError) as caught:
        load(Settings, wrong)
    told = str(caught.value)
    for name in ("AMQP_URL is missing", "DATABASE_URL is missing", "TOKEN is missing", "WORKERS is wrong"):
        assert f"CASEWORK_{name}" in told
    assert "CASEWORK_URGENT is wrong" in told
    assert "CASEWORK_HEALTH_PORT is wrong" in told
    assert caught.value.code != 0


def test_a_secret_may_come_from_a_file_and_the_variable_wins(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from the file\n")
    there = {**NEEDED, "CASEWORK_TOKEN_FILE": str(file)}
    assert load(Settings, there).token == "from the file"
    assert load(Settings, {**there, "CASEWORK_TOKEN": "said"}).token == "said"


def test_a_file_that_cannot_be_read_is_told_like_any_other_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="CASEWORK_TOKEN is wrong"):
        load(Settings, {**NEEDED, "CASEWORK_TOKEN_FILE": str(tmp_path / "nowhere")})


def test_secrets_never_show() -> None:
    made = load(Settings, {**NEEDED, "CASEWORK_TOKEN": "hush"})
    assert "hush" not in repr(made)
    assert "secret" not in repr(made)


@pytest.mark.parametrize(("text", "value"), [("1", True), ("TRUE", True), ("yes", True), ("0", False), ("no", False)])
def test_switches_are_read(text: str, value: bool) -> None:
    assert load(Settings, {**NEEDED, "CASEWORK_TOKEN": "t", "CASEWORK_URGENT": text}).urgent is value


def test_pauses_are_numbers_and_a_wrong_one_is_told_at_the_start() -> None:
    made = load(ServiceSettings, {**NEEDED, "CASEWORK_RETRY_PAUSES": "0.5,1,2"})
    assert made.pauses == (0.5, 1.0, 2.0)


def test_the_reference_names_every_setting() -> None:
    told = reference(Settings)
    assert "| `CASEWORK_TOKEN` | required | A secret. |" in told
    assert told.count("\n") == 1 + len(Settings.__dataclass_fields__)


def test_the_environment_is_read_only_when_it_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEWORK_AMQP_URL", "amqp://from-the-environment")
    assert load(Common).amqp_url == "amqp://from-the-environment"
    with pytest.raises(SettingsError):
        load(Common, {})
