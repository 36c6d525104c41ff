"""The keys of a team profile as a page: read from the schema that every profile is held against."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from services import contracts

SCHEMA = Path(contracts.__file__).with_name("profile.schema.json")
_INTRO = (
    "A profile is one JSON document, applied with <code>PUT ~/profile</code> or by way of a draft, and told by "
    "<code>GET ~/profile</code> with all defaults filled in. A key that is not listed here is refused."
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Team profile</title>
<style>/*style*/</style>
</head>
<body>
<main>
<h1>Team profile</h1>
<p>{about}</p>
<p>{intro}</p>
<p><a href="/docs">The whole contract</a></p>
<table>
<thead><tr><th scope="col">Key</th><th scope="col">Takes</th><th scope="col">Default</th>
<th scope="col">Means</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</main>
</body>
</html>
"""


def html() -> str:
    """The page, without its style."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    rows = "\n".join(_row(path, part, needed) for path, part, needed in _keys(schema, schema, ""))
    filled = _PAGE.replace("{about}", escape(schema["description"])).replace("{intro}", _INTRO)
    return filled.replace("{rows}", rows)


def _keys(schema: dict[str, Any], part: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """``(path, description, whether it is required)`` of every key, depth first; a tree is told one level deep."""
    for name, inner in part.get("properties", {}).items():
        yield from _key(schema, inner, f"{path}{name}", name in part.get("required", []))


def _key(schema: dict[str, Any], raw: Any, path: str, needed: bool) -> Iterator[tuple[str, dict[str, Any], bool]]:
    part = _resolved(schema, raw)
    yield path, part, needed
    item, named = _resolved(schema, part.get("items", {})), part.get("additionalProperties")
    if "children" not in path:
        yield from _keys(schema, item, f"{path}[].")
    if isinstance(named, dict):
        yield from _keys(schema, _resolved(schema, named), f"{path}.*.")
    yield from _keys(schema, part, f"{path}.")


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    name = str(part.get("$ref", "")).removeprefix("#/$defs/")
    return {**schema["$defs"][name], **part} if name else part


def _row(path: str, part: dict[str, Any], needed: bool) -> str:
    cells = [_takes(part), "required" if needed else _default(part), escape(part.get("description", ""))]
    told = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr id="{escape(path)}"><th scope="row"><code>{escape(path)}</code></th>{told}</tr>'


def _takes(part: dict[str, Any]) -> str:
    if "enum" in part:
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in part["enum"])
    kinds = part.get("type", "string")
    told = " or ".join([kinds] if isinstance(kinds, str) else kinds)
    words = {"minimum": "at least", "maximum": "at most"}
    limits = [f"{word} {part[name]}" for name, word in words.items() if name in part]
    return escape(", ".join([told, *limits]))


def _default(part: dict[str, Any]) -> str:
    if "default" in part:
        return f"<code>{escape(json.dumps(part['default'], ensure_ascii=False))}</code>"
    return escape(str(part.get("$comment", "")).removeprefix("Default: "))
