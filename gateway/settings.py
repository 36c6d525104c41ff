"""The gateway's settings, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.settings import Common, setting


@dataclass(frozen=True, kw_only=True)
class GatewaySettings(Common):
    """Settings of a gateway process."""

    secret_key: str = setting(
        "Signs list cursors; the same in every gateway process, 32 random bytes or more.", secret=True
    )
    gateway_port: int = setting("Port of the public API.", 8400)
    gateway_workers: int = setting("Gateway processes.", 1)
    rpc_timeout_seconds: int = setting("How long a client waits for a service before it gets 503.", 5)
    rate_limit: int = setting(
        "Requests a minute one person (or address, when not signed in) may make of one gateway process; 0 is off.",
        600,
    )
    anonymous_rate_limit: int = setting(
        "Writing requests a minute one address may make of one gateway process without a token; 0 is off.", 60
    )
    trusted_proxies: str = setting(
        "Networks (CIDR, with commas) of the proxies before the gateway; X-Forwarded-For is believed from them alone.",
        "",
    )
    cors_origins: str = setting("Web origins (with commas) whose pages may call the API from a browser.", "")
