"""The decisions of accounts: pure functions, no clock, no database, no broker."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from services.chassis.actor import Actor
from services.chassis.problems import Conflict, Forbidden, Invalid, TooManyRequests, Unauthenticated
from services.contracts.accounts import TeamView

Person = Mapping[str, Any]

ATTEMPTS = 10
ATTEMPT_WINDOW = timedelta(minutes=15)
ACCESS_SECONDS = 600
IDLE = timedelta(days=14)  # a session nobody refreshes ends
ABSOLUTE = timedelta(days=90)  # and every session ends some day
ORGANIZATION_ROLES = ("member", "administrator")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]")  # all but tab and line feed
STAFF_ROLES = ("agent", "lead", "developer", "admin")


class Refused(Unauthenticated):
    """A refusal whose trace lasts: the session that was ended because its token came back."""

    commits = True


# --- names -----------------------------------------------------------------------------------------------------------


def fold(name: str) -> str:
    """The form by which names are the same: compatibility characters, case and outer blanks do not count. Folding a
    folded name changes nothing."""
    folded = unicodedata.normalize("NFKC", name).casefold().strip()
    while folded != name:  # casefolding may undo the normal form, and the other way round; it settles at once or twice
        name, folded = folded, unicodedata.normalize("NFKC", folded).casefold().strip()
    return folded


def sort_name(name: str) -> str:
    """What lists are ordered by; cut, so that a position in a list always fits into a cursor."""
    return fold(name)[:100]


# --- who may ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """What the caller is in one team: its staff role, and his role in each of his organizations (active ones only)."""

    operator: bool = False
    staff_role: str | None = None
    organization_roles: Mapping[str, str] | None = None

    @property
    def leads(self) -> bool:
        """May register and change organizations and their people."""
        return self.operator or self.staff_role in ("admin", "lead")

    def manages_people_of(self, organization_id: str | None) -> bool:
        """May add and change people of this organization; with None: of the team's own staff."""
        if organization_id is None:
            return self.operator or self.staff_role == "admin"
        return self.leads or (self.organization_roles or {}).get(organization_id) == "administrator"

    @property
    def sees_staff(self) -> bool:
        """May list the team's staff."""
        return self.operator or self.staff_role is not None


def must_be_known(actor: Actor) -> None:
    """Raises Unauthenticated for a caller nobody signed in."""
    if not actor.known:
        raise Unauthenticated("sign_in_required", "Sign in first.")


def permit(allowed: bool) -> None:
    """Raises Forbidden ``not_permitted``: the thing may be seen, but not this be done with it."""
    if not allowed:
        raise Forbidden("not_permitted", "Your role does not allow this.")


# --- sessions --------------------------------------------------------------------------------------------------------


def must_not_be_throttled(failures: int, since: datetime, now: datetime) -> None:
    """``failures`` counts this attempt too. Raises TooManyRequests with the seconds until the window is over."""
    if failures > ATTEMPTS:
        seconds = math.ceil((since + ATTEMPT_WINDOW - now).total_seconds())
        raise TooManyRequests(
            "too_many_attempts", "Too many failed sign-ins. Wait a while.", retry_after=max(1, seconds)
        )


def expiry(created_at: datetime, now: datetime) -> datetime:
    """Until when a session used now lives on."""
    return min(now + IDLE, created_at + ABSOLUTE)


def alive(session: Mapping[str, Any], now: datetime) -> bool:
    """Whether the session (``ended_at``, ``expires_at``) can still be used."""
    return session["ended_at"] is None and session["expires_at"] > now


# --- people ----------------------------------------------------------------------------------------------------------


def same_person(found: Sequence[Person], user_name_key: str, email_key: str) -> Person | None:
    """The one person both keys belong to, or None when neither is taken. Raises Conflict ``user_name_taken`` or
    ``email_taken`` when they belong to different people, or only one of them to somebody."""
    for person in found:
        if person["user_name_key"] == user_name_key and person["email_key"] == email_key:
            return person
    if any(person["user_name_key"] == user_name_key for person in found):
        raise Conflict("user_name_taken", "Somebody else has this user name.")
    if found:
        raise Conflict("email_taken", "Somebody else has this e-mail address.")
    return None


