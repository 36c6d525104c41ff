"""The wire and the public API are golden files: additions are reviewed, removals and new required fields refused.

``make golden`` writes them anew; it refuses a break unless CASEWORK_GOLDEN=break says it is meant.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
from pathlib import Path
from typing import Any

import pytest

from gateway import openapi as gateway_openapi
from services.chassis.entrypoints import event_lines, rpc_lines
from services.chassis.messages import Event, Message, Request
from services.chassis.openapi import openapi_schema
from services.chassis.topology import Topology

HERE = Path(__file__).parent
SERVICES = ("accounts", "cases", "files", "notifications")


def wire() -> dict[str, Any]:
    """Everything two deployed versions must agree on: words, verbs, queues, who hears what."""
    told: dict[str, Any] = {"messages": {}, "services": {}}
    for name in SERVICES:
        module = importlib.import_module(f"services.contracts.{name}")
        for word in vars(module).values():
            if (
                inspect.isclass(word)
                and issubclass(word, Message)
                and f"{word.__module__}.".startswith(f"{module.__name__}.")
            ):
                told["messages"][f"{name}.{word.__name__}"] = _word(word)
        service = importlib.import_module(f"services.{name}.service").Service
        topology = Topology(service, (1, 5, 15, 60))
        told["services"][name] = {
            "verbs": sorted(rpc_lines(service)),
            "hears": sorted(f"{source} {kind}" for source, kind in event_lines(service)),
            "queues": [topology.rpc_queue, topology.event_queue, topology.parked_queue],
        }
    return told


def _word(word: type[Message]) -> dict[str, Any]:
    schema = openapi_schema(word)
    told: dict[str, Any] = {"fields": schema["properties"], "required": sorted(schema.get("required", []))}
    if issubclass(word, Request):
        told |= {"verb": word.wire_name, "reply": word.reply.__name__}
    if issubclass(word, Event):
        told |= {"event": word.wire_name, "version": word.version, "public": word.public, "fleeting": word.fleeting}
    return told


def openapi() -> dict[str, Any]:
    """The public API's description, without what changes with each release."""
    described: dict[str, Any] = json.loads(json.dumps(gateway_openapi.document("0", "http://localhost")))
    return described


def breaks(old: Any, new: Any, path: str = "") -> list[str]:
    """What a client of ``old`` would miss in ``new``: removed keys, changed values, new required fields."""
    if isinstance(old, dict) and isinstance(new, dict):
        gone = [f"{path}/{key} is gone" for key in old if key not in new]
        return gone + [found for key in old if key in new for found in breaks(old[key], new[key], f"{path}/{key}")]
    if isinstance(old, list) and isinstance(new, list):
        name = path.rpartition("/")[2]
        if name == "required":
            added = [item for item in new if item not in old]
            return [f"{path}: {item!r} is required now" for item in added]
        return [f"{path}: {item!r} is gone" for item in old if not isinstance(item, dict) and item not in new]
    ignored = path.endswith(("/description", "/summary", "/example", "/version"))
    return [] if old == new or ignored else [f"{path} was {old!r} and is {new!r}"]


@pytest.mark.parametrize(("name", "make"), [("wire.json", wire), ("openapi.json", openapi)])
def test_nothing_changes_unseen(name: str, make: Any) -> None:
    file, now = HERE / name, make()
    mode = os.environ.get("CASEWORK_GOLDEN", "")
    if mode:
        broken = breaks(json.loads(file.read_text(encoding="utf-8")), now) if file.exists() else []
        assert not broken or mode == "break", "this breaks clients:\n" + "\n".join(broken)
        file.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    golden = json.loads(file.read_text(encoding="utf-8"))
    assert not breaks(golden, now), "this breaks clients:\n" + "\n".join(breaks(golden, now))
    assert golden == now, f"{name} has additions: review them, then run `make golden`"


def test_a_removal_a_change_and_a_new_required_field_are_breaks() -> None:
    old = {"fields": {"a": {"type": "string"}}, "required": ["a"]}
    assert breaks(old, {"fields": {}, "required": ["a"]})
    assert breaks(old, {"fields": {"a": {"type": "integer"}}, "required": ["a"]})
    assert breaks(old, {"fields": {"a": {"type": "string"}, "b": {}}, "required": ["a", "b"]})
    assert not breaks(old, {"fields": {"a": {"type": "string"}, "b": {}}, "required": ["a"]})
