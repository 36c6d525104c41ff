"""A pointer leads to the line a person would look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.lines import Document, Unreadable

TEXT = """\
# a profile
team: extend
types:
  - key: support
    form:
      - &title {key: title, label: Rubrik}
      - {<<: *title, key: other}
  - key: feedback
a/b: {c~d: 1}
when: 2026-01-01
"""


@pytest.fixture
def document(tmp_path: Path) -> Document:
    path = tmp_path / "profile.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return Document(path)


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("", 2),
        ("/team", 2),
        ("/types", 3),
        ("/types/0", 4),
        ("/types/0/form/0/label", 6),
        ("/types/0/form/1/key", 7),
        ("/types/0/form/1/label", 6),
        ("/types/1", 8),
        ("/types/1/form", 8),
        ("/types/7", 3),
        ("/a~1b/c~0d", 9),
        ("/nowhere", 2),
    ],
)
def test_a_pointer_is_a_line(document: Document, pointer: str, line: int) -> None:
    assert document.line(pointer) == line


def test_dates_stay_as_they_were_written(document: Document) -> None:
    assert document.data["when"] == "2026-01-01"


@pytest.mark.parametrize(("text", "line"), [("a: 1\n b: 2\n", 2), ("- 1\n", 1), ("", 1)])
def test_what_is_no_profile_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Unreadable) as told:
        Document(path)
    assert told.value.line == line
