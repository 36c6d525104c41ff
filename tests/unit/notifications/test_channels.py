"""The connection to the mail server is kept, and keeping it neither loses nor doubles a mail."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator

import pytest

from services.notifications import channels
from services.notifications.rules.letters import Written


class Server(socketserver.ThreadingTCPServer):
    """A mail server that notes what it gets, and does as told: ``say[command]`` is one answer; '' hangs up."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.connections, self.texts = 0, list[str]()
        self.say: dict[str, list[str]] = {}
        self.url = f"smtp://127.0.0.1:{self.server_address[1]}"


class Session(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.server.connections += 1
        self.wfile.write(b"220 hello\r\n")
        while line := self.rfile.readline().decode().strip():
            command = line[:4].lower()
            if command == "data":
                self.wfile.write(b"354 go on\r\n")
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    text += self.rfile.readline()
                self.server.texts.append(text.decode())
            planned = self.server.say.get(command)
            answer = planned.pop(0) if planned else "250 fine"
            if not answer:
                return
            self.wfile.write(answer.encode() + b"\r\n")
            if command == "quit" or answer.startswith("421"):
                return


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield made
        channels.hang_up()
        made.shutdown()


def send(server: Server, number: int, to: str = "ada@example.org") -> str:
    return channels.send(Written(to, f"Subject: {number}\r\n\r\n.{number}\r\n".encode()), server.url, "mail.test").kind


def test_mails_go_over_one_connection(server: Server) -> None:
    assert [send(server, number) for number in range(3)] == ["sent"] * 3
    assert (server.connections, len(server.texts)) == (1, 3)


@pytest.mark.parametrize("answer", ["", "421 too long idle"])
def test_a_kept_connection_that_ended_is_replaced_and_the_mail_goes_once(server: Server, answer: str) -> None:
    server.say["mail"] = ["250 fine", answer]
    assert [send(server, 1), send(server, 2)] == ["sent", "sent"]
    assert (server.connections, len(server.texts)) == (2, 2)


def test_a_connection_that_ends_after_the_text_may_have_sent_it_so_this_call_does_not_send_it_again(
    server: Server,
) -> None:
    server.say["data"] = ["250 fine", ""]
    assert [send(server, 1), send(server, 2), send(server, 3)] == ["sent", "away", "sent"]
    assert (server.connections, len(server.texts)) == (2, 3)


def test_a_new_connection_that_ends_is_not_tried_again_at_once(server: Server) -> None:
    server.say["mail"] = ["", "250 fine"]
    assert send(server, 1) == "away"
    assert server.connections == 1


def test_a_refused_mail_does_not_disturb_the_next_one(server: Server) -> None:
    server.say["rcpt"] = ["550 nobody here", "450 come back later"]
    assert [send(server, number) for number in range(3)] == ["refused", "later", "sent"]
    assert server.connections == 1


def test_an_idle_or_much_used_connection_is_left(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "MOST_MAILS", 2)
    assert [send(server, number) for number in range(3)] == ["sent"] * 3
    assert server.connections == 2
    monkeypatch.setattr(channels, "LONGEST_IDLE_SECONDS", 0.0)
    assert send(server, 4) == "sent"
    assert server.connections == 3


def test_a_mail_to_an_address_the_server_cannot_spell_is_refused(server: Server) -> None:
    assert send(server, 1, "åsa@example.org") == "refused"
    assert send(server, 2) == "sent"


def test_no_server_is_away() -> None:
    assert channels.send(Written("ada@example.org", b"\r\n"), "smtp://127.0.0.1:1", "mail.test").kind == "away"
