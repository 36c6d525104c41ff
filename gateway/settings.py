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
