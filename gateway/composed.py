"""Answers put together from several services. They stay whole without each other: only the gateway asks them all."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from services.chassis.problems import Conflict, NotFound, Problem
from services.chassis.rpc import Reply
from services.contracts import accounts, cases, files

if TYPE_CHECKING:
    from flask import Response

    from gateway.app import Call, Desk


def dry_run(desk: Desk, call: Call) -> Response:
    """What a draft would do: to the profile and its people by accounts, to open cases by cases."""
    data = desk.read(call)
    reply = desk.ask(call, data)
    reply.data["open_cases"] = _open_cases(desk, call, reply.data)
    return desk.tell(call, data, reply)


def apply_draft(desk: Desk, call: Call) -> Response:
    """Apply a draft unless open cases would lose what they have. Raises Conflict ``open_cases_affected``.

    What was judged is what is applied: a draft saved in between is refused (412).
    """
    data = desk.read(call)
    context = desk.context(call)
    if not data.get("accept_open_cases"):
        judged = _judged(desk, call, data["team_id"])
        if judged is not None and context.if_match is None:
            context = replace(context, if_match=judged)
    reply = desk.client.call("accounts", call.route.verb, data, context, desk.timeout)
    return desk.tell(call, data, reply)


def _judged(desk: Desk, call: Call, team_id: str) -> int | None:
    """The version of the draft that does open cases no harm; None when it cannot be applied anyway (accounts will say
    why, or answer a repeated request as it did the first time)."""
    try:
        found = _ask(desk, call, accounts.ReadProfileDryRun, {"team_id": team_id}).data
    except NotFound:
        return None
    if found["errors"] or found["moved"]:
        return None
    _must_not_be_severe(_open_cases(desk, call, found) or [])
    return int(found["version"])


def remove_entry(desk: Desk, call: Call) -> Response:
    """Take an entry out of the profile, unless open cases would lose it. Raises Conflict ``open_cases_affected``.

    The profile that was judged is the one that changes: another one in between is refused (412).
    """
    data = desk.read(call)
    context = desk.context(call)
    if not data.get("accept_open_cases"):
        judged = _judged_without(desk, call, {"part": "products", **data})
        context = replace(context, if_match=context.if_match if judged is None else context.if_match or judged)
    return desk.tell(call, data, desk.client.call("accounts", call.route.verb, data, context, desk.timeout))


def _judged_without(desk: Desk, call: Call, data: dict[str, Any]) -> int | None:
    """The version of the profile that open cases can do with, without this entry; None when there is no such entry
    (accounts will say so, or answer a repeated request as it did the first time)."""
    asked = {name: data[name] for name in ("team_id", "part", "key")}
    try:
        found = _ask(desk, call, accounts.ReadProfileWithout, asked).data
    except NotFound:
        return None
    lines = _open_cases(desk, call, found) or []
    gone = {(found["kind"], key) for key in found["gone"]}  # a case may call a topic by its path
    _must_not_be_severe([one for one in lines if (one["kind"], one["key"].rpartition(".")[2]) in gone])
    return int(found["version"])


def _must_not_be_severe(lines: list[dict[str, Any]]) -> None:
    severe = [line for line in lines if line["severe"]]
    if severe:
        detail = "Open cases would lose what they have. Change them first, or accept it with accept_open_cases."
        raise Conflict("open_cases_affected", detail, extra={"open_cases": severe})


def _open_cases(desk: Desk, call: Call, dry_run: dict[str, Any]) -> list[dict[str, Any]] | None:
    """What would befall open cases; None for a draft with errors."""
    if dry_run["profile"] is None:
        return None
    asked = {"team_id": dry_run["team_id"], "profile": dry_run["profile"]}
    told: list[dict[str, Any]] = _ask(desk, call, cases.ReadForecast, asked, service="cases").data["data"]
    return told


def _ask(desk: Desk, call: Call, message: Any, data: dict[str, Any], service: str = "accounts") -> Reply:
    context = replace(desk.context(call, key=""), if_match=None)
    return desk.client.call(service, message.wire_name, data, context, desk.timeout)


def tell_summary(desk: Desk, call: Call) -> Response:
    """What sending a draft would do: what is said by cases, how many files go along by files."""
    data = desk.read(call)
    reply = desk.ask(call, data)
    asked = {"team_id": data["team_id"], "case_id": data["case_id"]}
    try:
        there = _ask(desk, call, files.ListTree, asked, service="files").data["files"]
    except Problem:  # files has not heard of the draft yet, or is away: the rest is true without it
        return desk.tell(call, data, reply)
    arrived = [file["size"] for file in there if file["state"] == "clean"]
    reply.data["files"] = {"count": len(arrived), "bytes": sum(arrived)}
    return desk.tell(call, data, reply)


def say(desk: Desk, call: Call) -> Response:
    """A comment or an answer. Before it brings files, their service puts them where they belong, or refuses: so that a
    comment never names what is not there or not his. Without files it is one RPC, as ever."""
    data, context = desk.read(call), desk.context(call)
    if data.get("file_ids"):
        named = ("team_id", "case_id", "file_ids", "visibility")
        asked: dict[str, Any] = {name: data[name] for name in named if name in data}
        key = hashlib.sha256(f"{context.key}\nfiles".encode()).hexdigest()
        before = replace(context, key=key, if_match=None)
        desk.client.call("files", files.FileUploads.wire_name, asked, before, desk.timeout)
    return desk.tell(call, data, desk.client.call("cases", call.route.verb, data, context, desk.timeout))


# Which service knows what somebody may do with a thing, by the first part of its id.
_OWNERS = {"org": "accounts", "mem": "accounts", "case": "cases", "file": "files", "folder": "files"}


def authorize(desk: Desk, call: Call) -> Response:
    """May somebody do this with that? The service that owns the thing decides, and says by which rule."""
    data = desk.read(call)
    owner = _OWNERS.get(data["resource_id"].partition("_")[0])
    if owner is None:
        raise NotFound()
    reply = desk.client.call(owner, call.route.verb, data, desk.context(call), desk.timeout)
    return desk.tell(call, data, reply)
