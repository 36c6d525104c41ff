"""People and the organizations they belong to."""

from __future__ import annotations

import sys
from urllib.parse import quote

import click

from cli.api import team
from cli.desk import Desk, example, pass_desk

_PLACE = ("id", "user.user_name", "user.name", "user.email", "role", "active")
_AGENT = (*(f"membership.{column}" for column in _PLACE), "available")
_LOGIN = ("user.id", "user.user_name", "user.name", "user.email", "operator", "active")


@click.group()
def users() -> None:
    """People of an organization, and (for operators) everybody with a login."""


@users.command("list", epilog=example("casework users list extend org_01m7x2c4e6g8j0k2m4n6p8q0r2 --q ada"))
@click.argument("team_id", metavar="TEAM")
@click.argument("organization")
@click.option("--q", help="A part of the name, user name or e-mail address.")
@pass_desk
def list_users(desk: Desk, team_id: str, organization: str, q: str | None) -> None:
    """The people of an organization, by name."""
    path = team(team_id, f"/organizations/{organization}/users")
    desk.table(desk.api.each(path, q=q, limit=100), _PLACE)


@users.command(
    "add", epilog=example("casework users add extend org_01m7x2c4e6g8j0k2m4n6p8q0r2 ada ada@example.org 'Ada Lind'")
)
@click.argument("team_id", metavar="TEAM")
@click.argument("organization")
@click.argument("user_name")
@click.argument("email")
@click.argument("name")
@click.option("--role", default="member", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the first password from standard input.")
@pass_desk
def add_user(desk: Desk, /, team_id: str, organization: str, password_stdin: bool, **person: str) -> None:
    """Register a person with a first password, or give a known one a place here."""
    path = team(team_id, f"/organizations/{organization}/users")
    told = desk.api.call("POST", path, person | {"password": _first_password(password_stdin)})
    desk.show(told, f"{told['user']['name']} has a place here: {told['id']}")


@users.command(
    "invite", epilog=example("casework users invite extend org_01m7x2c4e6g8j0k2m4n6p8q0r2 ada@example.org 'Ada'")
)
@click.argument("team_id", metavar="TEAM")
@click.argument("organization")
@click.argument("email")
@click.argument("name")
@click.option("--role", default="member", show_default=True)
@pass_desk
def invite(desk: Desk, /, team_id: str, organization: str, **person: str) -> None:
    """Send somebody a letter with a link; he chooses his own password."""
    told = desk.api.call("POST", team(team_id, "/invitations"), person | {"organization_id": organization})
    desk.show(told, f"A letter goes to {person['email']}.")


@users.command("deactivate", epilog=example("casework users deactivate extend mem_01m7x2c4e6g8j0k2m4n6p8q0r2"))
@click.argument("team_id", metavar="TEAM")
@click.argument("membership")
@pass_desk
def deactivate(desk: Desk, team_id: str, membership: str) -> None:
    """End a person's place in the team or organization. His cases stay."""
    told = desk.api.call("PATCH", team(team_id, f"/memberships/{membership}"), {"active": False})
    desk.show(told, f"{told['user']['name']} has no place here any more.")


@users.command("find", epilog=example("casework users find ada@example.org"))
@click.argument("q", metavar="PART", required=False)
@pass_desk
def find(desk: Desk, q: str | None) -> None:
    """Everybody with a login, by a PART of the name, user name or e-mail address."""
    desk.table(desk.api.each("/v1/users", q=q, limit=100), _LOGIN)


@users.command("shut", epilog=example("casework users shut user_01m7x2c4e6g8j0k2m4n6p8q0r2"))
@click.argument("user_id", metavar="USER")
@pass_desk
def shut(desk: Desk, user_id: str) -> None:
    """Shut a person out of the whole installation. Sessions and tokens end at once."""
    told = desk.api.call("PATCH", f"/v1/users/{quote(user_id, safe='')}", {"active": False})
    desk.show(told, f"{told['user']['name']} is shut out.")


@users.command("open", epilog=example("casework users open user_01m7x2c4e6g8j0k2m4n6p8q0r2"))
@click.argument("user_id", metavar="USER")
@pass_desk
def let_in(desk: Desk, user_id: str) -> None:
    """Let somebody in again who was shut out. Every place is as it was."""
    told = desk.api.call("PATCH", f"/v1/users/{quote(user_id, safe='')}", {"active": True})
    desk.show(told, f"{told['user']['name']} may sign in again.")


@users.command(
    "remove-second-factor", epilog=example("casework users remove-second-factor user_01m7x2c4e6g8j0k2m4n6p8q0r2")
)
@click.argument("user_id", metavar="USER")
@pass_desk
def remove_second_factor(desk: Desk, user_id: str) -> None:
    """Let somebody who lost app and recovery codes sign in without. Make sure first that it is that person who asks."""
    desk.api.call("DELETE", f"/v1/users/{quote(user_id, safe='')}/second-factor")
    desk.show({"removed": user_id}, "The second factor is removed, and a letter says so.")


@click.group()
def agents() -> None:
    """The team's own staff."""


@agents.command("list", epilog=example("casework agents list extend"))
@click.argument("team_id", metavar="TEAM")
@pass_desk
def list_agents(desk: Desk, team_id: str) -> None:
    """The staff, by name. The id is that of the place, which `users deactivate` ends."""
    desk.table(desk.api.each(team(team_id, "/agents"), limit=100), _AGENT)


@agents.command("add", epilog=example("casework agents add extend bo bo@example.org 'Bo Ek' --role lead"))
@click.argument("team_id", metavar="TEAM")
@click.argument("user_name")
@click.argument("email")
@click.argument("name")
@click.option("--role", default="agent", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the first password from standard input.")
@pass_desk
def add_agent(desk: Desk, /, team_id: str, password_stdin: bool, **person: str) -> None:
    """Register somebody of the staff, or give a known person a place there."""
    told = desk.api.call("POST", team(team_id, "/agents"), person | {"password": _first_password(password_stdin)})
    desk.show(told, f"{told['user']['name']} is of the staff now: {told['id']}")


@click.group()
def organizations() -> None:
    """The customers and partners of a team."""


@organizations.command("list", epilog=example("casework organizations list extend"))
@click.argument("team_id", metavar="TEAM")
@pass_desk
def list_organizations(desk: Desk, team_id: str) -> None:
    """The organizations, by name."""
    desk.table(desk.api.each(team(team_id, "/organizations"), limit=100), ("id", "name", "kind", "products"))


@organizations.command("add", epilog=example("casework organizations add extend 'Nordic Trade' --product webshop"))
@click.argument("team_id", metavar="TEAM")
@click.argument("name")
@click.option("--kind", type=click.Choice(["customer", "partner", "employees"]), default="customer", show_default=True)
@click.option("--product", "products", multiple=True, help="A product it holds; may be repeated.")
@pass_desk
def add_organization(desk: Desk, team_id: str, name: str, kind: str, products: tuple[str, ...]) -> None:
    """Register an organization."""
    asked = {"name": name, "kind": kind, "products": list(products)}
    told = desk.api.call("POST", team(team_id, "/organizations"), asked)
    desk.show(told, f"{told['name']} is registered: {told['id']}")


def _first_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("First password", hide_input=True, confirmation_prompt=True, err=True))
