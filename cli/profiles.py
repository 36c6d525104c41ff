"""Team profiles as files: check them, see what they would change, apply them, and go back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import yaml

from cli.api import Refused, team
from cli.desk import Desk, example, pass_desk
from cli.lines import Document, Unreadable

_FILE = click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_TEAM = click.option("--team", "team_id", help="The team; default: the one the file names.")
_REPLACE = click.option("--replace", is_flag=True, help="Put it in the place of another draft that waits there.")


@click.group()
def profile() -> None:
    """Team profiles: YAML files under version control, checked and applied here."""


@profile.command("lint", epilog=example("casework profile lint deploy/profiles/extend.yaml"))
@_FILE
@_TEAM
@pass_desk
def lint(desk: Desk, path: Path, team_id: str | None) -> None:
    """Check a file as the installation would, without saving it. Faults are told as `file:line: message`."""
    document = _read(desk, path)
    found = desk.api.call("POST", team(_team(document, team_id), "/profile/lint"), {"profile": document.data})
    _tell_findings(desk, document, found["errors"], found["warnings"])


@profile.command("dry-run", epilog=example("casework profile dry-run deploy/profiles/extend.yaml"))
@_FILE
@_TEAM
@_REPLACE
@pass_desk
def dry_run(desk: Desk, path: Path, team_id: str | None, replace: bool) -> None:
    """Save the file as the team's draft and tell what applying it would change."""
    document = _read(desk, path)
    place = team(_team(document, team_id), "/profile/draft")
    _save_draft(desk, document, place, replace)
    found = desk.api.call("POST", f"{place}/dry-run", {})
    if found["errors"]:
        _tell_findings(desk, document, found["errors"], found["warnings"])
    if desk.as_json:
        desk.show(found, "")
        return
    for warning in found["warnings"]:
        click.echo(_finding(document, "warning", warning), err=True)
    for one in found["differences"]:
        click.echo(f"{one['change']:9} {one['pointer']}: {_short(one['before'])} -> {_short(one['after'])}")
    for one in found["consequences"]:
        click.echo(f"{one['kind']:9} {one['key']}: {one['detail']}")
    for one in found["open_cases"] or []:
        click.echo(f"open cases: {_short(one)}")
    if not found["differences"]:
        click.echo("Nothing would change.")


@profile.command(
    "apply", epilog=example("casework profile apply deploy/profiles/extend.yaml --comment 'New priorities'")
)
@_FILE
@_TEAM
@_REPLACE
@click.option("--comment", help="What this change is for; kept with the version.")
@click.option("--accept-open-cases", is_flag=True, help="Also when open cases lose a type, topic, priority or product.")
@pass_desk
def apply(desk: Desk, /, path: Path, team_id: str | None, replace: bool, **more: Any) -> None:
    """Make the file the team's profile; the first one founds the team (operators)."""
    document = _read(desk, path)
    wanted = _team(document, team_id)
    try:
        if _missing(desk, team(wanted, "/profile")):
            told = desk.api.call("PUT", team(wanted, "/profile"), {"profile": document.data})
        else:
            _save_draft(desk, document, team(wanted, "/profile/draft"), replace)
            asked = {name: value for name, value in more.items() if value}
            told = desk.api.call("POST", team(wanted, "/profile/draft/apply"), asked)
    except Refused as refused:
        errors = refused.problem.get("errors") or []
        if refused.status != 422 or not errors:
            raise
        _tell_findings(desk, document, errors, [])
        raise
    desk.show(told, f"{told['name']} has this profile now, version {told['profile_version']}.")


@profile.command("export", epilog=example("casework profile export extend > extend.yaml"))
@click.argument("team_id", metavar="TEAM")
@click.option("--version", type=int, help="An earlier one; default: the present.")
@pass_desk
def export(desk: Desk, team_id: str, version: int | None) -> None:
    """Write a team's profile as YAML (with --json as JSON)."""
    told = desk.api.get(team(team_id, f"/profile/versions/{version}" if version else "/profile"))
    document = told["profile"]
    desk.show(document, yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120).rstrip("\n"))


@profile.command("history", epilog=example("casework profile history extend"))
@click.argument("team_id", metavar="TEAM")
@pass_desk
def history(desk: Desk, team_id: str) -> None:
    """Every profile the team ever had."""
    versions = desk.api.each(team(team_id, "/profile/versions"), limit=100)
    desk.table(versions, ("version", "applied_at", "applied_by", "comment"))


@profile.command("rollback", epilog=example("casework profile rollback extend 3 --comment 'Back to spring'"))
@click.argument("team_id", metavar="TEAM")
@click.argument("version", type=int)
@click.option("--comment", help="Why; kept with the new version.")
@pass_desk
def rollback(desk: Desk, team_id: str, version: int, comment: str | None) -> None:
    """Apply an earlier profile again, as a new version."""
    asked = {"version": version} | ({"comment": comment} if comment else {})
    told = desk.api.call("POST", team(team_id, "/profile/rollback"), asked)
    desk.show(told, f"{told['name']} has the profile of version {version} again, as version {told['profile_version']}.")


def _read(desk: Desk, path: Path) -> Document:
    try:
        return Document(path)
    except Unreadable as error:
        told = {"errors": [{"file": str(path), "line": error.line, "detail": str(error)}], "warnings": []}
        desk.show(told, f"{path}:{error.line}: error: {error}")
        raise SystemExit(1) from None


def _team(document: Document, wanted: str | None) -> str:
    name = wanted or document.data.get("team")
    if not isinstance(name, str) or not name:
        raise click.UsageError("The file names no team; say --team.")
    return name


def _missing(desk: Desk, path: str) -> bool:
    """Whether the team has no profile yet."""
    try:
        desk.api.get(path)
    except Refused as refused:
        if refused.status == 404:
            return True
        raise
    return False


def _save_draft(desk: Desk, document: Document, place: str, replace: bool) -> None:
    """Make the file the team's draft. There is one a team; another person's is replaced only on demand."""
    etag = desk.api.etag(place)
    if etag is not None and not replace:
        draft = desk.api.get(place)
        if draft["profile"] != document.data:
            whose = f"saved {draft['saved_at']} by {draft['saved_by']}"
            detail = f"Another draft waits there, {whose}. With --replace this one takes its place."
            raise Refused(409, {"code": "draft_exists", "detail": detail})
    desk.api.call("PUT", place, {"profile": document.data}, headers={"If-Match": etag} if etag else {})


def _tell_findings(
    desk: Desk, document: Document, errors: list[dict[str, Any]], warnings: list[dict[str, Any]]
) -> None:
    """Every fault with its place; ends with 1 when there are errors."""
    if desk.as_json:
        placed = {
            "errors": [_placed(document, one) for one in errors],
            "warnings": [_placed(document, one) for one in warnings],
        }
        desk.show(placed, "")
    else:
        for one in errors:
            click.echo(_finding(document, "error", one))
        for one in warnings:
            click.echo(_finding(document, "warning", one))
        if not errors:
            click.echo(f"{document.path}: nothing wrong.")
    if errors:
        raise SystemExit(1)


def _placed(document: Document, one: dict[str, Any]) -> dict[str, Any]:
    pointer = str(one.get("pointer", "")).removeprefix("/profile")
    return one | {"file": str(document.path), "line": document.line(pointer), "pointer": pointer}


def _finding(document: Document, kind: str, one: dict[str, Any]) -> str:
    placed = _placed(document, one)
    return f"{placed['file']}:{placed['line']}: {kind}: {placed['detail']} [{placed['rule']}]"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
