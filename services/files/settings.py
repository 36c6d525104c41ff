"""Settings of the file service."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from services.chassis.settings import ServiceSettings, load, setting


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """Where the bytes lie."""

    s3_endpoint: str = setting("Where this service reaches the object store, such as http://store:8333.")
    s3_public_url: str = setting(
        "Where clients and the gateway reach the same store; presigned addresses begin with it."
    )
    s3_access_key: str = setting("Access key of the object store.", secret=True)
    s3_secret_key: str = setting("Secret key of the object store.", secret=True)
    s3_bucket: str = setting("The one bucket of all teams.", "casework")


@cache
def settings() -> Settings:
    """This process' settings, read at first use."""
    return load(Settings)
