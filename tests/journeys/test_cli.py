"""The operators' command line, as a program of its own against the running system."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.programs import OPERATOR
from tests.journeys.cast import PROFILES, SEEDS, Cast, Team, unique
from tests.journeys.record import Record
from tests.parts import ROOT, eventually
from tests.world import BrokerWorld

pytestmark = pytest.mark.journey


class Console:
    """A person at a terminal: what he types, what he sees, and the exit code."""

    def __init__(self, world: BrokerWorld, home: Path) -> None:
        self.world, self.home = world, home

    def run(
        self, *words: str, typed: str = "", status: int = 0, url: str = "", environment: Mapping[str, str] | None = None
    ) -> str:
        """One command; its output. Fails when it ends otherwise than expected."""
        environment = {
            **(environment or {}),
            "XDG_CONFIG_HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "CASEWORK_URL": url or self.world.url,
        }
        argv = [sys.executable, "-m", "cli", *words]
        done = subprocess.run(argv, input=typed, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
        assert done.returncode == status, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout if status == 0 else done.stdout + done.stderr

    def told(self, *words: str, **more: Any) -> Any:
        """The same for a program: --json."""
        return json.loads(self.run("--json", *words, **more))


def on_the_server(world: BrokerWorld, command: str, status: int = 0) -> str:
    """A command of the accounts service where it runs; what it printed."""
    argv = [sys.executable, "-m", "services.accounts", command]
    environment = world.processes["accounts"].environment
    done = subprocess.run(argv, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


@pytest.fixture(scope="module")
def console(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Console:
    if not isinstance(world, BrokerWorld):
        pytest.skip("only over the real broker")
    made = Console(world, tmp_path_factory.mktemp("home"))
    password = world.stack.secrets.operator_password
    made.run("login", "--user", OPERATOR, "--password-stdin", typed=f"{password}\n")
    return made


@pytest.fixture(scope="module")
def team(console: Console, cast: Cast) -> Team:
    return cast.team("E")


@pytest.fixture
def profile(team: Team, tmp_path: Path) -> Path:
    """The team's profile as a file with comments, as people keep it."""
    text = (PROFILES / f"{SEEDS['E']}.yaml").read_text(encoding="utf-8").replace("team: extend", f"team: {team.id}")
    path = tmp_path / "profile.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_who_is_signed_in(console: Console) -> None:
    assert console.told("whoami")["operator"] is True
    assert "operator" in console.run("whoami")
    assert (console.home / "casework" / "session.json").stat().st_mode & 0o077 == 0


def test_a_wrong_password_is_refused_and_nobody_is_not_reachable(console: Console, tmp_path: Path) -> None:
    other = Console(console.world, tmp_path)
    assert "[wrong_credentials]" in other.run("login", "--user", "nobody", "--password-stdin", typed="x\n", status=1)
    assert "casework login" in other.run("whoami", status=1)
    assert "does not answer" in other.run("whoami", status=3, url="http://127.0.0.1:9")
    other.run("teams", "lost", status=2)
    assert json.loads(other.run("--json", "whoami", status=1))["status"] == 401


def test_a_fault_in_a_profile_is_told_with_its_line(console: Console, team: Team, profile: Path) -> None:
    assert "nothing wrong" in console.run("profile", "lint", str(profile))
    lines = profile.read_text(encoding="utf-8").split("\n")
    place = next(number for number, line in enumerate(lines) if "charge: contract_rate" in line)
    lines[place] = lines[place].replace("contract_rate", "a_lot")
    profile.write_text("\n".join(lines), encoding="utf-8")
    told = console.run("profile", "lint", str(profile), status=1)
    assert told.startswith(f"{profile}:{place + 1}: error: ")
    assert console.run("profile", "apply", str(profile), status=1).startswith(f"{profile}:{place + 1}: error: ")


def test_a_profile_is_tried_applied_and_taken_back(console: Console, team: Team, profile: Path) -> None:
    text = profile.read_text(encoding="utf-8")
    profile.write_text(text.replace("case: Ärende\n", "case: Sak\n"), encoding="utf-8")
    assert "/labels/case" in console.run("profile", "dry-run", str(profile), "--replace")
    applied = console.told("profile", "apply", str(profile), "--replace", "--comment", "Shorter")
    assert yaml.safe_load(console.run("profile", "export", team.id))["labels"]["case"] == "Sak"
    assert console.told("profile", "history", team.id)[0]["comment"] == "Shorter"
    back = console.told("profile", "rollback", team.id, "1")
    assert back["profile_version"] == applied["profile_version"] + 1
    assert console.told("profile", "export", team.id)["labels"]["case"] == "Ärende"


def test_people_come_and_go(console: Console, team: Team) -> None:
    organization = console.told("organizations", "add", team.id, "Nordic Trade")
    assert "Nordic Trade" in console.run("organizations", "list", team.id)
    name = unique("ada")
    words = ("users", "add", team.id, organization["id"], name, f"{name}@example.org", "Ada Lind", "--password-stdin")
    added = console.told(*words, typed="blue-Horse-42-Battery\n")
    assert name in console.run("users", "list", team.id, organization["id"])
    invited = ("users", "invite", team.id, organization["id"], f"bo.{name}@example.org", "Bo Ek")
    assert console.told(*invited)["organization_id"] == organization["id"]
    assert "[already_member]" in console.run(*words, typed="blue-Horse-42-Battery\n", status=1)
    assert console.told("users", "deactivate", team.id, added["id"])["active"] is False
    assert console.told(*words, typed="blue-Horse-42-Battery\n")["id"] == added["id"]


