"""How people come in: they apply and are approved, a colleague asks for them, they are invited. And who stays out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.journeys.cast import Cast, Person, Scene, expect, unique
from tests.journeys.crowd import at_once, patiently
from tests.journeys.post import Post, Reply
from tests.world import HttpAnswer, MemoryWorld, World

pytestmark = pytest.mark.journey
PASSWORD = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def portal(cast: Cast) -> Scene:
    """Seed B: an applicant chooses name and password."""
    return Scene(cast.team("B"))


@pytest.fixture(scope="module")
def extend(cast: Cast) -> Scene:
    """Seed E: a colleague asks, the vendor adds."""
    return Scene(cast.team("E"))


def application(**more: Any) -> dict[str, Any]:
    name = unique("appl")
    told = {"user_name": name, "email": f"{name}@example.org", "name": "Åsa Lind", "company": "Lind & Co"}
    return told | {"password": PASSWORD} | more


def apply(world: World, scene: Scene, asked: dict[str, Any]) -> HttpAnswer:
    return world.http("POST", f"{scene.path}/registrations", json=asked)


def confirm(world: World, scene: Scene, post: Post, email: str) -> None:
    token = post.secret(email, "Confirm")
    expect(world.http("POST", f"{scene.path}/registrations/confirm", json={"token": token}), 200)


def sign_in(world: World, login: str, password: str = PASSWORD) -> HttpAnswer:
    return world.http("POST", "/v1/sessions", json={"login": login, "password": password})


@pytest.fixture(scope="module")
def lead(portal: Scene) -> Person:
    return portal.team.add_agent("lead")


@pytest.mark.seed("B20", "B21", "B22")
def test_an_applicant_gets_the_account_he_chose_once_staff_approve(
    world: World, cast: Cast, portal: Scene, post: Post, lead: Person
) -> None:
    asked = application(message="We bought the product yesterday.")
    started = expect(apply(world, portal, asked), 201)
    assert started["status"] == "pending"
    here = f"{portal.path}/registrations/{started['id']}"
    heard = {who.id: expect(who.get(f"{portal.path}/events"), 200)["cursor"] for who in (lead, portal.customer)}
    unknown = sign_in(world, unique("nobody")).json()
    waiting = sign_in(world, asked["user_name"])
    assert (waiting.status, waiting.json()["code"]) == (401, unknown["code"])

    too_soon = lead.post(f"{here}/approve", {"organization_id": portal.home.id})
    assert expect(too_soon, 409)["code"] == "email_not_confirmed"
    confirm(world, portal, post, asked["email"])
    confirm(world, portal, post, asked["email"])
    waits = post.letter(lead.email, asked["email"])
    assert "applies for an account" in waits["subject"]
    assert asked["name"] not in waits["text"]
    status = {"token": started["token"]}
    told = expect(world.http("POST", f"{here}/status", json=status), 200)
    assert (told["status"], told["email_confirmed"]) == ("pending", True)
    [line] = [
        one for one in expect(lead.get(f"{portal.path}/registrations"), 200)["data"] if one["id"] == started["id"]
    ]
    assert (line["user_name"], line["message"], line["taken"]) == (asked["user_name"], asked["message"], [])
    assert line["permissions"] == ["registration.decide"]

    made = expect(lead.post(f"{here}/approve", {"organization_id": portal.home.id}), 200)
    assert made["organization_id"] == portal.home.id
    letter = post.letter(asked["email"], "login data is configured")
    assert asked["user_name"] in letter["text"]
    assert PASSWORD not in letter["text"]
    person = cast.sign_in(asked["user_name"], PASSWORD, asked["email"])
    world.settle(lambda: portal.team.knows(person, portal.home.id))
    portal.team.open_case(person)
    assert expect(world.http("POST", f"{here}/status", json=status), 200)["status"] == "approved"

    def told_of(who: Person) -> list[tuple[str, str]]:
        lines = expect(who.get(f"{portal.path}/events?after={heard[who.id]}"), 200)["data"]
        return [(one["type"], one["actor"]) for one in lines if one["subject"] == started["id"]]

    world.settle(lambda: told_of(lead) == [("registration.submitted", None), ("registration.approved", lead.id)])
    assert told_of(portal.customer) == []
    assert expect(lead.post(f"{here}/reject", {"reason": "Too late"}), 409)["code"] == "already_decided"


@pytest.mark.seed("B21")
def test_a_rejected_applicant_is_told_why_and_stays_outside(
    world: World, portal: Scene, post: Post, lead: Person
) -> None:
    asked = application(locale="sv")
    started = expect(apply(world, portal, asked), 201)
    token = post.secret(asked["email"], "Bekräfta")
    expect(world.http("POST", f"{portal.path}/registrations/confirm", json={"token": token}), 200)
    here = f"{portal.path}/registrations/{started['id']}"
    for nobody in (portal.customer, portal.agent):
        expect(nobody.post(f"{here}/reject", {"reason": "No"}), 403 if nobody is portal.agent else 404)
        assert nobody.get(f"{portal.path}/registrations").status == 403
    expect(lead.post(f"{here}/reject", {"reason": "Okänt företag"}), 200)
    assert "Skäl: Okänt företag" in post.letter(asked["email"], "har inte godkänts")["text"]
    assert sign_in(world, asked["user_name"]).status == 401
    told = expect(world.http("POST", f"{here}/status", json={"token": started["token"]}), 200)
    assert (told["status"], told["reason"]) == ("rejected", "Okänt företag")
    assert world.http("POST", f"{here}/status", json={"token": "cwg_guessed"}).status == 404


def test_known_and_unknown_names_get_the_same_answer_and_staff_see_the_clash(
    world: World, cast: Cast, post: Post
) -> None:
    scene = Scene(cast.team("B"))
    known = scene.customer
    lead = scene.team.add_agent("lead")
    same = application(user_name=known.user_name, email=known.email)
    answers = [apply(world, scene, asked) for asked in (same, application())]
    assert [sorted(expect(answer, 201)) for answer in answers] == [["id", "status", "token"]] * 2
    confirm(world, scene, post, known.email)
    waiting = expect(lead.get(f"{scene.path}/registrations"), 200)["data"]
    assert [one["taken"] for one in waiting] == [["user_name", "email"], []]
    here = f"{scene.path}/registrations/{answers[0].json()['id']}"
    refused = lead.post(f"{here}/approve", {"organization_id": scene.home.id, "user_name": unique("other")})
    assert expect(refused, 409)["code"] == "email_taken"
    assert sign_in(world, known.user_name).status == 401  # the applicant's password opens nothing


def test_a_taken_user_name_is_approved_under_another_one(world: World, cast: Cast, post: Post) -> None:
    scene = Scene(cast.team("B"))
    lead = scene.team.add_agent("lead")
    asked = application(user_name=scene.customer.user_name)
    here = f"{scene.path}/registrations/{expect(apply(world, scene, asked), 201)['id']}"
    confirm(world, scene, post, asked["email"])
    place = {"organization_name": unique("Lind ")}
    assert expect(lead.post(f"{here}/approve", place), 409)["code"] == "user_name_taken"
    other = unique("asa")
    made = expect(lead.post(f"{here}/approve", place | {"user_name": other, "role": "administrator"}), 200)
    assert (made["user"]["user_name"], made["role"]) == (other, "administrator")
    assert made["organization_name"] == place["organization_name"]
    assert sign_in(world, other).status == 201
    both = {"organization_id": scene.home.id, "organization_name": "Two"}
    assert lead.post(f"{here}/approve", both).status == 422


def test_a_team_that_invites_takes_no_applications(world: World, extend: Scene) -> None:
    refused = expect(apply(world, extend, application()), 403)
    assert refused["code"] == "registration_closed"
    assert refused["contact"].startswith("https://")
    assert world.http("POST", "/v1/teams/no-such-team/registrations", json=application()).status == 404


def test_a_sixth_application_from_one_address_has_to_wait(world: World, cast: Cast) -> None:
    scene = Scene(cast.team("B"))
    assert [apply(world, scene, application()).status for _ in range(6)] == [201] * 5 + [429]
    assert int(apply(world, scene, application()).headers["retry-after"]) > 3000


def test_parallel_approvals_make_one_account(world: World, cast: Cast, post: Post) -> None:
    scene = Scene(cast.team("B"))
    lead = scene.team.add_agent("lead")
    asked = application()
    here = f"{scene.path}/registrations/{expect(apply(world, scene, asked), 201)['id']}"
    confirm(world, scene, post, asked["email"])
    body = {"organization_id": scene.home.id}
    answers = at_once(lambda _: patiently(lead, "POST", f"{here}/approve", body).status, 8)
    assert sorted(answers) == [200] + [409] * 7
    post.letter(asked["email"], "login data is configured")


# --- a colleague asks ------------------------------------------------------------------------------------------------


@pytest.mark.seed("E05")
def test_a_person_with_access_asks_and_the_vendor_adds(world: World, cast: Cast, extend: Scene, post: Post) -> None:
    lead = extend.team.add_agent("lead")
    email = f"{unique('ny')}@example.org"
    asked = {"name": "Ny Kollega", "email": email, "note": "Tar över efter Bo"}
    request = expect(extend.customer.post(f"{extend.home.path}/user-requests", asked), 201)
    assert request["status"] == "pending"
    assert "Tar över efter Bo" in post.letter(lead.email, email)["text"]
    here = f"{extend.home.path}/user-requests/{request['id']}"
    for nobody in (extend.customer, extend.agent):
        expect(nobody.post(f"{here}/approve"), 403)
    assert expect(extend.stranger.post(f"{here}/approve"), 404)

    decided = expect(lead.post(f"{here}/approve"), 200)
    assert (decided["status"], bool(decided["invitation_id"])) == ("approved", True)
    post.letter(extend.customer.email, f"({email})")
    assert expect(lead.post(f"{here}/reject", {"reason": "No"}), 409)["code"] == "already_decided"
    token, name = post.secret(email, "invites you"), unique("ny")
    made = world.http("POST", "/v1/invitations/accept", json={"token": token, "user_name": name, "password": PASSWORD})
    assert expect(made, 200)["user"]["email"] == email
    newcomer = cast.sign_in(name, PASSWORD, email)
    world.settle(lambda: extend.team.knows(newcomer, extend.home.id))
    extend.team.open_case(newcomer)


@pytest.mark.seed("E05")
def test_a_rejected_request_tells_why_and_others_do_not_see_it(extend: Scene, post: Post) -> None:
    email = f"{unique('nej')}@example.org"
    path = f"{extend.home.path}/user-requests"
    request = expect(extend.customer.post(path, {"name": "Nej Tack", "email": email}), 201)
    expect(extend.administrator.post(f"{path}/{request['id']}/reject", {"reason": "Works elsewhere"}), 200)
    assert "Works elsewhere" in post.letter(extend.customer.email, "Nej Tack")["text"]
    mine = expect(extend.customer.get(path), 200)["data"]
    assert request["id"] in [one["id"] for one in mine]
    assert request["id"] not in [one["id"] for one in expect(extend.colleague.get(path), 200)["data"]]
    rejected = expect(extend.administrator.get(f"{path}?status=rejected&limit=100"), 200)["data"]
    assert [one["reason"] for one in rejected if one["id"] == request["id"]] == ["Works elsewhere"]
    assert post.letters(email) == []


# --- invitations -----------------------------------------------------------------------------------------------------


def invite(who: Person, scene: Scene, email: str, **more: Any) -> HttpAnswer:
    asked = {"email": email, "name": "Eva Ek", "organization_id": scene.home.id, "role": "member"}
    return who.post(f"{scene.path}/invitations", asked | more)


def accept(world: World, token: str, **more: Any) -> HttpAnswer:
    asked = {"token": token, "user_name": unique("eva"), "password": PASSWORD}
    return world.http("POST", "/v1/invitations/accept", json=asked | more)


@pytest.mark.seed("A13", "E29")
def test_an_administrator_invites_and_sees_who_has_not_come_yet(world: World, extend: Scene, post: Post) -> None:
    email = f"{unique('eva')}@example.org"
    invited = expect(invite(extend.administrator, extend, email), 201)
    pending = expect(extend.administrator.get(f"{extend.path}/invitations?limit=100"), 200)["data"]
    assert invited in pending
    assert (invited["may"], "token" in invited) == (["user.manage"], False)
    expect(extend.customer.get(f"{extend.path}/invitations"), 403)
    expect(invite(extend.customer, extend, email), 403)
    expect(invite(extend.administrator, extend, email, organization_id=None, role="agent"), 403)
    expect(invite(extend.administrator, extend, email, role="agent"), 422)
    made = expect(accept(world, post.secret(email, "invites you")), 200)
    assert made["membership"]["organization_id"] == extend.home.id
    pending = expect(extend.administrator.get(f"{extend.path}/invitations?limit=100"), 200)["data"]
    assert invited["id"] not in [one["id"] for one in pending]
    assert expect(invite(extend.administrator, extend, email), 409)["code"] == "already_member"


def test_an_invitation_accepted_by_many_at_once_has_one_effect(world: World, extend: Scene, post: Post) -> None:
    email = f"{unique('eva')}@example.org"
    expect(invite(extend.administrator, extend, email), 201)
    token = post.secret(email, "invites you")
    with ThreadPoolExecutor(6) as crowd:
        answers = sorted(crowd.map(lambda _: accept(world, token).status, range(6)))
    assert answers == [200] + [409] * 5
    found = expect(extend.administrator.get(f"{extend.home.users}?q={email}"), 200)["data"]
    assert len(found) == 1


def test_who_has_an_account_signs_in_and_joins(world: World, extend: Scene, post: Post) -> None:
    stranger = extend.stranger
    expect(invite(extend.administrator, extend, stranger.email), 201)
    token = post.secret(stranger.email, "invites you")
    assert expect(accept(world, token), 409)["code"] == "sign_in_to_join"
    thief = extend.colleague.post("/v1/invitations/join", {"token": token})
    assert expect(thief, 403)["code"] == "other_address"
    joined = expect(stranger.post("/v1/invitations/join", {"token": token}), 200)
    assert joined["organization_id"] == extend.home.id
    assert expect(stranger.post("/v1/invitations/join", {"token": token}), 409)["code"] == "invitation_used"
    world.settle(lambda: extend.team.knows(stranger, extend.home.id))


def test_a_withdrawn_invitation_leads_nowhere(world: World, extend: Scene, post: Post) -> None:
    email = f"{unique('eva')}@example.org"
    first = expect(invite(extend.administrator, extend, email), 201)
    token = post.secret(email, "invites you")
    for _ in range(2):
        expect(extend.administrator.http("DELETE", f"{extend.path}/invitations/{first['id']}"), 204)
    assert expect(accept(world, token), 404)["code"] == "invitation_gone"
    assert expect(accept(world, "cwi_never-was-one"), 404)["code"] == "invitation_gone"


def test_an_invitation_into_another_teams_staff_ends_none(
    world: World, cast: Cast, extend: Scene, portal: Scene, post: Post
) -> None:
    email = f"{unique('eva')}@example.org"
    expect(invite(cast.operator, extend, email, organization_id=None, role="agent"), 201)
    token = post.secret(email, "invites you")
    expect(invite(cast.operator, portal, email, organization_id=None, role="agent"), 201)
    assert expect(accept(world, token), 200)["membership"]["team_id"] == extend.team.id


def test_an_invitation_runs_out_after_seven_days(memory: MemoryWorld, extend: Scene, post: Post) -> None:
    email = f"{unique('eva')}@example.org"
    expect(invite(extend.administrator, extend, email), 201)
    token = post.secret(email, "invites you")
    with memory.at(datetime.now(UTC) + timedelta(days=7, seconds=5)):
        assert expect(accept(memory, token), 404)["code"] == "invitation_gone"
    expect(accept(memory, token), 200)


def test_staff_are_invited_by_who_manages_roles(world: World, extend: Scene, post: Post) -> None:
    admin, email = extend.team.add_agent("admin"), f"{unique('eva')}@example.org"
    lead = extend.team.add_agent("lead")
    expect(invite(lead, extend, email, organization_id=None, role="agent"), 403)
    expect(invite(admin, extend, email, organization_id=None, role="agent"), 201)
    made = expect(accept(world, post.secret(email, "invites you")), 200)
    assert (made["membership"]["organization_id"], made["membership"]["role"]) == (None, "agent")


# --- contacts and organizations --------------------------------------------------------------------------------------


@pytest.mark.seed("C12")
def test_a_contact_is_found_by_any_part_of_name_or_address(cast: Cast) -> None:
    scene = Scene(cast.team("C"))
    path = f"{scene.home.path}/contacts"
    asked = {"name": "Karin Öberg", "email": "k.oberg@verkstad.example", "phone": "+46 8 123 45"}
    made = expect(scene.customer.post(path, asked), 201)
    expect(scene.agent.post(path, {"name": "100% _Sure"}), 201)
    member = expect(scene.customer.post(path, {"name": "Myself", "email": scene.customer.email.upper()}), 201)
    assert (made["user_id"], member["user_id"]) == (None, scene.customer.id)

    def found(q: str, who: Person = scene.customer) -> list[str]:
        return [one["name"] for one in expect(who.get(f"{path}?q={q}"), 200)["data"]]

    for q in ("%C3%B6ber", "VERKSTAD", "rin+%C3%B6"):
        assert found(q) == ["Karin Öberg"], q
    assert found("%25") == found("_") == ["100% _Sure"]
    assert found("e", scene.agent) == ["100% _Sure", "Karin Öberg", "Myself"]
    assert scene.stranger.get(f"{path}?q=karin").status == 404
    first = expect(scene.customer.get(f"{path}?limit=1"), 200)
    second = expect(scene.customer.get(f"{path}?limit=1&cursor={first['next_cursor']}"), 200)
    assert [one["name"] for page in (first, second) for one in page["data"]] == ["100% _Sure", "Karin Öberg"]

    here = f"{path}/{made['id']}"
    stale = {"If-Match": '"v9"'}
    expect(scene.customer.patch(here, {"phone": None}, headers=stale), 412)
    changed = expect(scene.customer.patch(here, {"phone": None, "name": "Karin Ek"}), 200)
    assert (changed["phone"], changed["email"], changed["version"]) == (None, asked["email"], 2)
    assert found("karin+ek") == ["Karin Ek"]
    expect(scene.customer.http("DELETE", here), 204)
    assert found("karin") == []


@pytest.mark.seed("C12", "C14")
def test_a_case_is_filed_for_a_contact_who_is_mailed_although_he_has_no_login(
    world: World, cast: Cast, post: Post
) -> None:
    scene = Scene(cast.team("C", access_key="read_update"))
    path = f"{scene.home.path}/contacts"

    def contact(**more: str) -> tuple[str, Person]:
        asked = {"name": "Karin Öberg", "email": f"{unique('karin')}@example.org", **more}
        return expect(scene.customer.post(path, asked), 201)["id"], replace(scene.customer, email=asked["email"])

    def heard(ask: Callable[[], HttpAnswer]) -> dict[str, Any]:
        """The answer, once the services know of the contact."""
        answers = world.settle(lambda: [answer for answer in [ask()] if answer.status != 422])
        return dict(answers[0].json())

    cases = f"{scene.path}/cases"
    karin_id, karin = contact()
    case = heard(lambda: scene.customer.post(cases, scene.team.form(contact_id=karin_id)))
    here = f"{cases}/{case['id']}"
    assert case["contact"] == {"id": karin_id, "name": "Karin Öberg"}
    expect(scene.agent.post(f"{here}/comments", {"body": "Which welder is it?"}), 201)
    post.wait(karin, case, "Which welder is it?")
    per_id, per = contact(name="Per Ek")
    assert heard(lambda: scene.agent.patch(here, {"contact_id": per_id}))["contact"]["name"] == "Per Ek"
    expect(scene.agent.post(f"{here}/comments", {"body": "Try it now, Per."}), 201)
    post.wait(per, case, "Try it now, Per.")
    assert not [mail for mail in post.to(karin, case) if "Try it now" in mail["text"]]
    other = heard(lambda: scene.customer.post(cases, scene.team.form(contact_id=per_id)))
    key = {"X-Access-Key": expect(scene.agent.post(f"{here}/access-keys"), 201)["key"]}
    expect(scene.agent.post(f"{here}/merge", {"into_id": other["id"]}), 200)
    seen = expect(world.http("GET", "/v1/access", headers=key), 200)
    assert (seen["number"], seen["comments"][-1]["body"]) == (other["number"], "Try it now, Per.")
    expect(world.http("POST", "/v1/access/comments", headers=key, json={"body": "I will."}), 201)
    assert post.answer(Reply(post.wait(per, case, "Try it now, Per."), per.email, "It works.")) == "accepted"
    world.settle(lambda: expect(scene.agent.get(f"{cases}/{other['id']}"), 200)["comments"][-1]["body"] == "It works.")
    form = {**scene.team.form(contact_id=per_id), "organization_id": scene.home.id}
    for wrong in ({"owner_id": karin_id}, {"follower_ids": [karin_id]}, {"contact_id": scene.stranger.id}):
        assert scene.agent.post(cases, form | wrong).status in (409, 422), wrong
    member_id, _ = contact(email=scene.colleague.email)  # he has a login after all
    filed = heard(lambda: scene.agent.post(cases, form | {"contact_id": member_id}))
    assert filed["contact"]["id"] == scene.colleague.id


def test_an_organization_that_is_removed_lets_nobody_in(world: World, cast: Cast, post: Post) -> None:
    scene = Scene(cast.team("C"))
    lead, customer = scene.team.add_agent("lead"), scene.customer
    email = f"{unique('eva')}@example.org"
    expect(invite(lead, scene, email), 201)
    token = post.secret(email, "invites you")
    expect(scene.administrator.patch(scene.home.path, {"name": "Mine"}), 403)
    expect(lead.patch(scene.home.path, {"name": "New name"}, headers={"If-Match": '"v7"'}), 412)
    changed = expect(lead.patch(scene.home.path, {"name": "New name", "kind": "partner"}), 200)
    assert (changed["name"], changed["kind"], changed["active"]) == ("New name", "partner", True)
    for _ in range(2):
        expect(lead.http("DELETE", scene.home.path), 204)
    world.settle(lambda: not scene.team.knows(customer, scene.home.id))
    assert customer.get(scene.home.path).status == 404
    assert expect(lead.get(scene.home.path), 200)["active"] is False
    assert expect(accept(world, token), 404)["code"] == "invitation_gone"
    assert expect(invite(lead, scene, email), 409)["code"] == "organization_inactive"
    asked = {"user_name": unique("eva"), "email": email, "name": "Eva", "password": PASSWORD}
    assert expect(lead.post(scene.home.users, asked), 409)["code"] == "organization_inactive"
    assert expect(lead.patch(scene.home.path, {"active": True}), 200)["active"] is True
    expect(lead.post(scene.home.users, asked), 201)


def test_what_is_old_is_forgotten(memory: MemoryWorld, cast: Cast) -> None:
    from services.accounts.commands.joining import forget_applications

    scene = Scene(cast.team("B"))
    started = expect(apply(memory, scene, application()), 201)
    work = memory.client.works["accounts"]

    def kept() -> int:
        with work.writing() as uow:
            forget_applications(uow)
            return len(uow.all(text("SELECT 1 FROM registrations WHERE id = :id"), {"id": started["id"]}))

    assert kept() == 1
    with memory.at(datetime.now(UTC) + timedelta(days=31)):
        assert kept() == 0
