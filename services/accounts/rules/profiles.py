"""Whether a document is a team profile: its shape by JSON Schema, the rest by ``profile_checks``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

from services.accounts.rules import profile_checks
from services.accounts.rules.profile_changes import pointer
from services.accounts.rules.profile_checks import Finding
from services.accounts.rules.profile_defaults import complete, schema
from services.chassis.problems import Invalid
from services.contracts.accounts import TeamView

MOST = 50
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]")  # all but tab and line feed


@dataclass(frozen=True, slots=True)
class Lint:
    """What is wrong with a document (it cannot be applied) and what is only odd about it.

    Each is ``{"pointer", "rule", "detail"}``; pointers are seen from the body that holds it as ``profile``.
    """

    errors: list[dict[str, Any]]
    warnings: list[dict[str, Any]]


def lint(profile: dict[str, Any], team_id: str) -> Lint:
    """Everything there is to say about a document, at most 50 errors and 50 warnings."""
    found = [Finding(tuple(error.absolute_path), str(error.validator), _sentence(error)) for error in _shape(profile)]
    found += oddities(profile, ())
    if not found:
        found = _misfits(profile, team_id) + list(profile_checks.check(complete(profile)))
    told = sorted(found, key=lambda one: [str(step) for step in one.path])
    unique = {(one.path, one.rule): one for one in told}.values()
    errors = [_told(one) for one in unique if not one.odd]
    return Lint(errors[:MOST], [_told(one) for one in unique if one.odd][:MOST])


def must_be_a_profile(profile: dict[str, Any], team_id: str) -> None:
    """Raises Invalid with one entry per fault, such as ``/profile/types/0/charge`` (at most 50)."""
    errors = lint(profile, team_id).errors
    if errors:
        raise Invalid("invalid", "The profile is not right.", errors=errors)


def _sentence(error: ValidationError) -> str:
    """The schema's own words (``$comment``) where it has some, otherwise the validator's."""
    said = error.schema.get("$comment", "") if isinstance(error.schema, dict) else ""
    return str(error.message)[:300] if not said or said.startswith("Default: ") else str(said)


def _told(one: Finding) -> dict[str, Any]:
    return {"pointer": pointer(("profile", *one.path)), "rule": one.rule, "detail": one.detail}


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """As ECMA-262 reads it: there ``$`` is the very end, in Python also the place before a last line feed."""
    if isinstance(value, str) and (not re.search(pattern, value) or (pattern.endswith("$") and value.endswith("\n"))):
        yield ValidationError(f"{value[:100]!r} does not match {pattern!r}")


@cache
def _validator() -> Any:
    extend: Callable[..., Any] = validators.extend
    return extend(Draft202012Validator, {"pattern": _pattern})(schema())


def _shape(profile: dict[str, Any]) -> list[ValidationError]:
    return list(_validator().iter_errors(profile))


def _misfits(profile: dict[str, Any], team_id: str) -> list[Finding]:
    """Where a document that keeps to the schema is not this team's, or could not be told to the neighbours."""
    try:
        TeamView.load({"id": team_id, "name": profile["name"], "locale": profile["locale"], "profile_version": 1})
    except Invalid as unfit:
        return [Finding((str(one["pointer"])[1:],), str(one["rule"]), str(one["detail"])) for one in unfit.errors]
    if profile["team"] != team_id:
        return [Finding(("team",), "team", f"This is not the profile of {team_id}.")]
    return []


def oddities(part: Any, path: tuple[str | int, ...]) -> Iterator[Finding]:
    """What JSON Schema cannot say of any list or text: things with a ``key`` name one key twice, or a text holds
    characters that no database and no reader can bear."""
    if isinstance(part, str) and _CONTROL.search(part):
        yield Finding(path, "characters", "Must not contain control characters.")
    elif isinstance(part, dict):
        for name, value in part.items():
            yield from oddities(value, (*path, name))
    elif isinstance(part, list):
        seen: set[str] = set()
        for index, value in enumerate(part):
            key = value.get("key") if isinstance(value, dict) else None
            if isinstance(key, str):
                if key in seen:
                    yield Finding((*path, index, "key"), "unique", f"The key {key} is used twice in this list.")
                seen.add(key)
            yield from oddities(value, (*path, index))
