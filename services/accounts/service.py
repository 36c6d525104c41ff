"""The entrypoints of accounts: this message leads to this function."""

from __future__ import annotations

from services.accounts import commands, queries
from services.accounts.settings import Settings
from services.chassis.entrypoints import rpc, timer
from services.contracts import accounts as c


class Service:
    """Identity, teams and their profiles, organizations, memberships, sessions."""

    name = "accounts"
    settings = Settings
    prepare = staticmethod(commands.prepare)
    subcommands = {"republish": commands.republish_all}  # noqa: RUF012 - read by the runner

    # Sessions. Passwords and tokens must not be kept under an idempotency key.
    sign_in = rpc(c.SignIn, commands.sign_in, look=commands.prove_password, keyed=False)
    refresh_session = rpc(c.RefreshSession, commands.refresh_session, keyed=False)
    end_session = rpc(c.EndSession, commands.end_session)
    list_sessions = rpc(c.ListSessions, queries.list_sessions)
    read_keys = rpc(c.ReadKeys, queries.read_keys)
    read_me = rpc(c.ReadMe, queries.read_me)

    # Teams and their profiles.
    list_teams = rpc(c.ListTeams, queries.list_teams)
    read_profile = rpc(c.ReadProfile, queries.read_profile)
    apply_profile = rpc(c.ApplyProfile, commands.apply_profile)

    # Organizations and people.
    add_organization = rpc(c.AddOrganization, commands.add_organization)
    read_organization = rpc(c.ReadOrganization, queries.read_organization)
    list_organizations = rpc(c.ListOrganizations, queries.list_organizations)
    add_user = rpc(c.AddUser, commands.add_user)
    add_agent = rpc(c.AddAgent, commands.add_agent)
    list_users = rpc(c.ListUsers, queries.list_users)
    list_agents = rpc(c.ListAgents, queries.list_agents)
    change_membership = rpc(c.ChangeMembership, commands.change_membership)

    purge = timer(seconds=300, do=commands.purge)
