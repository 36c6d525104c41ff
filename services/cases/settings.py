"""The settings of the cases service."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from services.chassis.settings import ServiceSettings, load, setting


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """What access keys are made from."""

    secret_key: str = setting(
        "At least 32 random characters, the same as of notifications; access keys are made from it.", secret=True
    )


@cache
def settings() -> Settings:
    """This process' settings, read at first use."""
    return load(Settings)
