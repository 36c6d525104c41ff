"""Passwords: lost, reset, changed, guessed."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from services.accounts.commands.installation import prepare
from services.accounts.settings import Settings
from services.chassis.settings import load
from tests.journeys.cast import Cast, Person, expect, unique
from tests.world import HttpAnswer, MemoryWorld, World

pytestmark = pytest.mark.journey
NEW = "a brand new password"


@pytest.fixture
def person(cast: Cast) -> Person:
    """Somebody of his own for each journey, because passwords change here."""
    return cast.scene("E").home.person()


class From(HTTPAdapter):
    """Requests that come from this loopback address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__(pool_maxsize=50)

    def init_poolmanager(self, *values: Any, **more: Any) -> None:
        super().init_poolmanager(*values, source_address=(self._address, 0), **more)


def caller(world: World, address: str) -> Callable[[str, Any], HttpAnswer]:
    """``call(path, body)``: a POST from this address (127.0.0.x)."""
    if isinstance(world, MemoryWorld):
        place = {"REMOTE_ADDR": address}
        return lambda path, body: world.http("POST", path, json=body, environ_base=place)
    session = requests.Session()
    session.mount("http://", From(address))
    url: str = world.url  # type: ignore[attr-defined]

    def call(path: str, body: Any) -> HttpAnswer:
        answer = session.post(url + path, json=body, timeout=15)
        return HttpAnswer(answer.status_code, dict(answer.headers), answer.content)

    return call


def sign_in(world: World, person: Person, password: str) -> HttpAnswer:
    """Log in."""
    return world.http("POST", "/v1/sessions", json={"login": person.user_name, "password": password})


def refresh(world: World, session: dict[str, Any]) -> HttpAnswer:
    """Use the session's refresh token."""
    return world.http("POST", "/v1/sessions/refresh", json={"refresh_token": session["refresh_token"]})


def letters(world: World, address: str) -> list[dict[str, Any]]:
    """Every mail that arrived at this address, oldest first."""
    page = f"http://127.0.0.1:{world.stack.ports.mail_page}/api/messages"
    found: list[dict[str, Any]] = requests.get(page, params={"to": address}, timeout=10).json()
    return found


def links(world: World, address: str, path: str = "/password/reset") -> list[str]:
    """The tokens of the links to this page that were mailed there."""
    found = [re.search(rf"{path}#token=([\w-]+)", mail["text"]) for mail in letters(world, address)]
    return [one[1] for one in found if one]


def lose(world: World, login: str, address: str, count: int = 1) -> str:
    """Say the password is lost; the token of the newest letter once ``count`` are there."""
    expect(caller(world, f"127.0.{len(login)}.{count}")("/v1/password/lost", {"login": login}), 200)
    world.settle(lambda: len(links(world, address)) == count)
    return links(world, address)[-1]


def reset(world: World, token: str, password: str = NEW) -> HttpAnswer:
    """Choose a new password."""
    return world.http("POST", "/v1/password/reset", json={"token": token, "password": password})


@pytest.mark.seed("E07")
def test_who_lost_his_password_gets_a_mail_and_chooses_a_new_one(world: World, person: Person) -> None:
    session = expect(sign_in(world, person, person.password), 201)
    token = lose(world, person.email, person.email)
    [mail] = letters(world, person.email)
    assert mail["headers"]["to"].endswith(f"<{person.email}>")
    assert person.user_name in mail["text"]
    assert "?token" not in mail["text"] + mail.get("html", "")
    expect(reset(world, token), 200)
    expect(refresh(world, session), 401)
    expect(sign_in(world, person, person.password), 401)
    expect(sign_in(world, person, NEW), 201)
    world.settle(lambda: len(letters(world, person.email)) == 2)
    assert "password" in letters(world, person.email)[-1]["text"]
    assert token not in letters(world, person.email)[-1]["text"]


def test_a_link_works_once_and_only_the_newest(world: World, person: Person) -> None:
    """S27."""
    old = lose(world, person.user_name, person.email)
    token = lose(world, person.user_name, person.email, 2)
    assert expect(reset(world, old), 422)["errors"][0]["rule"] == "expired"
    assert expect(reset(world, token, "password"), 422)["errors"][0]["rule"] == "common"
    assert expect(reset(world, token, person.email), 422)["errors"][0]["rule"] == "name"
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda n: reset(world, token, f"{NEW} {n}").status, range(5)))
    assert sorted(answers) == [200, 422, 422, 422, 422]
    expect(sign_in(world, person, f"{NEW} {answers.index(200)}"), 201)
    expect(reset(world, token), 422)


