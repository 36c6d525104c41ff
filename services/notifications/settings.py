"""Settings of the notification service."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from services.chassis.settings import ServiceSettings, load, setting


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """How mail leaves, and what its addresses look like."""

    smtp_url: str = setting(
        "Where mail goes: smtp://, smtp+starttls:// or smtps:// [user:password@]host:port.", secret=True
    )
    mail_domain: str = setting("The domain of our mail addresses; answers come back to reply+…@ this domain.")
    secret_key: str = setting("At least 32 random characters; reply addresses are made from it.", secret=True)


@cache
def settings() -> Settings:
    """This process' settings, read at first use."""
    return load(Settings)
