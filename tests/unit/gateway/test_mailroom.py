"""The mailroom over real SMTP, with a stand-in for the notification service."""

from __future__ import annotations

import base64
import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from gateway.mailroom import LARGEST, Handler
from services.chassis.actor import Context
from services.chassis.problems import Problem, Unavailable
from services.chassis.rpc import Reply

REPLY = "reply+" + "t" * 32 + "@mail.test"


class StandIn:
    """Answers as told, and keeps what it was asked."""

    ready = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any], Context]] = []
        self.trouble: Exception | None = None

    def call(self, service: str, verb: str, data: dict[str, Any], context: Context, timeout: float = 5.0) -> Reply:
        self.asked.append((service, verb, data, context))
        if self.trouble:
            raise self.trouble
        return Reply({"outcome": "accepted", "reason": ""})


@pytest.fixture
def desk() -> StandIn:
    return StandIn()


@pytest.fixture
def smtp(desk: StandIn) -> Iterator[smtplib.SMTP]:
    controller = Controller(Handler(desk, "mail.test"), hostname="127.0.0.1", port=0, data_size_limit=LARGEST)
    controller.port = _free_port()
    controller.start()
    with smtplib.SMTP("127.0.0.1", controller.port, timeout=10) as server:
        yield server
    controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_reply_is_handed_over_with_its_envelope(smtp: smtplib.SMTP, desk: StandIn) -> None:
    smtp.sendmail("ada@example.org", [REPLY], b"From: ada@example.org\r\n\r\nHej\r\n")
    service, verb, data, context = desk.asked[0]
    assert (service, verb) == ("notifications", "take_mail")
    assert (data["sender"], data["recipient"]) == ("ada@example.org", REPLY)
    assert base64.b64decode(data["raw"]).endswith(b"Hej\r\n")
    assert context.actor.kind == "system"


@pytest.mark.parametrize(
    "address", ["ada@mail.test", "reply+x@other.test", "no-reply@mail.test", "postmaster@mail.test"]
)
def test_other_addresses_do_not_exist_here(smtp: smtplib.SMTP, desk: StandIn, address: str) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        smtp.sendmail("ada@example.org", [address], b"x")
    assert caught.value.recipients[address][0] == 550
    assert not desk.asked


@pytest.mark.parametrize(
    "trouble", [Unavailable("no_answer_in_time"), Problem("internal_error"), RuntimeError("a mistake of ours")]
)
def test_a_mail_that_cannot_be_taken_now_is_sent_again(smtp: smtplib.SMTP, desk: StandIn, trouble: Exception) -> None:
    desk.trouble = trouble
    with pytest.raises(smtplib.SMTPDataError) as caught:
        smtp.sendmail("ada@example.org", [REPLY], b"From: ada@example.org\r\n\r\nHej\r\n")
    assert caught.value.smtp_code == 451


def test_a_mail_over_the_limit_is_refused(smtp: smtplib.SMTP, desk: StandIn) -> None:
    line = b"x" * 900 + b"\r\n"
    with pytest.raises(smtplib.SMTPResponseException) as caught:
        smtp.sendmail("ada@example.org", [REPLY], b"From: a@b.se\r\n\r\n" + line * (LARGEST // len(line) + 1))
    assert caught.value.smtp_code == 552
    assert not desk.asked


def test_an_empty_envelope_sender_is_told_as_such(smtp: smtplib.SMTP, desk: StandIn) -> None:
    smtp.sendmail("", [REPLY], b"From: ada@example.org\r\n\r\nbounced\r\n")
    assert desk.asked[0][2]["sender"] == ""
