"""The record of who did what: list it, keep a copy, and prove that nothing in it was changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import click

from cli.api import Api, team
from cli.chain import Chain, Entry
from cli.desk import Desk, example, pass_desk

PAGE = 1000
_SHOWN = ("seq", "at", "actor_id", "action", "object_id", "detail")
_CHAIN = click.argument("team_id", metavar="[TEAM]", required=False)


def _path(team_id: str | None, rest: str = "") -> str:
    return team(team_id, f"/audit{rest}") if team_id else f"/v1/audit{rest}"


@click.group()
def audit() -> None:
    """Who did what in a team; without TEAM: in the installation (operators)."""


@audit.command("list", epilog=example("casework audit list extend --action membership.changed --most 20"))
@_CHAIN
@click.option("--actor", help="Only what this person did (user_…).")
@click.option("--object", "object_", help="Only what was done to this thing.")
@click.option("--action", help="Only this, such as membership.changed.")
@click.option("--after", type=int, help="Only entries with a greater number.")
@click.option("--most", type=click.IntRange(1, 1000), default=50, show_default=True)
@pass_desk
def list_entries(desk: Desk, /, team_id: str | None, object_: str | None, most: int, **filters: Any) -> None:
    """The newest entries first."""
    told = desk.api.get(_path(team_id), object=object_, limit=most, **filters)
    desk.table(told["data"], _SHOWN)


@audit.command("export", epilog=example("casework audit export extend --to extend-audit.jsonl"))
@_CHAIN
@click.option("--to", type=click.File("w", encoding="utf-8"), required=True, help="The file; - is standard output.")
@pass_desk
def export(desk: Desk, team_id: str | None, to: TextIO) -> None:
    """Write the whole chain with its checkpoints and public keys, one JSON document a line."""
    marks = _checkpoints(desk.api, team_id)
    to.write(json.dumps({"kind": "chain", "team_id": team_id, "keys": marks["keys"]}) + "\n")
    for mark in marks["data"]:
        to.write(json.dumps({"kind": "checkpoint", **mark}) + "\n")
    with desk.progress() as progress:
        for entry in progress.track(_entries(desk.api, team_id), total=marks["head_seq"], description="Exporting"):
            to.write(json.dumps({"kind": "entry", **entry}, ensure_ascii=False) + "\n")


@audit.command(
    "verify",
    epilog=example(
        "casework audit verify extend\n"
        "casework audit verify extend --keys extend-audit.jsonl   # trust only keys you kept\n"
        "casework audit verify --file extend-audit.jsonl          # offline"
    ),
)
@_CHAIN
@click.option("--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="An exported file.")
@click.option(
    "--keys", "kept", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file exported earlier."
)
@pass_desk
def verify(desk: Desk, team_id: str | None, path: Path | None, kept: Path | None) -> None:
    """Recompute the whole chain; names the place of every row that was changed, dropped or moved.

    With --keys only checkpoints signed by keys of that earlier export count, and its own checkpoints must still hold.
    """
    if path and team_id:
        raise click.UsageError("Either TEAM or --file.")
    chain = _from_file(path, kept) if path else _from_api(desk, team_id, kept)
    told = {
        "ok": not chain.findings,
        "team_id": chain.team_id,
        "entries": chain.seq,
        "checkpoints": len(chain.checkpoints),
        "findings": [{"seq": one.seq, "detail": one.what} for one in chain.findings],
    }
    sentences = [str(one) for one in chain.findings] or [
        f"{chain.name}: {chain.seq} entries and {len(chain.checkpoints)} checkpoints, all as they were written."
    ]
    desk.show(told, "\n".join(sentences))
    if chain.findings:
        raise SystemExit(1)


def _from_api(desk: Desk, team_id: str | None, kept: Path | None) -> Chain:
    marks = _checkpoints(desk.api, team_id)
    chain = Chain(team_id, marks["keys"])
    _trust(chain, kept)
    chain.know(marks["data"])
    with desk.progress() as progress:
        for entry in progress.track(_entries(desk.api, team_id), total=marks["head_seq"], description="Verifying"):
            chain.take(entry)
    chain.finish(marks["head_seq"])
    return chain


def _from_file(path: Path, kept: Path | None) -> Chain:
    lines = _lines(path)
    first = next(lines, {})
    if first.get("kind") != "chain":
        raise click.UsageError(f"{path} is no exported chain.")
    chain = Chain(first["team_id"], first["keys"])
    _trust(chain, kept)
    for line in lines:
        if line.pop("kind") == "checkpoint":
            chain.know([line])
        else:
            chain.take(line)
    chain.finish()
    return chain


def _trust(chain: Chain, kept: Path | None) -> None:
    """Believe only the keys of an earlier export, and expect its checkpoints."""
    if kept is None:
        return
    lines = list(_lines(kept))
    chain.keys = lines[0]["keys"]
    chain.know(line for line in lines if line["kind"] == "checkpoint")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                told = json.loads(line)
            except ValueError:
                raise click.UsageError(f"{path}:{number}: this line is no JSON.") from None
            if isinstance(told, dict):
                yield told


def _checkpoints(api: Api, team_id: str | None) -> dict[str, Any]:
    """All checkpoints, with the keys and the head."""
    told: dict[str, Any] = api.get(_path(team_id, "/checkpoints"), limit=PAGE)
    last = told
    while last["next_cursor"]:
        last = api.get(_path(team_id, "/checkpoints"), limit=PAGE, cursor=last["next_cursor"])
        told["data"] += last["data"]
    return told


def _entries(api: Api, team_id: str | None) -> Iterator[Entry]:
    """The whole chain, oldest first."""
    return api.each(_path(team_id), order="oldest", limit=PAGE)
