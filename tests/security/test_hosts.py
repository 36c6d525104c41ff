"""Links in mails begin with the configured address, whatever host a request names (S26)."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.cast import Cast, Person, unique
from tests.journeys.post import Post
from tests.world import BrokerWorld, World

pytestmark = pytest.mark.journey
EVIL = "evil.example"
HEADERS: list[dict[str, str]] = [
    {"Host": EVIL},
    {"Host": f"{EVIL}:8443"},
    {"Host": f"127.0.0.1@{EVIL}"},
    {"X-Forwarded-Host": EVIL},
    {"X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443", "X-Forwarded-Prefix": "/evil"},
    {"Forwarded": f"host={EVIL};proto=https"},
    {"X-Host": EVIL, "X-Original-Host": EVIL, "X-Forwarded-Server": EVIL, "X-Original-URL": f"https://{EVIL}/"},
]
Wish = Callable[[Cast], tuple[Person | None, str, dict[str, Any], str]]


def lost(cast: Cast) -> tuple[Person | None, str, dict[str, Any], str]:
    who = cast.scene("E").home.person()
    return None, "/v1/password/lost", {"login": who.user_name}, who.email


def changed(cast: Cast) -> tuple[Person | None, str, dict[str, Any], str]:
    who, email = cast.scene("E").home.person(), f"{unique('new')}@example.org"
    return who, "/v1/me/email", {"email": email, "password": who.password}, email


def invited(cast: Cast) -> tuple[Person | None, str, dict[str, Any], str]:
    scene, email = cast.scene("E"), f"{unique('eva')}@example.org"
    asked = {"email": email, "name": "Eva", "organization_id": scene.home.id, "role": "member"}
    return scene.administrator, f"{scene.path}/invitations", asked, email


def requested(cast: Cast) -> tuple[Person | None, str, dict[str, Any], str]:
    scene = cast.scene("E")
    company = scene.team.organization()
    who, boss = company.person(), company.person("administrator")
    return who, f"{company.path}/user-requests", {"name": "Ny", "email": f"{unique('ny')}@example.org"}, boss.email


def registered(cast: Cast) -> tuple[Person | None, str, dict[str, Any], str]:
    name = unique("cy")
    asked = {"user_name": name, "email": f"{name}@example.org", "name": "Cy", "company": "Cy & Co"}
    return None, f"{cast.scene('B').path}/registrations", asked | {"password": "a long password"}, asked["email"]


WISHES: list[Wish] = [lost, changed, invited, requested, registered]


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.__name__)
def test_no_header_moves_a_link(world: World, cast: Cast, post: Post, wish: Wish) -> None:
    for number, headers in enumerate(HEADERS):
        who, path, body, address = wish(cast)
        sent = headers | ({"Authorization": f"Bearer {who.token}"} if who else {})
        place = {"environ_base": {"REMOTE_ADDR": f"127.26.{WISHES.index(wish)}.{number + 1}"}}
        more: dict[str, Any] = place if world.kind == "memory" else {}
        answer = world.http("POST", path, json=body, headers=sent, **more)
        if answer.status == 429:  # over the wire, all of these come from one address
            break
        assert answer.status in (200, 201), answer.body
        assert EVIL not in answer.body.decode() + str(answer.headers)
        links_home(world, post, address)


def links_home(world: World, post: Post, address: str) -> None:
    """The one letter there leads to the installation's own address, and nowhere else."""
    [letter] = world.settle(lambda: post.letters(address))
    text = json.dumps(letter)
    assert EVIL not in text
    home = f"http://127.0.0.1:{world.stack.ports.base + 174}"
    found = re.findall(r"https?://[^\s\"<>/\\\\]+", letter["text"])
    assert set(found) == {home}


RAW = (
    "POST http://evil.example/v1/password/lost HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    "POST /v1/password/lost HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n",
    "POST /v1/password/lost HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1\r\n",
    "POST /v1/password/lost HTTP/1.1\r\nHost: 127.0.0.1@evil.example\r\n",
    "POST /v1/password/lost HTTP/1.1\r\nHost: evil.example:80\r\n",
)


@pytest.mark.parametrize("head", RAW, ids=lambda head: repr(head[:60]))
def test_what_only_a_bare_socket_can_send_moves_none_either(
    broker: BrokerWorld, cast: Cast, post: Post, head: str
) -> None:
    """It is refused, or understood as it should be."""
    who = cast.scene("E").home.person()
    host, port = broker.url.removeprefix("http://").split(":")
    body = json.dumps({"login": who.user_name}).encode()
    rest = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((host, int(port)), 10) as line:
        line.sendall((head + rest).encode() + body)
        answer = line.makefile("rb").read().decode()
    assert "evil.example" not in answer
    status = int(answer.split(" ", 2)[1])
    assert status in (200, 400, 404)
    if status == 200:
        links_home(broker, post, who.email)
    else:
        broker.settle()
        assert post.letters(who.email) == []
