"""What `login` keeps: for its owner only, for one address only, renewed once."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import requests

from cli.api import Api, Refused
from cli.session import Session

TOLD = {"id": "ses_1", "access_token": "a", "refresh_token": "r", "expires_seconds": 600}


@pytest.fixture
def session(tmp_path: Path) -> Session:
    made = Session(tmp_path / "casework" / "session.json")
    made.save("https://one.example.org/", TOLD)
    return made


def test_only_its_owner_may_read_it(session: Session) -> None:
    assert stat.S_IMODE(session.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(session.path.parent.stat().st_mode) == 0o700


def test_a_token_is_for_one_address(session: Session) -> None:
    assert session.exists("https://one.example.org")
    assert not session.exists("https://two.example.org")


def test_two_processes_renew_it_once(session: Session) -> None:
    other = Session(session.path)
    asked: list[str] = []

    def exchange(token: str) -> dict[str, Any]:
        asked.append(token)
        return TOLD | {"access_token": "a2", "refresh_token": "r2"}

    session.refresh(exchange)
    other.refresh(exchange)
    assert asked == ["r"]
    assert other.access_token == "a2"


def test_it_is_renewed_before_it_ends(session: Session) -> None:
    assert not session.is_stale()
    session.save("https://one.example.org", TOLD | {"expires_seconds": 20})
    assert session.is_stale()


def test_logging_out_leaves_nothing(session: Session) -> None:
    session.forget()
    assert not session.path.exists()
    assert not Session(session.path).access_token


class Seen(Api):
    """What would go out."""

    def _send(self, method: str, path: str, body: Any, token: str, more: dict[str, Any]) -> requests.Response:
        sent.append((self.url, path, token, body))
        answer = requests.Response()
        answer.status_code = 401
        return answer


sent: list[tuple[str, str, str, Any]] = []


@pytest.mark.parametrize("seconds", [600, 1], ids=["fresh", "stale"])
def test_no_token_goes_to_another_address(session: Session, seconds: int) -> None:
    session.save("https://one.example.org", TOLD | {"expires_seconds": seconds})
    sent.clear()
    elsewhere = Seen("https://two.example.org", session)
    for do in (elsewhere.etag, elsewhere.get):
        with pytest.raises(Refused):
            do("/v1/me")
    assert sent == [("https://two.example.org", "/v1/me", "", None)] * 2


def test_no_token_goes_to_where_one_was_signed_in_before(session: Session) -> None:
    mine = Seen("https://one.example.org", session)
    session.save("https://one.example.org", TOLD | {"expires_seconds": 1})
    Session(session.path).save("https://two.example.org", TOLD | {"access_token": "a2", "refresh_token": "r2"})
    sent.clear()
    with pytest.raises(Refused):
        mine.get("/v1/me")
    assert sent == [("https://one.example.org", "/v1/me", "", None)]
