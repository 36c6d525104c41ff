"""Letters about accounts: they arrive, in the reader's language, and their secrets are forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.chassis.ids import new_id
from services.contracts.accounts import LetterWanted
from services.notifications.commands import queue_letter, take_letters
from tests.journeys.cast import Cast, Scene, expect, unique
from tests.journeys.post import Post
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def scene(cast: Cast) -> Scene:
    return Scene(cast.team("E"))


def invite(scene: Scene, **more: Any) -> str:
    email = f"{unique('letter')}@example.org"
    asked = {"email": email, "name": "Eva Ek", "organization_id": scene.home.id, "role": "member"}
    expect(scene.administrator.post(f"{scene.path}/invitations", asked | more), 201)
    return email


def stored(memory: MemoryWorld, email: str) -> list[Any]:
    with memory.client.works["notifications"].writing() as uow:
        return uow.all(text("SELECT * FROM letters WHERE to_email = :email"), {"email": email})


def test_a_letter_comes_in_the_readers_language_from_nobody_who_reads_answers(scene: Scene, post: Post) -> None:
    letter = post.letter(invite(scene, locale="da"), "inviterer dig til")
    assert letter["subject"].startswith("Invitation til ")
    assert letter["headers"]["auto-submitted"] == "auto-generated"
    assert not {"reply-to", "cc", "bcc"} & {name.lower() for name in letter["headers"]}
    assert "/invitation#token=cwi_" in letter["text"]


def test_the_secret_of_a_letter_is_forgotten_once_it_is_sent(
    memory: MemoryWorld, scene: Scene, post: Post, capfd: pytest.CaptureFixture[str]
) -> None:
    email = invite(scene)
    secret = post.secret(email, "invites you")
    [row] = stored(memory, email)
    assert (row.state, row.link, row.next_try_at) == ("sent", None, None)
    told = "".join(capfd.readouterr())
    assert secret not in told
    for name, work in memory.client.works.items():
        with work.writing() as uow:
            tables = [one[0] for one in uow.all(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))]
            for table in tables:
                look = text(f'SELECT 1 FROM "{table}" AS t WHERE t::text LIKE :secret')  # noqa: S608 - our own names
                found = uow.all(look, {"secret": f"%{secret}%"})
                assert not found, f"{name}.{table} keeps the secret"


def test_a_letter_whose_link_ran_out_is_given_up_and_forgotten(memory: MemoryWorld, scene: Scene, post: Post) -> None:
    email = invite(scene)
    letter = LetterWanted(
        letter_id=new_id("letter"),
        kind="password_lost",
        team_id=None,
        to=email,
        name="Eva",
        locale="en",
        link="https://desk.test/#token=never",
        words={},
        expires_minutes=60,
    )
    work = memory.client.works["notifications"]
    with work.writing() as uow:
        queue_letter(uow, letter)
    with memory.at(datetime.now(UTC) + timedelta(minutes=61)), work.writing() as uow:
        assert not [one for one in take_letters(uow) if one.letter.letter_id == letter.letter_id]
    [row] = [row for row in stored(memory, email) if row.kind == "password_lost"]
    assert (row.state, row.link) == ("failed", None)
    post.letter(email, "invites you")  # the other one is sent all the same


def test_no_name_makes_a_header_or_another_recipient(scene: Scene, post: Post) -> None:
    name = "Eva =?utf-8?q?=0ABcc:_b@example.org?= \u2028Bcc: c@example.org"
    email = invite(scene, name=name)
    letter = post.letter(email, "invites you")
    assert "bcc" not in {header.lower() for header in letter["headers"]}
    assert letter["headers"]["to"].count("@") >= 1
    for other in ("b@example.org", "c@example.org"):
        assert not [mail for mail in post.letters(other) if mail["message_id"] == letter["message_id"]]


def test_a_letter_reaches_the_mail_server_once(world: World, scene: Scene, post: Post) -> None:
    email = invite(scene)
    post.letter(email, "invites you")
    world.settle(None)
    assert len(post.letters(email)) == 1
