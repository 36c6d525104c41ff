"""Signing in at an installation that also wants a code, over a real connection."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.app import main

TOLD = {"id": "ses_1", "access_token": "a", "refresh_token": "r", "expires_seconds": 600, "user": {"name": "Ada"}}


class Door(BaseHTTPRequestHandler):
    """Lets in who knows the code."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked.get("code") == "123456":
            self._answer(201, TOLD)
        else:
            self._answer(401, {"code": "code_required", "detail": "Send the code of your authenticator app, too."})

    def _answer(self, status: int, told: object) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("code", "exit_code"), [("123456", 0), ("000000", 1)])
def test_the_code_is_asked_for(
    url: str, code: str, exit_code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    words = ["--url", url, "login", "--user", "ada", "--password-stdin"]
    done = CliRunner().invoke(main, words, input=f"swordfish\n{code}\n")
    assert done.exit_code == exit_code, done.output
    assert (tmp_path / "casework" / "session.json").exists() is (exit_code == 0)
    assert "swordfish" not in done.output
