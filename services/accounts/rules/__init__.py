"""The decisions of accounts: pure functions, no clock, no database, no broker. ``rules.people.same_person``."""

from services.accounts.rules import (
    agreements,
    attempts,
    audit,
    joining,
    names,
    oidc,
    passwords,
    people,
    profile_changes,
    profile_defaults,
    profile_parts,
    profiles,
    roles,
    sessions,
    standing,
    tokens,
)

__all__ = [
    "agreements",
    "attempts",
    "audit",
    "joining",
    "names",
    "oidc",
    "passwords",
    "people",
    "profile_changes",
    "profile_defaults",
    "profile_parts",
    "profiles",
    "roles",
    "sessions",
    "standing",
    "tokens",
]
