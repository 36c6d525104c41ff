"""House rules no linter knows. An exception is a line of services/DECISIONS.md: ``house: <path> <what> - <reason>``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("accounts", "cases", "files", "notifications")
SOURCES = sorted(path for folder in ("services", "gateway", "deploy", "cli") for path in (ROOT / folder).rglob("*.py"))
EXCEPTIONS = (ROOT / "services" / "DECISIONS.md").read_text(encoding="utf-8")
FORBIDDEN_NAMES = {"utils.py", "common.py", "helpers.py", "misc.py", "base.py"}
BUSINESS = re.compile(r"(?i:\b(case|ticket|comment|article|chat)s?\b)|(?<![A-Z])(Case|Ticket|Comment|Article)[A-Z]")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def allowed(path: Path, what: str) -> bool:
    return f"house: {name_of(path)} {what}" in EXCEPTIONS


def business_files() -> list[Path]:
    return [path for path in SOURCES if path.relative_to(ROOT).parts[1] in SERVICES]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_file_has_at_most_400_lines_and_its_functions_40(path: Path) -> None:
    length = len(path.read_text(encoding="utf-8").splitlines())
    assert length <= 400 or allowed(path, "length"), f"{name_of(path)} has {length} lines"
    if "migrations" in path.parts:
        return  # a schema is data, however long
    for function in functions(path):
        lines = (function.end_lineno or 0) - function.body[0].lineno + 1
        assert lines <= 40 or allowed(path, function.name), f"{name_of(path)}: {function.name} has {lines} lines"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_function_takes_at_most_five_arguments(path: Path) -> None:
    for function in functions(path):
        given = [*function.args.posonlyargs, *function.args.args]
        taken = [argument for argument in given if argument.arg not in ("self", "cls")]
        assert len(taken) <= 5 or allowed(path, function.name), f"{name_of(path)}: {function.name} takes {len(taken)}"


def test_no_file_is_a_drawer_for_anything() -> None:
    assert not [name_of(path) for path in SOURCES if path.name in FORBIDDEN_NAMES]


def test_select_stands_only_in_queries_and_tables() -> None:
    for path in business_files():
        if (
            "queries" not in path.relative_to(ROOT).as_posix()
            and "tables" not in path.relative_to(ROOT).as_posix()
            and "migrations" not in path.parts
        ):
            found = re.findall(r"(?<![\w.])select\(", path.read_text(encoding="utf-8"))
            assert not found, f"{name_of(path)} has a select("


def test_the_only_clock_is_the_unit_of_works() -> None:
    for path in business_files():
        text = path.read_text(encoding="utf-8")
        found = re.findall(
            r"datetime\.(?:now|utcnow|today)\(|time\.time\(|func\.now\(|CURRENT_TIMESTAMP|\bnow\(\)", text
        )
        assert not found or allowed(path, "clock"), f"{name_of(path)} looks at a clock: {found}"


def test_nobody_but_the_chassis_commits_or_publishes() -> None:
    for path in business_files():
        found = re.findall(r"\.commit\(|\.rollback\(|basic_publish|pg_notify", path.read_text(encoding="utf-8"))
        assert not found, f"{name_of(path)}: {found}"


def test_the_chassis_knows_no_business_word() -> None:
    for path in (ROOT / "services" / "chassis").rglob("*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not BUSINESS.search(line), f"{name_of(path)}:{number}: {line.strip()}"


def test_contracts_hold_words_and_no_functions() -> None:
    for path in (ROOT / "services" / "contracts").rglob("*.py"):
        assert not list(functions(path)), f"{name_of(path)} defines a function"


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_files(service: str) -> None:
    folder = ROOT / "services" / service
    for name in ("service", "commands", "queries", "rules", "tables", "settings", "__main__"):
        assert (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists(), f"{service} has no {name}"
    assert (folder / "migrations" / "env.py").exists()


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_follow_one_another(service: str) -> None:
    """Two that are written at the same time bear the same number, and then no program starts."""
    files = sorted((ROOT / "services" / service / "migrations" / "versions").glob("[0-9]*.py"))
    told = [re.findall(r'^(?:down_)?revision = "?(\w+)"?', file.read_text(encoding="utf-8"), re.M) for file in files]
    numbers = [f"{number:04}" for number in range(1, len(files) + 1)]
    assert [file.name[:4] for file in files] == numbers
    assert told == [list(pair) for pair in zip(numbers, ["None", *numbers[:-1]], strict=True)]
