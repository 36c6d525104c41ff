"""Access keys (S19 to S25): made by chance, kept as a hash, opening one case, told to nobody else."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from sqlalchemy import create_engine, text

from services.chassis.ids import made_key
from tests.journeys.cast import Cast, Scene, expect, unique
from tests.journeys.test_access_keys import Visitor
from tests.world import MemoryWorld

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LENGTH = 48


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("B")


def holder(memory: MemoryWorld, scene: Scene) -> Visitor:
    return Visitor(memory, scene, f"{unique('nora')}@example.org")


def test_ten_thousand_keys_have_no_pattern() -> None:
    keys = [made_key("cwa", "k" * 32, secrets.token_bytes(32)) for _ in range(10_000)]
    assert len(set(keys)) == len(keys)
    assert all(key.startswith("cwa_") and len(key) == 4 + LENGTH and set(key[4:]) <= set(ALPHABET) for key in keys)
    expected = len(keys) / len(ALPHABET)
    for place in range(LENGTH):
        seen = Counter(key[4 + place] for key in keys)
        chi_square = sum((seen[letter] - expected) ** 2 / expected for letter in ALPHABET)
        assert chi_square < 137, f"place {place}: {chi_square}"  # 63 degrees: once in five million places by chance


def test_a_key_does_not_follow_from_its_nonce_without_the_secret() -> None:
    nonce = secrets.token_bytes(32)
    assert made_key("cwa", "a" * 32, nonce) != made_key("cwa", "b" * 32, nonce)
    assert made_key("cwa", "a" * 32, nonce) == made_key("cwa", "a" * 32, nonce)


@pytest.mark.journey
def test_no_table_of_any_service_holds_a_key(memory: MemoryWorld, scene: Scene) -> None:
    visitor = holder(memory, scene)
    ticket = visitor.open()
    issued = expect(scene.agent.post(f"{scene.path}/cases/{ticket['id']}/access-keys"), 201)["key"]
    expect(memory.http("POST", "/v1/access/comments", json={"body": "x"}, headers={"X-Access-Key": issued}), 201)
    memory.settle(None)
    found = hashed = 0
    for service, work in memory.client.works.items():
        engine = create_engine(work.engine.url)
        with engine.connect() as db:
            names = db.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
            for name in names:
                rows = db.execute(text(f'SELECT CAST(t.* AS text) FROM "{name}" t')).scalars().all()  # noqa: S608
                dump = "\n".join(str(row) for row in rows)
                for key in (visitor.key, issued):
                    found += key in dump or key.encode().hex() in dump or key[4:] in dump
                    hashed += hashlib.sha256(key.encode()).hexdigest() in dump
                    assert not found, f"{service}.{name} holds a key"
        engine.dispose()
    assert hashed, "the search would not even have found the hash"


@pytest.mark.journey
def test_odd_keys_are_all_the_same_404(memory: MemoryWorld, scene: Scene) -> None:
    visitor = holder(memory, scene)
    visitor.open()
    good = visitor.key
    odd = ["", " ", "%20", "%00", "null", "[]", "{}", "true", "0", good.swapcase(), good.lower(), good[:-1]]
    odd += [
        good + "A",
        f"Bearer {good}",
        good.replace("cwa_", "cwp_"),
        "\u212b".encode().decode("latin-1"),
        "x" * 6_000,
    ]
    told = set()
    for number, headers in enumerate([{}, *[{"X-Access-Key": key} for key in odd]]):
        with memory.at(later(10, hours=2 * number)):  # far apart: how many are too many is proved below
            answer = memory.http("GET", "/v1/access", headers=headers)
        told.add((answer.status, repr(sorted({**answer.json(), "request_id": ""}.items()))))
    assert [status for status, _ in told] == [404]


def later(days: int, **more: int) -> datetime:
    """A time at which nothing of the other tests counts any more."""
    return datetime.now(UTC) + timedelta(days=days, **more)


@pytest.mark.journey
def test_guessing_ends_soon_and_the_right_key_still_opens(memory: MemoryWorld, scene: Scene) -> None:
    visitor = holder(memory, scene)
    ticket = visitor.open()
    with memory.at(later(100)):
        wrong = [
            memory.http("GET", "/v1/access", headers={"X-Access-Key": made_key("cwa", "x", bytes([number]))})
            for number in range(12)
        ]
        assert [answer.status for answer in wrong] == [404] * 10 + [429] * 2
        assert 0 < int(wrong[-1].headers["retry-after"]) <= 3_600
        written = memory.http("POST", "/v1/access/comments", json={"body": "x"}, headers={"X-Access-Key": "cwa_no"})
        assert written.status == 429
        assert visitor.look()["number"] == ticket["number"]


@pytest.mark.journey
def test_a_key_opens_its_case_and_no_route_of_people(memory: MemoryWorld, scene: Scene) -> None:
    visitor, other = holder(memory, scene), holder(memory, scene)
    ticket, foreign = visitor.open(), other.open()
    here = f"{scene.path}/cases/{ticket['id']}"
    for headers in ({"X-Access-Key": visitor.key}, {"Authorization": f"Bearer {visitor.key}"}):
        for method, path in (
            ("GET", here),
            ("PATCH", here),
            ("POST", f"{here}/comments"),
            ("POST", f"{here}/close"),
            ("GET", f"{here}/tree"),
            ("GET", f"{here}/access-keys"),
            ("GET", f"{scene.path}/cases"),
            ("GET", f"{scene.path}/cases/{foreign['id']}"),
            ("GET", f"{scene.path}/events"),
            ("GET", "/v1/me"),
        ):
            body: dict[str, Any] = {} if method == "GET" else {"json": {}}
            assert memory.http(method, path, headers=headers, **body).status == 401, (method, path)
    assert (
        memory.http("GET", f"/v1/access?case_id={foreign['id']}", headers={"X-Access-Key": visitor.key}).status == 400
    )


@pytest.mark.journey
def test_a_key_stands_in_no_log_and_no_referer(memory: MemoryWorld, scene: Scene) -> None:
    with structlog.testing.capture_logs() as said:
        visitor = holder(memory, scene)
        ticket = visitor.open()
        answers = [visitor.ask("GET"), visitor.ask("POST", "/comments", json={"body": "x"})]
        with memory.at(later(200)):
            assert memory.http("GET", "/v1/access", headers={"X-Access-Key": visitor.key[:-1]}).status == 404
        expect(scene.agent.post(f"{scene.path}/cases/{ticket['id']}/answer", {"body": "Done."}), 200)
        memory.settle(None)
    for answer in answers:
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "private, no-store"
        assert visitor.key not in answer.body.decode() + repr(answer.headers)
    assert "GET /v1/access" in repr(said)
    assert visitor.key[4:30] not in repr(said)
    feed = expect(scene.agent.get(f"{scene.path}/events?after=0"), 200)
    for secret in (visitor.key[4:30], visitor.email):
        assert secret not in repr(feed)
