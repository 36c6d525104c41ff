"""The saved session: who is signed in where. The file is readable by its owner only."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

EARLY_SECONDS = 30  # a token this close to its end is renewed before it is used


def default_path() -> Path:
    """``~/.config/casework/session.json``, or where XDG_CONFIG_HOME says."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "casework" / "session.json"


class Session:
    """What ``casework login`` keeps: the address and its tokens, never the password."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self._kept = self._load()

    def _load(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def url(self) -> str:
        """Where one is signed in; empty when nowhere."""
        return str(self._kept.get("url", ""))

    @property
    def access_token(self) -> str:
        """The bearer token."""
        return str(self._kept.get("access_token", ""))

    @property
    def refresh_token(self) -> str:
        """What is exchanged for the next one."""
        return str(self._kept.get("refresh_token", ""))

    def exists(self, url: str) -> bool:
        """Whether one is signed in there: a token is never sent to another address."""
        return bool(self.access_token) and self.url == url.rstrip("/")

    def is_stale(self) -> bool:
        """Whether the access token is (nearly) over."""
        return bool(self.refresh_token) and float(self._kept.get("expires_at", 0)) - EARLY_SECONDS < time.time()

    def save(self, url: str, told: dict[str, Any]) -> None:
        """Keep what POST /v1/sessions told."""
        with self._locked():
            self._write(url, told)

    def refresh(self, exchange: Callable[[str], dict[str, Any]]) -> None:
        """Get fresh tokens; one process at a time, because a refresh token used twice ends the session."""
        spent = self.refresh_token
        with self._locked():
            self._kept = self._load()
            if self.refresh_token == spent:
                self._write(self.url, exchange(spent))

    def forget(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)
        self._kept = {}

    def _write(self, url: str, told: dict[str, Any]) -> None:
        self._kept = {
            "url": url.rstrip("/"),
            "session_id": told["id"],
            "access_token": told["access_token"],
            "refresh_token": told["refresh_token"],
            "expires_at": time.time() + told["expires_seconds"],
        }
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(self._kept, file)
        fresh.replace(self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
