"""Parts of a profile that are kept entry by entry: one way to find, add, change and remove an entry in any of them.

Most are lists of things with a ``key``; clocks are known by their ``kind``, calendars are kept under their names, and
topics are a tree. Statuses are those that decide, of which only the word is the team's own, and its own within them.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import reduce
from operator import getitem
from typing import Any, get_args

from services.accounts.rules.profile_changes import pointer
from services.accounts.rules.profile_defaults import schema
from services.accounts.rules.profiles import lint
from services.chassis.problems import Conflict, Invalid, NotFound
from services.contracts.cases import Status

Profile = dict[str, Any]
Entry = dict[str, Any]
Path = tuple[str | int, ...]

# What one entry is called; cases call what open cases would lose the same.
ONE = {
    "types": "type",
    "topics": "topic",
    "priorities": "priority",
    "calendars": "calendar",
    "clocks": "clock",
    "statuses": "status",
    "products": "product",
}


def comment(part: str, about: str | Entry) -> str:
    """What the history of the profile says of a change of one entry."""
    key = about if isinstance(about, str) else about[_name(part)]
    return f"{ONE[part].capitalize()} {key}"


def permission(part: str) -> str:
    """What changing this part takes."""
    return "product.manage" if part == "products" else "profile.manage"


def entries(profile: Profile, part: str) -> list[tuple[Path, Entry]]:
    """Every entry with its place; what is below a topic comes after it."""
    place, kept = _place(part), _kept(profile, _place(part))
    if isinstance(kept, dict):
        return [((place, name), {"key": name, **told}) for name, told in kept.items()]
    return [*(_decisive(profile) if part == "statuses" else ()), *_walk(kept, (place,))]


def keys(profile: Profile, part: str) -> list[str]:
    """The keys of all entries."""
    return [entry[_name(part)] for _, entry in entries(profile, part)]


def added(profile: Profile, part: str, entry: Entry, parent: str | None = None) -> tuple[Profile, Path]:
    """The profile with one entry more, and its place. Raises Conflict ``type_exists`` and the like, Invalid for an
    entry without a key and a parent that is none."""
    key = entry.get(_name(part))
    if not isinstance(key, str):
        raise Invalid.field(f"/entry/{_name(part)}", "required", "By which key is it to be known?")
    if key in keys(profile, part):
        raise Conflict(f"{ONE[part]}_exists", f"The team has a {ONE[part]} with this key. Change that one.")
    path: Path = (_place(part),)
    full = _with_part(profile, part)
    if parent is not None:
        path = (*_above(profile, part, parent), "children")
        _at(full, path[:-1]).setdefault("children", [])
    path = (*path, key if part == "calendars" else len(_at(full, path)))
    if part != "calendars":
        _at(full, path[:-1]).append(None)
    return _put(full, path, entry), path


def changed(profile: Profile, part: str, key: str, patch: Entry) -> tuple[Profile, Path]:
    """The profile with the entry patched, and its place. Raises NotFound, and Invalid for what is no field of it."""
    path, present = _found(profile, part, key)
    fixed = {_name(part)} | ({"category"} if path[0] == "statuses" else set())
    for name in fixed:
        if patch.get(name, present[name]) != present[name]:
            raise Invalid.field(f"/entry/{name}", "fixed", "This never changes.")
    if part == "topics" and "children" in patch:
        detail = "What is below a topic is added with parent, and changed and removed by its own key."
        raise Invalid.field("/entry/children", "entries", detail)
    if path[0] == "statuses" and (unknown := sorted(patch.keys() - present.keys())):
        raise Invalid.field(f"/entry/{unknown[0]}", "unknown", "A status that decides has nothing but its word.")
    wanted = _merged(present, patch)
    return (profile if wanted == present else _put(_with_part(profile, part), path, wanted)), path


def removed(profile: Profile, part: str, key: str) -> Profile:
    """The profile without the entry. Raises NotFound, and Conflict ``status_decides`` for what every team has."""
    path, _ = _found(profile, part, key)
    if path[0] == "statuses":
        raise Conflict("status_decides", "Every team has this status. Its word can be changed.")
    full = _with_part(profile, part)
    del _at(full, path[:-1])[path[-1]]
    return full


def must_fit(profile: Profile, team_id: str, path: Path | None = None, own: str = "/entry") -> None:
    """Raises Invalid with one error per fault. What is wrong with the entry at ``path`` is told by the fields of the
    body that brought it: ``own`` is where it stands there."""
    errors = lint(profile, team_id).errors
    if errors:
        told = [one | {"pointer": _seen(one["pointer"], path, own) if path else one["pointer"]} for one in errors]
        raise Invalid("invalid", "The profile would not be right.", errors=told)


def _seen(place: str, path: Path, own: str) -> str:
    here = pointer(("profile", *path))
    if path[0] == "calendars" and place == "/profile/calendars":  # the name of a calendar stands above it
        return f"{own}/key"
    if path[0] == "statuses" and place == here:  # of which the word is all
        return f"{own}/label"
    return own + place.removeprefix(here) if f"{place}/".startswith(f"{here}/") else place


def _name(part: str) -> str:
    return "kind" if part == "clocks" else "key"


def _place(part: str) -> str:
    return "substatuses" if part == "statuses" else part


def _kept(profile: Profile, place: str) -> Any:
    return profile[place] if place in profile else deepcopy(schema()["properties"][place]["default"])


def _with_part(profile: Profile, part: str) -> Profile:
    """A copy in which the part stands, also where the profile left it to its default."""
    return deepcopy(profile) | {_place(part): deepcopy(_kept(profile, _place(part)))}


def _decisive(profile: Profile) -> Iterator[tuple[Path, Entry]]:
    words = profile.get("statuses", {})
    for key in get_args(Status):
        yield ("statuses", key), {"key": key, "category": key, "label": words.get(key)}


def _walk(kept: list[Entry], above: Path) -> Iterator[tuple[Path, Entry]]:
    for index, entry in enumerate(kept):
        yield (*above, index), entry
        yield from _walk(entry.get("children", []), (*above, index, "children"))


def _found(profile: Profile, part: str, key: str) -> tuple[Path, Entry]:
    for path, entry in entries(profile, part):
        if entry[_name(part)] == key:
            return path, entry
    raise NotFound()


def _above(profile: Profile, part: str, parent: str) -> Path:
    if part != "topics":
        raise Invalid.field("/parent", "topics", "Only topics are below each other.")
    try:
        return _found(profile, part, parent)[0]
    except NotFound:
        raise Invalid.field("/parent", "exists", f"There is no topic {parent}.") from None


def _at(profile: Profile, path: Path) -> Any:
    return reduce(getitem, path, profile)  # type: ignore[arg-type]


def _put(full: Profile, path: Path, entry: Entry) -> Profile:
    if path[0] == "statuses":
        words = {key: word for key, word in full.get("statuses", {}).items() if key != path[1]}
        return full | {"statuses": words | ({path[1]: entry["label"]} if entry.get("label") is not None else {})}
    _at(full, path[:-1])[path[-1]] = (
        {name: told for name, told in entry.items() if name != "key"} if path[0] == "calendars" else entry
    )
    return full


def _merged(present: Any, patch: Any) -> Any:
    """As a merge patch is read (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    kept = dict(present) if isinstance(present, dict) else {}
    for name, value in patch.items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = _merged(kept.get(name), value)
    return kept
