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
        "Its password; set anew at every start when it differs. Empty: no such account is made.", "", secret=True
    )
    operator_email: str = setting("Its e-mail address.", "operator@example.invalid")
