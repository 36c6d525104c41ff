"""Typed settings from the environment: read once, every error told at once, reference generated.

A service declares a frozen dataclass; each field's metadata holds its sentence::

    @dataclass(frozen=True)
    class Settings(Common):
        s3_endpoint: str = setting("Where the object store answers, such as http://store:8333.")

The field ``s3_endpoint`` is read from ``CASEWORK_S3_ENDPOINT``, or from the file that ``CASEWORK_S3_ENDPOINT_FILE``
names (for secrets).
"""

from __future__ import annotations

import dataclasses
import os
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any, TypeVar

PREFIX = "CASEWORK_"
S = TypeVar("S")


def setting(sentence: str, default: Any = MISSING, *, secret: bool = False) -> Any:
    """One setting. Without a default it is required; a secret never shows in ``repr``."""
    more = {} if default is MISSING else {"default": default}
    return dataclasses.field(repr=not secret, metadata={"sentence": sentence, "secret": secret}, **more)


class SettingsError(SystemExit):
    """Some settings are missing or wrong; the message lists all of them."""


@dataclass(frozen=True, kw_only=True)
class Common:
    """Settings of every process."""

    amqp_url: str = setting("The broker: amqp://user:password@host:port/vhost.", secret=True)
    public_url: str = setting("The address clients use; links in mails begin with it.", "http://127.0.0.1:8400")
    log_format: str = setting("json or console.", "json")
    log_level: str = setting("DEBUG, INFO, WARNING or ERROR.", "INFO")
    health_host: str = setting("Where /livez, /readyz and /metrics listen.", "127.0.0.1")
    health_port: int = setting("Port of /livez, /readyz and /metrics; 0 is off.", 0)


@dataclass(frozen=True, kw_only=True)
class ServiceSettings(Common):
    """Settings of every service process."""

    database_url: str = setting("The service's own database: postgresql+psycopg2://…", secret=True)
    workers: int = setting("Requests one process works on at a time; also its database connections.", 10)
    retry_pauses: str = setting(
        "Seconds before the 2nd, 3rd ... try of a failed event; then it is parked.", "1,5,15,60"
    )
    stop_seconds: int = setting("How long a stopping process may finish what it began.", 20)

    @property
    def pauses(self) -> tuple[float, ...]:
        """``retry_pauses`` as numbers of seconds."""
        return tuple(float(part) for part in self.retry_pauses.split(","))


def load(kind: type[S], environment: Mapping[str, str] | None = None) -> S:
    """Read ``kind`` from the environment. Raises SettingsError naming every missing and every wrong value."""
    source = os.environ if environment is None else environment
    kinds = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        name = PREFIX + field.name.upper()
        try:
            text = _text_of(name, source)
            if text is not None:
                values[field.name] = _cast(text, kinds[field.name])
            elif field.default is MISSING:
                wrong.append(f"  {name} is missing: {field.metadata['sentence']}")
        except (OSError, ValueError) as error:
            wrong.append(f"  {name} is wrong ({error}): {field.metadata['sentence']}")
    if wrong:
        raise SettingsError("These settings need attention:\n" + "\n".join(wrong))
    return kind(**values)


def _text_of(name: str, source: Mapping[str, str]) -> str | None:
    if name in source:
        return source[name]
    if name + "_FILE" in source:
        return Path(source[name + "_FILE"]).read_text(encoding="utf-8").strip()
    return None


def _cast(text: str, kind: type) -> Any:
    if kind is bool:
        if text.lower() not in ("1", "0", "true", "false", "yes", "no"):
            raise ValueError("say true or false")
        return text.lower() in ("1", "true", "yes")
    if kind is int:
        return int(text)
    return text


def reference(kind: type) -> str:
    """A Markdown table of the settings, for the generated reference."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for field in dataclasses.fields(kind):
        default = "required" if field.default is MISSING else f"`{field.default}`"
        rows.append(f"| `{PREFIX}{field.name.upper()}` | {default} | {field.metadata['sentence']} |")
    return "\n".join(rows)
