"""How two profiles differ, and what the difference does to the team's people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Profile = Mapping[str, Any]
Difference = dict[str, Any]
_MISSING = object()


def pointer(path: Sequence[str | int]) -> str:
    """The JSON Pointer of a place."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def differences(before: Any, after: Any) -> list[Difference]:
    """Every place where two documents differ: ``{"pointer", "change", "before", "after"}``, none when they are equal.

    Pointers are seen from the new document, those of what was ``removed`` from the old one. In lists of things with a
    ``key`` like is compared with like, wherever it stands; their order, when it changed, is a difference of the list.
    """
    return list(_differ(before, after, ()))


def _differ(before: Any, after: Any, path: tuple[str | int, ...]) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in {**before, **after}:
            yield from _differ(before.get(name, _MISSING), after.get(name, _MISSING), (*path, name))
    elif _keyed(before) and _keyed(after):
        yield from _differ_by_key(before, after, path)
    elif before is _MISSING:
        yield _difference(path, "added", None, after)
    elif after is _MISSING:
        yield _difference(path, "removed", before, None)
    elif before != after:
        yield _difference(path, "changed", before, after)


def _differ_by_key(before: list[Any], after: list[Any], path: tuple[str | int, ...]) -> Iterator[Difference]:
    old = {item["key"]: (place, item) for place, item in enumerate(before)}
    new = {item["key"]: (place, item) for place, item in enumerate(after)}
    for key, (place, item) in old.items():
        if key not in new:
            yield _difference((*path, place), "removed", item, None)
    for key, (place, item) in new.items():
        yield from _differ(old[key][1] if key in old else _MISSING, item, (*path, place))
    stayed = [key for key in old if key in new], [key for key in new if key in old]
    if stayed[0] != stayed[1]:
        yield _difference(path, "reordered", list(old), list(new))


def _keyed(value: Any) -> bool:
    """Whether it is a list of things told apart by their key."""
    if not isinstance(value, list):
        return False
    keys = [item.get("key") for item in value if isinstance(item, dict)]
    return len(keys) == len(value) == len({key for key in keys if isinstance(key, str)})


def _difference(path: Sequence[str | int], change: str, before: Any, after: Any) -> Difference:
    return {"pointer": pointer(path), "change": change, "before": before, "after": after}


# What a customer may do by a switch of the profile.
_SWITCHES: dict[str, Callable[[Profile], object]] = {
    "case.close": lambda profile: profile["close"]["by_customer"],
    "case.change": lambda profile: bool(profile["fields"]["customer_editable"]),
    "case.change_owner": lambda profile: profile["owner"]["field"],
    "follower.add": lambda profile: profile["followers"]["enabled"],
    "case.make_private": lambda profile: profile["visibility"]["private_allowed"],
    "case.create_anonymously": lambda profile: profile["intake"]["anonymous"],
    "case.open_by_key": lambda profile: profile["access_key"] != "off",
}


def consequences(before: Profile, after: Profile) -> list[dict[str, str]]:
    """What the change does to people, as ``{"kind", "key", "detail"}``; both documents are complete."""
    told = []
    for permission, granted in _SWITCHES.items():
        had, has = bool(granted(before)), bool(granted(after))
        if had != has:
            kind, word = ("granted", "may now") if has else ("withdrawn", "may no longer")
            told.append({"kind": kind, "key": permission, "detail": f"Customers {word} do this: {permission}."})
    old, new = before["intake"]["registration"], after["intake"]["registration"]
    if old != new:
        told.append({"kind": "registration", "key": new, "detail": f"Registration goes from {old} to {new}."})
    if before["public"] != after["public"]:
        word = "shown" if after["public"] else "not shown"
        told.append({"kind": "listing", "key": word.replace(" ", "_"), "detail": f"The team is {word} to everybody."})
    wanted = after["sign_in"]["staff_second_factor"]
    if before["sign_in"]["staff_second_factor"] != wanted:
        word = "can do nothing before they have" if wanted == "required" else "no longer need"
        told.append({"kind": "second_factor", "key": wanted, "detail": f"Staff {word} a second factor."})
    return told
