"""Secrets of one stack: made once, from the operating system's randomness, kept in one file of mode 0600."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields

from deploy.local.home import Home
from deploy.local.ports import SERVICES

BROKER_USERS = (*SERVICES, "gateway", "mailroom", "operator")


def _word() -> str:
    """24 random bytes, safe inside URLs, SQL quotes and shell lines."""
    return base64.urlsafe_b64encode(secrets.token_bytes(24)).decode().replace("-", "x").replace("_", "y")


def _key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True)
class Secrets:
    """Every secret of a stack. `database` and `broker` map a name to its password."""

    superuser: str = field(default_factory=_word)
    database: dict[str, str] = field(default_factory=lambda: {name: _word() for name in SERVICES})
    broker: dict[str, str] = field(default_factory=lambda: {name: _word() for name in BROKER_USERS})
    erlang_cookie: str = field(default_factory=_word)
    s3_access_key: str = field(default_factory=lambda: secrets.token_hex(10))
    s3_secret_key: str = field(default_factory=_word)
    s3_operator_access_key: str = field(default_factory=lambda: secrets.token_hex(10))
    s3_operator_secret_key: str = field(default_factory=_word)
    s3_signing_key: str = field(default_factory=_word)
    secret_key: str = field(default_factory=_key)
    operator_password: str = field(default_factory=_word)

    @classmethod
    def of(cls, home: Home) -> "Secrets":
        """Read the secrets of a state folder; what is missing is made and written first."""
        known = json.loads(home.secrets.read_text()) if home.secrets.exists() else {}
        found = cls(**{item.name: known[item.name] for item in fields(cls) if item.name in known})
        for grown, names in ((found.database, SERVICES), (found.broker, BROKER_USERS)):
            for name in names:
                grown.setdefault(name, _word())
        if asdict(found) != known:
            _write(home, found)
        return found


def _write(home: Home, found: Secrets) -> None:
    """Replace the file in one step, never readable by others, not even for a moment."""
    fresh = home.secrets.with_suffix(f".{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(found), file, indent=1)
    fresh.replace(home.secrets)
