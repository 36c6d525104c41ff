"""API tokens, and the keys that sign access tokens."""

from __future__ import annotations

from typing import Any

import click

from cli.api import team
from cli.desk import Desk, example, pass_desk

_MINE = "/v1/me/api-tokens"
_TEAM = click.option("--team", "team_id", help="Tokens of this team's integrations instead of your own.")


def _place(team_id: str | None) -> str:
    return team(team_id, "/service-tokens") if team_id else _MINE


@click.group()
def tokens() -> None:
    """API tokens: your own, or (with --team) those of a team's integrations."""


@tokens.command("list", epilog=example("casework tokens list --team extend"))
@_TEAM
@pass_desk
def list_tokens(desk: Desk, team_id: str | None) -> None:
    """The tokens that are alive; never the tokens themselves."""
    shown = ("id", "name", "prefix", "scopes", "last_used_at", "expires_at")
    desk.table(desk.api.each(_place(team_id), limit=100), shown)


@tokens.command("create", epilog=example("casework tokens create nightly-report --scope cases:read --team extend"))
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="Such as cases:read; may be repeated.")
@click.option("--expires", "expires_at", help="When it ends, such as 2027-01-31T00:00:00Z. Default: in 90 days.")
@click.option("--role", help="The integration's role in the team (with --team).")
@_TEAM
@pass_desk
def create(desk: Desk, /, name: str, scopes: tuple[str, ...], expires_at: str | None, **more: str | None) -> None:
    """Make a token. It is shown this once and never again."""
    team_id, role = more["team_id"], more["role"]
    if role and not team_id:
        raise click.UsageError("--role needs --team.")
    asked: dict[str, Any] = {"name": name, "scopes": list(scopes), "expires_at": expires_at, "role": role}
    asked = {key: value for key, value in asked.items() if value is not None}
    told = desk.api.call("POST", _place(team_id), asked)
    desk.show(told, told["token"])
    if not desk.as_json:
        click.echo(f"{told['id']}, until {told['expires_at']}. Keep it now; it is not shown again.", err=True)


@tokens.command("revoke", epilog=example("casework tokens revoke tok_01m7x2c4e6g8j0k2m4n6p8q0r2 --team extend"))
@click.argument("token_id", metavar="ID")
@_TEAM
@pass_desk
def revoke(desk: Desk, token_id: str, team_id: str | None) -> None:
    """Revoke a token at once."""
    desk.api.call("DELETE", f"{_place(team_id)}/{token_id}")
    desk.show({"revoked": token_id}, "Revoked. It opens nothing any more.")


@click.group()
def keys() -> None:
    """The keys that sign access tokens."""


@keys.command("rotate", epilog=example("casework keys rotate"))
@pass_desk
def rotate(desk: Desk) -> None:
    """Make a new key. It signs about a minute later, when every gateway knows it; nobody is logged out."""
    told = desk.api.call("POST", "/v1/keys/rotate", {})
    desk.show(told, "A new key is published. It signs about a minute from now; nobody is logged out.")
