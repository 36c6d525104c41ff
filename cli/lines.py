"""Where in a YAML file something stands, so that a fault is told as a compiler would tell it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml


class Unreadable(Exception):
    """The file is no YAML; ``line`` counts from 1."""

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(detail)
        self.line = line


class Document:
    """A YAML (or JSON) file as plain JSON data, with the line of every value."""

    def __init__(self, path: Path) -> None:
        """Raises Unreadable."""
        self.path = path
        text = path.read_text(encoding="utf-8")
        try:
            self._root = yaml.compose(text, Loader=yaml.SafeLoader)
            found = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            told = getattr(error, "problem", None) or str(error).split("\n", maxsplit=1)[0]
            raise Unreadable(mark.line + 1 if mark else 1, told) from None
        if not isinstance(found, dict):
            raise Unreadable(1, "a profile is a mapping of names to values")
        self.data: dict[str, Any] = json.loads(json.dumps(found, default=str))  # YAML's dates as they were written

    def line(self, pointer: str) -> int:
        """The line of what a JSON Pointer names; of the nearest thing around it when that is not there (a missing
        field)."""
        node = self._root
        line = node.start_mark.line + 1 if node else 1
        for part in pointer.split("/")[1:]:
            key, node = _inside(node, part.replace("~1", "/").replace("~0", "~"))
            if node is None:
                return line
            line = (key or node).start_mark.line + 1
        return line


def _inside(node: Any, part: str) -> tuple[Any, Any]:
    """``(the key's node, the value's node)``; the key is None in a list, both when there is no such part."""
    if isinstance(node, yaml.SequenceNode) and part.isdecimal() and int(part) < len(node.value):
        return None, node.value[int(part)]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key, value
        for key, value in node.value:  # what an anchor brings in with <<
            if key.tag == "tag:yaml.org,2002:merge":
                merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for one in merged:
                    found = _inside(one, part)
                    if found[1] is not None:
                        return found
    return None, None
