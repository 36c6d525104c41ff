"""A second factor demanded of staff: by the team's profile, or by the installation for all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyotp
import pytest

from services.accounts.commands import codes
from tests.journeys.cast import Cast, Person, Team, expect, unique
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey
WAYS = ["POST /v1/me/totp", "POST /v1/me/totp/confirm"]


@pytest.fixture
def strict(cast: Cast) -> Team:
    """A team whose profile wants it."""
    return cast.team("E", sign_in={"staff_second_factor": "required"})


@pytest.fixture
def everywhere(memory: MemoryWorld, cast: Cast) -> Iterator[None]:
    """``CASEWORK_STAFF_TOTP=required``, from after the operator's sign-in on."""
    assert cast.operator.token
    codes.demand(of_staff=True)
    yield
    codes.demand(of_staff=False)


def agent(team: Team) -> tuple[dict[str, Any], Person]:
    """One of the staff, and the session he gets by his password."""
    asked = {"user_name": unique("ida"), "name": "Ida", "password": "a-long-enough-word", "role": "agent"}
    asked["email"] = f"{asked['user_name']}@example.org"
    expect(team.cast.operator.post(f"{team.path}/agents", asked), 201)
    return signed_in(team.cast.world, asked["user_name"], asked["password"])


def signed_in(world: World, login: str, password: str) -> tuple[dict[str, Any], Person]:
    session = expect(world.http("POST", "/v1/sessions", json={"login": login, "password": password}), 201)
    person = Person(world, session["user"]["id"], login, "", session["access_token"], password)
    return session, person


def refresh(person: Person, session: dict[str, Any]) -> dict[str, Any]:
    answer = person.world.http("POST", "/v1/sessions/refresh", json={"refresh_token": session["refresh_token"]})
    told: dict[str, Any] = expect(answer, 200)
    person.token = told["access_token"]
    return told


def set_up(person: Person) -> None:
    secret = expect(person.post("/v1/me/totp"), 200)["secret"]
    expect(person.post("/v1/me/totp/confirm", {"code": pyotp.TOTP(secret).at(datetime.now(UTC))}), 200)


def refused(person: Person, team: Team) -> None:
    for method, path in (
        ("GET", "/v1/me"),
        ("GET", f"{team.path}/cases"),
        ("GET", f"{team.path}/events"),
        ("POST", f"{team.path}/cases"),
        ("POST", "/v1/me/api-tokens"),
        ("PUT", "/v1/me/password"),
        ("POST", "/v1/me/totp/remove"),
        ("DELETE", "/v1/sessions"),
    ):
        told = expect(person.http(method, path, **({} if method in ("GET", "DELETE") else {"json": {}})), 403)
        assert (told["code"], told["routes"]) == ("second_factor_needed", WAYS)


def test_staff_without_one_may_only_set_it_up(strict: Team, world: World) -> None:
    session, ida = agent(strict)
    assert session["second_factor_needed"] is True
    refused(ida, strict)
    session = refresh(ida, session)
    assert session["second_factor_needed"] is True
    refused(ida, strict)
    set_up(ida)
    refused(ida, strict)
    assert refresh(ida, session)["second_factor_needed"] is False
    world.settle(lambda: ida.get(f"{strict.path}/cases").status == 200)
    answer = world.http("POST", "/v1/sessions", json={"login": ida.user_name, "password": ida.password})
    assert expect(answer, 401)["code"] == "code_required"


def test_who_may_only_set_it_up_may_sign_out(strict: Team) -> None:
    _, ida = agent(strict)
    expect(ida.http("DELETE", "/v1/sessions/current"), 204)


def test_customers_and_other_teams_are_not_asked(strict: Team, cast: Cast) -> None:
    customer = strict.organization().person()
    expect(customer.get(f"{strict.path}/cases"), 200)
    session, other = agent(cast.scene("E").team)
    assert session["second_factor_needed"] is False
    expect(other.get("/v1/me"), 200)


def test_a_profile_that_wants_it_is_heard_at_the_next_refresh(cast: Cast) -> None:
    team = cast.team("E")
    session, ida = agent(team)
    assert session["second_factor_needed"] is False
    team.apply(team.profile | {"sign_in": {"staff_second_factor": "required"}})
    assert refresh(ida, session)["second_factor_needed"] is True
    refused(ida, team)


def test_the_installation_may_want_it_of_all_staff_and_operators(everywhere: None, cast: Cast) -> None:
    team = cast.team("E")
    session, ida = agent(team)
    assert session["second_factor_needed"] is True
    refused(ida, team)
    operator = cast.operator
    session, again = signed_in(cast.world, operator.user_name, operator.password)
    assert session["second_factor_needed"] is True
    expect(again.get("/v1/users"), 403)
    customer = team.organization().person()
    expect(customer.get("/v1/me"), 200)
