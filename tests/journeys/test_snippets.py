"""Prepared answers."""

from __future__ import annotations

import pytest

from tests.journeys.cast import Cast, expect

pytestmark = pytest.mark.journey


def test_a_prepared_answer_says_names_and_evaluates_nothing(cast: Cast) -> None:
    scene = cast.scene("B")
    title = "{agent.name} {0.__class__}"
    case, here = scene.open(title=title)
    body = "Dear {contact.name}, on {case.number} ({case.title}): {agent.name}. {} {0} {x"
    made = expect(scene.agent.post(f"{scene.path}/snippets", {"name": "Greeting", "body": body}), 201)
    there = f"{here}/snippets/{made['id']}/preview"
    said = expect(scene.technician.post(there), 200)["body"]
    agent = scene.technician.user_name.title()
    assert said == f"Dear {case['contact']['name']}, on {case['number']} ({title}): {agent}. {{}} {{0}} {{x"
    refused = expect(scene.agent.post(f"{scene.path}/snippets", {"name": "No", "body": "{user.password}"}), 422)
    assert [error["pointer"] for error in refused["errors"]] == ["/body"]
    expect(scene.customer.post(there), 403)
    expect(scene.customer.get(f"{scene.path}/snippets"), 403)
    expect(scene.customer.post(f"{scene.path}/snippets", {"name": "Mine", "body": "Hello"}), 403)


def test_a_prepared_answer_is_changed_by_who_read_its_present_words(cast: Cast) -> None:
    scene = cast.scene("B")
    made = expect(scene.agent.post(f"{scene.path}/snippets", {"name": "Bye", "body": "Goodbye."}), 201)
    there = f"{scene.path}/snippets/{made['id']}"
    expect(scene.agent.patch(there, {"body": "So long."}), 428)
    changed = expect(scene.agent.patch(there, {"body": "So long."}, headers={"If-Match": '"v1"'}), 200)
    assert (changed["name"], changed["body"], changed["version"]) == ("Bye", "So long.", 2)
    expect(scene.technician.patch(there, {"body": "Ciao."}, headers={"If-Match": '"v1"'}), 412)
    listed = expect(scene.technician.get(f"{scene.path}/snippets?limit=100"), 200)["data"]
    assert changed in listed
    expect(scene.agent.http("DELETE", there, headers={"If-Match": '"v1"'}), 412)
    expect(scene.agent.http("DELETE", there, headers={"If-Match": '"v2"'}), 204)
    expect(scene.agent.http("DELETE", there, headers={"If-Match": '"v2"'}), 204)
    assert made["id"] not in [one["id"] for one in expect(scene.agent.get(f"{scene.path}/snippets"), 200)["data"]]
