"""What accounts does: read, decide, write, record, return. One module per kind of thing."""

from services.accounts.commands.facts import republish, republish_all
from services.accounts.commands.installation import prepare
from services.accounts.commands.people import add_agent, add_user, change_membership
from services.accounts.commands.places import add_organization, apply_profile
from services.accounts.commands.sessions import end_session, prove_password, purge, refresh_session, sign_in

__all__ = [
    "add_agent",
    "add_organization",
    "add_user",
    "apply_profile",
    "change_membership",
    "end_session",
    "prepare",
    "prove_password",
    "purge",
    "refresh_session",
    "republish",
    "republish_all",
    "sign_in",
]