def test_staff_is_listed_and_a_person_is_shut_out_and_let_in(console: Console, team: Team) -> None:
    name = unique("bo")
    words = ("agents", "add", team.id, name, f"{name}@example.org", "Bo Ek", "--password-stdin")
    added = console.told(*words, typed="blue-Horse-42-Battery\n")
    [line] = [line for line in console.run("agents", "list", team.id).splitlines() if name in line]
    assert {added["id"], name, "Bo", "Ek", f"{name}@example.org", "agent", "True"} <= set(line.split())
    [found] = console.told("users", "find", name)
    assert found["user"]["id"] in console.run("users", "find", name)
    assert console.told("users", "shut", found["user"]["id"])["active"] is False
    assert console.told("users", "open", found["user"]["id"])["active"] is True
    assert "a letter says so" in console.run("users", "remove-second-factor", found["user"]["id"])
    assert console.told("users", "deactivate", team.id, added["id"])["active"] is False


def test_a_token_is_shown_once_works_and_is_revoked(console: Console, team: Team) -> None:
    made = console.told("tokens", "create", "report", "--scope", "cases:read", "--scope", "accounts:read")
    assert made["token"] not in console.run("tokens", "list")
    answer = console.world.http("GET", "/v1/teams", headers={"Authorization": f"Bearer {made['token']}"})
    assert answer.status == 200
    console.run("tokens", "revoke", made["id"])
    assert made["id"] not in [line["id"] for line in console.told("tokens", "list")]


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE audit_entries SET actor_id = actor_id || 'x' WHERE {here} AND seq = 2", 2),
        ("UPDATE audit_entries SET hash = decode(md5('x') || md5('y'), 'hex') WHERE {here} AND seq = 3", 3),
        ("DELETE FROM audit_entries WHERE {here} AND seq = 2", 2),
        (
            "UPDATE audit_entries SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE {here} AND seq IN (2, 3);"
            "UPDATE audit_entries SET seq = -seq WHERE {here} AND seq < 0",
            2,
        ),
    ],
    ids=["flipped", "hash", "dropped", "reordered"],
)
def test_the_verifier_names_the_place(console: Console, cast: Cast, statement: str, place: int) -> None:
    team = cast.team("B")
    for _ in range(4):
        team.organization()
    record = Record(console.world, team.id, cast.operator)
    eventually(lambda: len(record.find("organization.added")) == 4, 15)
    kept = console.home / f"{team.id}.jsonl"
    console.run("audit", "export", team.id, "--to", str(kept))
    assert console.told("audit", "verify", team.id)["ok"] is True
    record.tamper(statement.format(here=f"team_id = '{team.id}'"))
    assert f"{team.id}, entry {place}: " in console.run("audit", "verify", team.id, status=1)
    assert "all as they were written" in console.run("audit", "verify", "--file", str(kept))
    kept.write_text(kept.read_text(encoding="utf-8").replace("organization.added", "organization.adder", 1))
    assert f"{team.id}, entry " in console.run("audit", "verify", "--file", str(kept), status=1)


def test_new_keys_log_nobody_out(console: Console) -> None:
    before, after = ({key["kid"] for key in console.told("keys", "rotate")["keys"]} for _ in range(2))
    assert before < after
    assert console.told("whoami")["operator"] is True


def test_parked_messages_are_seen_from_a_server_only(console: Console) -> None:
    assert "from a server of the installation only" in console.run("parked", "list", "cases", status=2)
    there = console.world.processes["cases"].environment
    assert console.run("parked", "list", "cases", environment=there) == ""
    assert console.run("parked", "drop", "cases", typed="n\n", status=1, environment=there)
    away = there | {"CASEWORK_AMQP_URL": "amqp://guest:guest@127.0.0.1:1//"}
    assert "message broker does not answer" in console.run("parked", "list", "cases", status=1, environment=away)


def test_the_installations_own_record_verifies(console: Console) -> None:
    assert console.told("audit", "verify")["ok"] is True
    assert console.told("audit", "list", "--action", "session.started")[0]["team_id"] is None


def test_one_more_operator_comes_by_a_one_time_token(console: Console, tmp_path: Path) -> None:
    assert "There is an operator already" in on_the_server(console.world, "first-operator", status=1)
    printed = on_the_server(console.world, "another-operator")
    link, name = printed.strip(), unique("root")
    words = ("setup", "--token", link, "--user-name", name, "--email", f"{name}@example.org", "--name", "Root Two")
    newcomer = Console(console.world, tmp_path)
    newcomer.run(*words, "--password-stdin", typed="blue-Horse-42-Battery\n")
    newcomer.run("login", "--user", name, "--password-stdin", typed="blue-Horse-42-Battery\n")
    assert newcomer.told("whoami")["operator"] is True
    assert "[token_invalid]" in newcomer.run(*words, "--password-stdin", typed="blue-Horse-42-Battery\n", status=1)
    newcomer.run("logout")
    newcomer.run("whoami", status=1)