def test_a_new_password_ends_every_link_that_the_old_one_was_good_for(world: World, person: Person) -> None:
    """A thief who has the password asks that his own address become the person's."""
    thief = f"thief-{person.email}"
    expect(person.post("/v1/me/email", {"email": thief, "password": person.password}), 200)
    world.settle(lambda: len(links(world, thief, "/email/confirm")) == 1)
    expect(reset(world, lose(world, person.user_name, person.email)), 200)
    [token] = links(world, thief, "/email/confirm")
    refused = world.http("POST", "/v1/email/confirm", json={"token": token})
    assert expect(refused, 422)["errors"][0]["rule"] == "expired"


def test_a_link_is_good_for_an_hour_and_for_nothing_else(memory: MemoryWorld, person: Person) -> None:
    """S27."""
    token = lose(memory, person.user_name, person.email)
    expect(memory.http("GET", "/v1/me", headers={"Authorization": f"Bearer {token}"}), 401)
    expect(memory.http("POST", "/v1/sessions/refresh", json={"refresh_token": token}), 401)
    with memory.at(datetime.now(UTC) + timedelta(minutes=61)):
        expect(reset(memory, token), 422)
    with memory.at(datetime.now(UTC) + timedelta(minutes=59)):
        expect(reset(memory, token), 200)


def test_a_changed_password_makes_the_link_void(world: World, person: Person) -> None:
    token = lose(world, person.user_name, person.email)
    expect(person.put("/v1/me/password", {"password": person.password, "new_password": NEW}), 200)
    expect(reset(world, token), 422)


def test_a_letter_goes_to_the_address_we_have_and_to_no_other(world: World, person: Person) -> None:
    """S28."""
    call = caller(world, "127.0.28.1")
    shout = person.email.upper()
    twin = person.email.replace("o", "ｏ")
    evil = f"evil-{person.email}"
    cyrillic = person.email.replace("e", "\u0435")
    wrong = [f"{person.email},{evil}", f"{person.email}\r\nBcc: {evil}", cyrillic]
    for login in (*wrong, f"{person.email} {evil}", "x@" + person.email):
        expect(call("/v1/password/lost", {"login": login}), 200)
    expect(call("/v1/password/lost", {"login": [person.email, evil]}), 422)
    world.settle()
    for login in (shout, twin):
        before = len(links(world, person.email))
        expect(call("/v1/password/lost", {"login": login}), 200)
        world.settle(lambda before=before: len(links(world, person.email)) == before + 1)  # type: ignore[misc]
    found = letters(world, person.email)
    assert {mail["headers"]["to"].partition("<")[2] for mail in found} == {f"{person.email}>"}
    assert len(found) == 2
    assert letters(world, evil) == []


def test_letters_that_look_alike_are_not_the_same_name(world: World, cast: Cast) -> None:
    """S28: a dotless i is another letter; the sign of Kelvin is a K, and its letter goes to the address we have."""
    home, name = cast.scene("E").home, unique("kim")
    email = f"{name}@example.org"
    body = {"user_name": name, "email": email, "name": "Kim", "password": "a long password"}
    expect(cast.operator.post(home.users, body), 201)
    call = caller(world, "127.0.28.2")
    for login in (email.replace("i", "\u0131"), name.replace("i", "\u0131"), email.replace("i", "\u0130")):
        expect(call("/v1/password/lost", {"login": login}), 200)
    world.settle()
    assert letters(world, email) == []
    expect(call("/v1/password/lost", {"login": email.replace("k", "\u212a")}), 200)
    world.settle(lambda: len(letters(world, email)) == 1)
    assert letters(world, email)[0]["headers"]["to"].endswith(f"<{email}>")


def test_a_flood_of_lost_passwords_is_three_letters_an_hour(memory: MemoryWorld, person: Person) -> None:
    """S29."""
    call = caller(memory, "127.0.29.1")
    with ThreadPoolExecutor(8) as pool:
        ask = lambda login: call("/v1/password/lost", {"login": login})  # noqa: E731
        known = [answer.status for answer in pool.map(ask, [person.user_name] * 30)]
    call = caller(memory, "127.0.29.2")
    with ThreadPoolExecutor(8) as pool:
        unknown = [answer.status for answer in pool.map(ask, [unique("nobody")] * 30)]
    assert sorted(known) == sorted(unknown) == [200] * 20 + [429] * 10
    memory.settle()
    for minute in range(1, 30, 2):
        with memory.at(datetime.now(UTC) + timedelta(minutes=minute)):
            call = caller(memory, f"127.0.29.{minute + 10}")
            expect(call("/v1/password/lost", {"login": person.user_name}), 200)
            memory.settle()
    assert len(links(memory, person.email)) == 3
    with memory.at(datetime.now(UTC) + timedelta(minutes=61)):
        expect(call("/v1/password/lost", {"login": person.user_name}), 200)
        memory.settle()
    assert len(links(memory, person.email)) == 4


