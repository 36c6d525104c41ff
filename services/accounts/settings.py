"""Settings of the accounts service."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.settings import ServiceSettings, setting


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """What accounts needs besides the settings of every service."""

    secret_key: str = setting(
        "At least 32 random characters; locks the signing keys in the database, so it must never change.", secret=True
    )
    operator_name: str = setting("User name of the account that runs the installation.", "operator")
    operator_password: str = setting(
        "Its first password; changed over the API from then on. Empty: no such account is made.", "", secret=True
    )
    operator_email: str = setting("Its e-mail address.", "operator@example.invalid")
    staff_totp: str = setting(
        "off, or required: staff and operators must set up an authenticator app before they can do anything else.",
        "off",
    )
    oidc_insecure: bool = setting(
        "Identity providers may be reached by http on this machine; for development and tests.", False
    )
    audit_checkpoint_seconds: int = setting(
        "How long a growing chain of the audit record waits at most for its next signed checkpoint.", 300
    )
