"""Every SELECT of accounts, one module per kind of thing: ``queries.people.list_users``."""

from services.accounts.queries import (
    access,
    agreements,
    audit,
    installation,
    joining,
    oidc,
    operators,
    passwords,
    people,
    places,
    profiles,
    queues,
    roles,
    sessions,
    sight,
    tokens,
)

__all__ = [
    "access",
    "agreements",
    "audit",
    "installation",
    "joining",
    "oidc",
    "operators",
    "passwords",
    "people",
    "places",
    "profiles",
    "queues",
    "roles",
    "sessions",
    "sight",
    "tokens",
]
