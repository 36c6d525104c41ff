"""Static checks of the container files: what a reviewer would otherwise have to look for by eye."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import envfile
from deploy.local.ports import SERVICES
from deploy.local.rabbitmq import permissions

DEPLOY = Path(envfile.__file__).parent
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
PROGRAMS: dict[str, dict[str, Any]] = COMPOSE["services"]
EXAMPLE = (DEPLOY / ".env.example").read_text()


def test_every_part_runs_and_each_service_has_both_roles() -> None:
    roles = {f"{name}-{role}" for name in SERVICES for role in ("rpc", "worker")}
    assert set(PROGRAMS) == {"postgres", "rabbitmq", "seaweedfs", "gateway", "mailroom"} | roles
    for name in roles:
        assert PROGRAMS[name]["command"] == ["--role", name.rpartition("-")[2]]


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_every_container_says_whether_it_is_well(name: str) -> None:
    assert PROGRAMS[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_no_container_has_a_fixed_secret(name: str) -> None:
    for variable, value in PROGRAMS[name]["environment"].items():
        if re.search(r"PASSWORD|SECRET|_KEY|_URL", variable) and "seaweedfs:8333" not in value:
            assert re.search(r"\$\{[A-Z0-9_]+:\?\}", value), f"{variable} must come from the env file"
            assert ":-" not in value, f"{variable} has a default"


def test_a_program_gets_its_own_passwords_only() -> None:
    for name, program in PROGRAMS.items():
        owner = name.split("-")[0]
        if owner not in (*SERVICES, "gateway", "mailroom"):
            continue
        text = json.dumps(program["environment"])
        strangers = {*SERVICES, "gateway", "mailroom"} - {owner}
        assert not [other for other in strangers if f"${{{other.upper()}_" in text]


def test_the_example_names_every_variable_and_no_value() -> None:
    wanted = set(re.findall(r"\$\{([A-Z0-9_]+):\?\}", (DEPLOY / "compose.yaml").read_text()))
    lines = [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")]
    assert {line.partition("=")[0] for line in lines} == wanted
    assert all(line.endswith("=") for line in lines)


def test_an_env_file_is_fresh_each_time_and_safe_in_urls() -> None:
    first, second = envfile.filled("POSTGRES_PASSWORD="), envfile.filled("POSTGRES_PASSWORD=")
    assert first != second
    assert re.fullmatch(r"POSTGRES_PASSWORD=[A-Za-z0-9_-]{32}", first)
    assert envfile.filled("SMTP_URL=") == "SMTP_URL="
    assert envfile.filled("# words = words") == "# words = words"


def test_the_broker_of_compose_has_the_permissions_of_the_local_one() -> None:
    assert json.loads((DEPLOY / "init" / "permissions.json").read_text()) == permissions("casework")


def test_the_init_scripts_know_every_service() -> None:
    for name in SERVICES:
        assert f'make_service {name} "${name.upper()}_DATABASE_PASSWORD"' in (DEPLOY / "init/postgres.sh").read_text()
        assert f'user {name} "${name.upper()}_BROKER_PASSWORD"' in (DEPLOY / "init/rabbitmq.sh").read_text()


def stages() -> dict[str, list[str]]:
    """The Dockerfile's lines by stage name."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (DEPLOY / "Dockerfile").read_text().splitlines():
        if match := re.match(r"FROM \S+ AS (\S+)", line):
            current = found.setdefault(match.group(1), [])
        current.append(line)
    return found


def copies(stage: str) -> set[str]:
    """What a stage takes from the checkout."""
    lines = [line for line in stages()[stage] if line.startswith("COPY ") and "--from" not in line]
    return {part for line in lines for part in line.split()[1:-1]}


def test_an_image_holds_its_own_program_only() -> None:
    assert copies("runtime") == {"services/__init__.py", "services/chassis", "services/contracts"}
    assert copies("service") == {"services/${SERVICE}"}
    assert copies("gateway") == {"gateway"}
    assert copies("packages") == {"requirements/requirements-service.txt"}
    assert copies("gateway-packages") == {"requirements/requirements-gateway.txt"}


@pytest.mark.parametrize("stage", ["service", "gateway"])
def test_nothing_runs_as_root(stage: str) -> None:
    assert "USER casework" in stages()[stage]


def test_packages_are_checked_against_their_hashes() -> None:
    for stage in ("packages", "gateway-packages"):
        assert any("--require-hashes" in line for line in stages()[stage])


def test_no_file_names_a_registry_host() -> None:
    for path in (DEPLOY / "Dockerfile", DEPLOY / "compose.yaml"):
        images = re.findall(r"(?:FROM|image:) (\S+)", path.read_text())
        assert images
        assert not [image for image in images if "." in image.split("/")[0] and "/" in image]