def membership_changes(membership: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What really changes. ``wanted`` holds role, permissions, active; None means: leave it. Raises Invalid when the
    role does not exist at such a place."""
    roles = STAFF_ROLES if membership["organization_id"] is None else ORGANIZATION_ROLES
    if wanted["role"] is not None and wanted["role"] not in roles:
        raise Invalid.field("/role", "choice", "Must be one of: " + ", ".join(roles) + ".")
    return {name: value for name, value in wanted.items() if value is not None and value != membership[name]}


def leaves_the_office(membership: Mapping[str, Any], changes: Mapping[str, Any]) -> bool:
    """Whether an active administrator of an organization would no longer be one."""
    after = {**membership, **changes}
    was = membership["organization_id"] is not None and membership["active"] and membership["role"] == "administrator"
    return was and not (after["active"] and after["role"] == "administrator")


def must_leave_an_administrator(himself: bool, others: int) -> None:
    """Raises Conflict ``last_administrator`` when he is the last one and does it himself; the team's staff may."""
    if himself and not others:
        detail = "You are the last administrator of this organization. Make somebody else one first."
        raise Conflict("last_administrator", detail)


# --- profiles --------------------------------------------------------------------------------------------------------


@cache
def _schema() -> Draft202012Validator:
    path = Path(__file__).with_name("profile.schema.json")
    return Draft202012Validator(json.loads(path.read_text("utf-8")))


def must_be_a_profile(profile: dict[str, Any], team_id: str) -> None:
    """Raises Invalid with one entry per fault, such as ``/profile/types/0/charge`` (at most 50)."""
    errors = [
        {"pointer": pointer(error.absolute_path), "rule": str(error.validator), "detail": error.message[:300]}
        for error in sorted(
            _schema().iter_errors(profile), key=lambda error: [str(step) for step in error.absolute_path]
        )
    ]
    if not errors:
        errors += _misfits(profile, team_id)
    errors += [{"pointer": pointer(path), "rule": rule, "detail": told} for path, rule, told in oddities(profile, [])]
    if errors:
        raise Invalid("invalid", "The profile is not right.", errors=errors[:50])


def _misfits(profile: dict[str, Any], team_id: str) -> list[dict[str, Any]]:
    """Where a document that keeps to the schema is not this team's, or could not be told to the neighbours."""
    try:
        TeamView.load({"id": team_id, "name": profile["name"], "locale": profile["locale"], "profile_version": 1})
    except Invalid as unfit:
        return [{**error, "pointer": "/profile" + error["pointer"]} for error in unfit.errors]
    if profile["team"] != team_id:
        return [{"pointer": "/profile/team", "rule": "team", "detail": f"This is not the profile of {team_id}."}]
    return []


def pointer(path: Sequence[str | int]) -> str:
    """The JSON Pointer of a place inside the profile, seen from the request."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in ("profile", *path))


Oddity = tuple[list[str | int], str, str]


def oddities(part: Any, path: list[str | int]) -> Iterator[Oddity]:
    """``(place, rule, sentence)`` for what JSON Schema cannot say: a list of things with ``key`` names one key twice,
    or a text holds characters that no database and no reader can bear."""
    if isinstance(part, str) and _CONTROL.search(part):
        yield path, "characters", "Must not contain control characters."
    elif isinstance(part, dict):
        for name, value in part.items():
            yield from oddities(value, [*path, name])
    elif isinstance(part, list):
        seen: set[str] = set()
        for index, value in enumerate(part):
            key = value.get("key") if isinstance(value, dict) else None
            if isinstance(key, str):
                if key in seen:
                    yield [*path, index, "key"], "unique", f"The key {key} is used twice in this list."
                seen.add(key)
            yield from oddities(value, [*path, index])
