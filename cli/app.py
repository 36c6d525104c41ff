"""The commands' root: where to, as whom, and what the exit code means."""

from __future__ import annotations

import json
import socket
import sys
from typing import Any

import click

from cli import audit, people, profiles, server, tokens
from cli.api import Api, Refused, Unreachable
from cli.desk import Desk, example, pass_desk
from cli.session import Session

DEFAULT_URL = "http://127.0.0.1:8400"
REFUSED, NOT_REACHABLE = 1, 3

_NEXT = {
    401: "Sign in with `casework login`, or set CASEWORK_TOKEN.",
    403: "Ask somebody who may do this, or sign in as another person.",
    409: "Look at it again, then repeat the command.",
    412: "Somebody changed it meanwhile. Look at it again, then repeat the command.",
    429: "Wait a while, then repeat the command.",
}


class Sentences(click.Group):
    """Tells a refusal in sentences (or as JSON) on stderr, and ends with 1, or 3 when nobody answers."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Refused as refused:
            _tell(ctx, {"status": refused.status, **refused.problem}, _sentences(refused))
            ctx.exit(REFUSED)
        except Unreachable as away:
            _tell(ctx, {"status": 0, "detail": str(away)}, [str(away), "Check --url or CASEWORK_URL, and the network."])
            ctx.exit(NOT_REACHABLE)


def _tell(ctx: click.Context, problem: dict[str, Any], sentences: list[str]) -> None:
    as_json = bool(ctx.params.get("as_json"))
    click.echo(json.dumps(problem, ensure_ascii=False) if as_json else "\n".join(sentences), err=True)


def _sentences(refused: Refused) -> list[str]:
    told = [f"casework: {refused} [{refused.problem.get('code', refused.status)}]"]
    for error in refused.problem.get("errors") or []:
        told.append(f"  {error.get('pointer') or error.get('parameter', '')}: {error.get('detail', '')}")
    if refused.status in _NEXT:
        told.append(_NEXT[refused.status])
    if refused.problem.get("request_id"):
        told.append(f"Request {refused.problem['request_id']}.")
    return told


EXAMPLES = example(
    """
casework --url https://support.example.org login
casework teams list
casework --json audit list extend --action membership.changed
"""
)


@click.group(cls=Sentences, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", envvar="CASEWORK_URL", help="The installation's address. Default: where you are signed in.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, for programs.")
@click.option("--token", envvar="CASEWORK_TOKEN", hidden=True)
@click.pass_context
def main(ctx: click.Context, url: str | None, as_json: bool, token: str | None) -> None:
    """Run a Casework installation from the command line.

    CASEWORK_URL names the installation, CASEWORK_TOKEN an API token; `login` keeps a session instead. Exit codes: 0
    done, 1 refused (or something is wrong), 2 the command was not understood, 3 nobody answers.
    """
    session = Session()
    ctx.obj = Desk(Api(url or session.url or DEFAULT_URL, session, token or ""), as_json)


@main.command(epilog=example("casework --url https://support.example.org login --user operator"))
@click.option("--user", prompt="User name or e-mail address", help="Who.")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password (and a code in the next line) from standard input."
)
@pass_desk
def login(desk: Desk, user: str, password_stdin: bool) -> None:
    """Sign in, and stay signed in on this machine."""
    password = _password("Password", password_stdin)
    asked = {"login": user, "password": password, "device": f"casework on {socket.gethostname()}"[:80]}
    try:
        told = desk.api.ask("POST", "/v1/sessions", asked)
    except Refused as refused:
        if refused.problem.get("code") != "code_required":
            raise
        told = desk.api.ask("POST", "/v1/sessions", asked | {"code": _code(password_stdin)})
    desk.api.session.save(desk.api.url, told)
    desk.show({"user": told["user"], "url": desk.api.url}, f"Signed in to {desk.api.url} as {told['user']['name']}.")


@main.command(epilog=example("casework logout"))
@pass_desk
def logout(desk: Desk) -> None:
    """End the session, here and on the server."""
    if desk.api.session.exists(desk.api.url):
        try:
            desk.api.call("DELETE", "/v1/sessions/current")
        except Refused as refused:
            if refused.status != 401:  # it has ended already
                raise
    desk.api.session.forget()
    desk.show({"signed_in": False}, "Signed out.")


@main.command(epilog=example("casework whoami"))
@pass_desk
def whoami(desk: Desk) -> None:
    """Who the commands act as."""
    me = desk.api.get("/v1/me")
    kind = "operator" if me["operator"] else "no operator"
    desk.show(me, f"{me['user']['name']} ({me['user']['user_name']}, {kind}) at {desk.api.url}")


@main.command(
    epilog=example("python -m services.accounts first-operator    # on the server; prints the token\ncasework setup")
)
@click.option("--token", "link", prompt="One-time token", help="What `first-operator` printed (or its whole link).")
@click.option("--user-name", prompt="User name", help="How to sign in.")
@click.option("--email", prompt="E-mail address", help="Where letters go.")
@click.option("--name", prompt="Name", help="How people call you.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@pass_desk
def setup(desk: Desk, /, link: str, password_stdin: bool, **person: str) -> None:
    """Create the first administrator of a new installation."""
    password = _password("Password (at least 12 characters)", password_stdin, confirm=True)
    asked = person | {"token": link.rpartition("#")[2], "password": password}
    told = desk.api.ask("POST", "/v1/operators/first", asked)
    desk.show(told, f"{told['name']} now runs this installation. Next: casework login --user {told['user_name']}")


def _password(prompt: str, from_stdin: bool, confirm: bool = False) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True))


def _code(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().strip()
    return str(click.prompt("Code of your authenticator app", err=True)).strip()


@main.group()
def teams() -> None:
    """Product teams."""


@teams.command("list", epilog=example("casework teams list"))
@pass_desk
def list_teams(desk: Desk) -> None:
    """The teams you may enter; operators see all."""
    desk.table(desk.api.each("/v1/teams", limit=100), ("id", "name", "locale", "profile_version"))


for group in (profiles.profile, people.users, people.agents, people.organizations, tokens.tokens, tokens.keys):
    main.add_command(group)
main.add_command(server.parked)
main.add_command(audit.audit)
