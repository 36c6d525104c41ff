"""The tables of accounts, and nothing else."""

from services.accounts.tables.agreements import contract_versions, contracts, partnerships
from services.accounts.tables.audit import audit_checkpoints, audit_entries, audit_heads, audit_keys
from services.accounts.tables.identity import (
    attempts,
    contexts,
    known_places,
    refresh_tokens,
    sessions,
    signing_keys,
    users,
)
from services.accounts.tables.joining import contacts, invitations, joining_counts, registrations, user_requests
from services.accounts.tables.operators import operator_tokens
from services.accounts.tables.passwords import mailed_links, password_wishes, recovery_codes, second_factors
from services.accounts.tables.places import memberships, organizations, team_profiles, teams
from services.accounts.tables.profiles import profile_drafts
from services.accounts.tables.queues import queue_agents, queues
from services.accounts.tables.registry import metadata
from services.accounts.tables.roles import roles
from services.accounts.tables.tokens import api_tokens, begun_sign_ins, identities, identity_providers

__all__ = [
    "api_tokens",
    "attempts",
    "audit_checkpoints",
    "audit_entries",
    "audit_heads",
    "audit_keys",
    "begun_sign_ins",
    "contacts",
    "contexts",
    "contract_versions",
    "contracts",
    "identities",
    "identity_providers",
    "invitations",
    "joining_counts",
    "known_places",
    "mailed_links",
    "memberships",
    "metadata",
    "operator_tokens",
    "organizations",
    "partnerships",
    "password_wishes",
    "profile_drafts",
    "queue_agents",
    "queues",
    "recovery_codes",
    "refresh_tokens",
    "registrations",
    "roles",
    "second_factors",
    "sessions",
    "signing_keys",
    "team_profiles",
    "teams",
    "user_requests",
    "users",
]
