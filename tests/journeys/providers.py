"""Two providers to sign in at: a real one in a process of its own, and a hostile one that signs whatever it is told."""

from __future__ import annotations

import base64
import hmac
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.parts import eventually


class Provider:
    """oidc-provider-mock: discovery, PKCE, codes, RS256."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"

    def knows(self, subject: str, **claims: Any) -> None:
        """Somebody has an account there."""
        assert requests.put(f"{self.issuer}/users/{subject}", json=claims, timeout=5).status_code == 204

    def visit(self, authorization_url: str, subject: str) -> str:
        """He signs in there and agrees; the code his browser brings back."""
        answer = requests.post(authorization_url, data={"sub": subject}, timeout=5, allow_redirects=False)
        assert answer.status_code == 302, answer.text[:500]
        asked, told = _query(authorization_url), _query(answer.headers["Location"])
        assert told["state"] == asked["state"]
        return told["code"]


def _query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@contextmanager
def real_provider(port: int) -> Iterator[Provider]:
    """The process; it ends with the block."""
    program = str(Path(sys.executable).with_name("oidc-provider-mock"))
    process = subprocess.Popen([program, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    made = Provider(port)
    try:
        eventually(lambda: _answers(made.issuer), 20, "the provider answers")
        yield made
    finally:
        process.terminate()
        process.wait(10)


def _answers(issuer: str) -> bool:
    try:
        return requests.get(f"{issuer}/.well-known/openid-configuration", timeout=2).ok
    except requests.RequestException:
        return False


def _b64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


class Hostile:
    """Its code says what the ID token shall hold, and how it is signed."""

    key = RSAKey.generate_key(2048, {"kid": "h1"})
    stranger = RSAKey.generate_key(2048, {"kid": "h1"})

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def code(self, authorization_url: str, **changes: Any) -> str:
        """A code for these claims; None leaves one out. ``signed``: how (rightly when not said)."""
        asked, now = _query(authorization_url), int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": asked["client_id"],
            "sub": "mallory",
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 300,
        }
        return base64.urlsafe_b64encode(json.dumps({**claims, **changes}).encode()).decode()

    def token(self, code: str) -> str:
        """The ID token."""
        claims = {
            name: value for name, value in json.loads(base64.urlsafe_b64decode(code)).items() if value is not None
        }
        how = claims.pop("signed", "")
        if how in ("none", "HS256"):
            head = b".".join(_b64(json.dumps(part).encode()) for part in ({"alg": how, "kid": "h1"}, claims))
            mac = hmac.digest(self.key.as_pem(private=False), head, "sha256") if how == "HS256" else b""
            return (head + b"." + _b64(mac)).decode()
        key = self.stranger if how == "stranger" else self.key
        header = {"alg": "RS256", "kid": "h2" if how == "unknown kid" else "h1"}
        if how == "jwk":
            return jwt.encode({**header, "jwk": self.stranger.as_dict(private=False)}, claims, self.stranger)
        return jwt.encode(header, claims, key)


def _handler(made: Hostile) -> type[BaseHTTPRequestHandler]:
    documents: dict[str, Any] = {"/keys": {"keys": [made.key.as_dict(private=False)]}}
    at = {name: f"{made.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint")}
    discovered = {"issuer": made.issuer, **at, "jwks_uri": f"{made.issuer}/keys"}
    misbehaviour = {
        "redirect": ({}, 307),
        "huge": ({"id_token": "x" * 1_000_000}, 200),
        "refused": ({"error": "invalid_grant"}, 400),
        "broken": ({}, 500),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(documents.get(self.path, discovered), 200)

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            code = form["code"][0]
            self._say(*misbehaviour.get(code) or ({"id_token": made.token(code)}, 200))

        def _say(self, told: Any, status: int) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status == 307:
                self.send_header("Location", "http://169.254.169.254/latest")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quietly."""

    return Handler


@contextmanager
def hostile_provider(port: int) -> Iterator[Hostile]:
    """A thread of this process; it ends with the block."""
    made = Hostile(f"http://127.0.0.1:{port}")

    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(made))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