def test_a_changed_password_ends_the_other_sessions(world: World, person: Person) -> None:
    """S32."""
    here, there = (expect(sign_in(world, person, person.password), 201) for _ in range(2))
    me = Person(world, person.id, person.user_name, person.email, here["access_token"])
    body = {"password": person.password, "new_password": NEW}
    wrong = me.put("/v1/me/password", body | {"password": "not his"})
    assert expect(wrong, 422)["errors"][0] == {
        "pointer": "/password",
        "rule": "wrong",
        "detail": "This is not your present password.",
    }
    common = me.put("/v1/me/password", body | {"new_password": "12345678"})
    assert expect(common, 422)["errors"][0]["pointer"] == "/new_password"
    expect(me.put("/v1/me/password", body), 200)
    expect(refresh(world, there), 401)
    expect(refresh(world, here), 200)
    expect(sign_in(world, person, NEW), 201)
    world.settle(lambda: len(letters(world, person.email)) == 1)


def test_the_present_password_cannot_be_guessed_at_a_device_left_open(world: World, person: Person) -> None:
    body = {"password": "not his", "new_password": NEW}
    answers = [person.put("/v1/me/password", body).status for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_nobody_registers_with_a_password_that_everybody_has(cast: Cast) -> None:
    name = unique("person")
    body = {"user_name": name, "email": f"{name}@example.org", "name": "Per Son", "password": "iloveyou1"}
    refused = cast.operator.post(cast.scene("E").home.users, body)
    assert expect(refused, 422)["errors"][0]["rule"] == "common"


# --- guessing (S31) ---


def test_many_guesses_at_once_get_no_more_looks_and_lock_only_the_stranger_out(world: World, person: Person) -> None:
    stranger, home = caller(world, "127.0.31.1"), caller(world, "127.0.31.2")
    right = {"login": person.user_name, "password": person.password}
    expect(home("/v1/sessions", right), 201)
    start = threading.Barrier(20)

    def guess(number: int) -> list[int]:
        start.wait()
        wrong = {"login": person.user_name, "password": f"guess {number}"}
        return [stranger("/v1/sessions", wrong).status for _ in range(10)]

    with ThreadPoolExecutor(20) as pool:
        answers = [status for some in pool.map(guess, range(20)) for status in some]
    assert 1 <= answers.count(401) <= 12
    assert answers.count(401) + answers.count(429) + answers.count(409) + answers.count(503) == 200
    late = stranger("/v1/sessions", right)
    assert expect(late, 429)["code"] == "too_many_attempts"
    assert 1 <= int(late.headers["retry-after"]) <= 900
    expect(home("/v1/sessions", right), 201)
    expect(caller(world, "127.0.31.3")("/v1/sessions", right), 429)
    expect(reset(world, lose(world, person.user_name, person.email)), 200)
    expect(caller(world, "127.0.31.3")("/v1/sessions", right | {"password": NEW}), 201)


def test_one_address_cannot_try_many_names(world: World, person: Person) -> None:
    stranger = caller(world, "127.0.31.4")
    answers = [stranger("/v1/sessions", {"login": f"name{n}", "password": "guess"}).status for n in range(31)]
    assert answers == [401] * 30 + [429]
    expect(stranger("/v1/sessions", {"login": person.user_name, "password": person.password}), 429)


def test_right_passwords_are_never_too_many(world: World, person: Person) -> None:
    office = caller(world, "127.0.31.5")
    for _ in range(32):
        expect(office("/v1/sessions", {"login": person.user_name, "password": person.password}), 201)


def test_the_wait_is_over_after_a_quarter_of_an_hour(memory: MemoryWorld, person: Person) -> None:
    stranger = caller(memory, "127.0.31.6")
    wrong = {"login": person.user_name, "password": "guess"}
    assert [stranger("/v1/sessions", wrong).status for _ in range(11)] == [401] * 10 + [429]
    with memory.at(datetime.now(UTC) + timedelta(minutes=15, seconds=1)):
        expect(stranger("/v1/sessions", wrong | {"password": person.password}), 201)


def test_a_restart_leaves_the_operators_password_as_he_changed_it(memory: MemoryWorld) -> None:
    name, first = unique("root"), "a-first-long-password"
    named: dict[str, Any] = {"operator_name": name, "operator_password": first, "operator_email": f"{name}@example.org"}
    settings, work = replace(load(Settings), **named), memory.client.works["accounts"]
    prepare(work, settings)
    signed_in = expect(memory.http("POST", "/v1/sessions", json={"login": name, "password": first}), 201)
    root = Person(memory, signed_in["user"]["id"], name, "", signed_in["access_token"], first)
    expect(root.put("/v1/me/password", {"password": first, "new_password": NEW}), 200)
    prepare(work, settings)
    expect(sign_in(memory, root, NEW), 201)
    expect(sign_in(memory, root, first), 401)
