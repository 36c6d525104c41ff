"""The shared files of a case: folders, limits, names, downloads."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.journeys.cast import Cast, Person, Scene, expect
from tests.world import MemoryWorld, World

pytestmark = pytest.mark.journey
MIB = 1024 * 1024


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return cast.scene("C")


@pytest.fixture
def here(world: World, scene: Scene) -> str:
    """A case whose files service is ready for it."""
    _, path = scene.open()
    world.settle(lambda: scene.customer.get(f"{path}/tree").status == 200)
    return path


def names(who: Person, here: str) -> list[str]:
    return [file["name"] for file in expect(who.get(f"{here}/tree"), 200)["files"]]


def send(who: Person, here: str, name: str, content: bytes, **form: str) -> dict[str, Any]:
    return dict(expect(who.upload(f"{here}/files", name, content, **form), 201)["data"][0])


def fetch(who: Person, scene: Scene, file: dict[str, Any]) -> requests.Response:
    """Follow the redirect to the store, without our token."""
    answer = who.get(f"{scene.path}/files/{file['id']}/content")
    assert answer.status == 302, answer.body
    assert answer.headers["cache-control"] == "no-store"
    return requests.get(answer.headers["location"], timeout=30)


def test_a_file_comes_back_with_the_same_bytes_by_a_redirect(scene: Scene, here: str) -> None:
    content = os.urandom(300_001)
    file = send(scene.customer, here, "mätning.bin", content)
    assert (file["state"], file["size"]) == ("clean", len(content))
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    for reader in (scene.customer, scene.colleague, scene.agent):
        got = fetch(reader, scene, file)
        assert (got.status_code, got.content) == (200, content)
        assert "attachment" in got.headers["Content-Disposition"]
    assert scene.stranger.get(f"{scene.path}/files/{file['id']}/content").status == 404
    part = scene.customer.get(f"{scene.path}/files/{file['id']}/content").headers["location"]
    ranged = requests.get(part, headers={"Range": "bytes=5-9"}, timeout=30)
    assert (ranged.status_code, ranged.content) == (206, content[5:10])
    changed = part.replace("X-Amz-Signature=", "X-Amz-Signature=0")
    assert requests.get(changed, timeout=30).status_code == 403


def test_a_page_that_a_browser_would_run_is_served_as_plain_bytes(scene: Scene, here: str) -> None:
    answer = scene.customer.upload(f"{here}/files", "page.html", b"<script>alert(1)</script>", "text/html")
    file = expect(answer, 201)["data"][0]
    assert file["content_type"] == "text/html"
    got = fetch(scene.agent, scene, file)
    assert "html" not in got.headers["Content-Type"]
    assert got.headers["Content-Disposition"].startswith("attachment")


def test_ten_mebibytes_are_the_limit_and_what_is_refused_leaves_nothing_behind(scene: Scene, here: str) -> None:
    assert expect(scene.customer.get(f"{scene.path}/limits"), 200)["max_bytes"] == 10 * MIB
    whole = os.urandom(10 * MIB)
    file = send(scene.customer, here, "whole.bin", whole)
    assert fetch(scene.agent, scene, file).content == whole
    together = [("file", ("small.txt", b"small", "text/plain")), ("file", ("big.bin", whole + b"!", "image/png"))]
    for answer in (
        scene.customer.upload(f"{here}/files", "big.bin", whole + b"!"),
        scene.customer.http("POST", f"{here}/files", files=together),
        scene.customer.post(
            f"{scene.path}/uploads", {"case_id": here.rpartition("/")[2], "name": "big.bin", "size": 10 * MIB + 1}
        ),
    ):
        refused = expect(answer, 413)
        assert answer.headers["content-type"] == "application/problem+json"
        assert (refused["code"], refused["max_bytes"]) == ("file_too_large", 10 * MIB)
        assert "10,485,761 bytes" in refused["detail"]
    for reader in (scene.customer, scene.agent):
        assert names(reader, here) == ["whole.bin"]


def test_a_team_with_a_larger_limit_takes_database_files(cast: Cast, world: World) -> None:
    scene = cast.scene("A")
    _, path = scene.open()
    world.settle(lambda: scene.customer.get(f"{path}/tree").status == 200)
    world.settle(lambda: expect(scene.customer.get(f"{scene.path}/limits"), 200)["max_bytes"] == 100 * MIB)
    content = os.urandom(MIB) * 22
    asked = {"case_id": path.rpartition("/")[2], "name": "company.mdf", "size": len(content)}
    upload = expect(scene.customer.post(f"{scene.path}/uploads", asked), 201)
    finish = f"{scene.path}/uploads/{upload['file']['id']}/complete"
    digest = {"sha256": hashlib.sha256(content).hexdigest()}
    assert expect(scene.customer.post(finish, digest), 409)["code"] == "upload_incomplete"
    assert names(scene.agent, path) == []
    headers = {"Content-Type": "application/octet-stream"}
    assert requests.put(upload["put_url"], data=content, headers=headers, timeout=60).ok
    file = expect(scene.customer.post(finish, digest), 200)
    assert (file["state"], file["size"]) == ("clean", len(content))
    assert fetch(scene.agent, scene, file).content == content


def test_an_empty_file_is_a_file(scene: Scene, here: str) -> None:
    file = send(scene.customer, here, "empty.txt", b"")
    assert (file["size"], fetch(scene.agent, scene, file).content) == (0, b"")


def test_folders_lie_in_folders_and_two_of_one_name_in_one_place_are_refused(scene: Scene, here: str) -> None:
    top = expect(scene.customer.post(f"{here}/folders", {"name": "Bilder"}), 201)
    below = expect(scene.agent.post(f"{here}/folders", {"name": "Bilder", "parent_id": top["id"]}), 201)
    for again in ("Bilder", "bilder", "BILDER"):
        assert expect(scene.agent.post(f"{here}/folders", {"name": again}), 409)["code"] == "name_taken"
    file = send(scene.agent, here, "a.png", b"1", folder_id=below["id"])
    assert file["folder_id"] == below["id"]
    missing = "folder_01m7x2c4e6g8j0k2m4n6p8q0r2"
    expect(scene.customer.post(f"{here}/folders", {"name": "x", "parent_id": missing}), 404)
    answer = scene.customer.upload(f"{here}/files", "b.png", b"1", folder_id=missing)
    assert answer.status == 404
    assert names(scene.customer, here) == ["a.png"]


def test_two_files_of_one_name_are_both_kept_under_names_of_their_own(scene: Scene, here: str) -> None:
    for number in range(3):
        send(scene.customer if number % 2 else scene.agent, here, "log.txt", b"x" * number)
    tree = expect(scene.customer.get(f"{here}/tree"), 200)["files"]
    assert {file["name"]: file["size"] for file in tree} == {"log.txt": 0, "log (2).txt": 1, "log (3).txt": 2}


@pytest.mark.parametrize(
    "name",
    ["Überträger åäö.txt", "日本語.pdf", "a b  c.txt", "%2e%2e.txt", "it's; x=1.txt", "😀.png", ".hidden"],
)
def test_a_file_keeps_its_odd_name(scene: Scene, here: str, name: str) -> None:
    file = send(scene.customer, here, name, b"odd")
    assert file["name"] == name
    got = fetch(scene.agent, scene, file)
    assert got.content == b"odd"


def test_a_name_with_quotes_is_kept_when_it_is_announced_as_json(scene: Scene, here: str) -> None:
    asked = {"case_id": here.rpartition("/")[2], "name": 'the "real" one.txt', "size": 3}
    upload = expect(scene.customer.post(f"{scene.path}/uploads", asked), 201)
    headers = {"Content-Type": "application/octet-stream"}
    assert requests.put(upload["put_url"], data=b"odd", headers=headers, timeout=30).ok
    digest = {"sha256": hashlib.sha256(b"odd").hexdigest()}
    file = expect(scene.customer.post(f"{scene.path}/uploads/{upload['file']['id']}/complete", digest), 200)
    assert file["name"] == asked["name"]
    assert fetch(scene.agent, scene, file).content == b"odd"


@pytest.mark.parametrize("given", ["../../etc/passwd", "..\\..\\boot.ini", "/srv/x/passwd"])
def test_a_path_in_a_file_name_is_cut_off(scene: Scene, here: str, given: str) -> None:
    file = send(scene.customer, here, given, b"x")
    assert "/" not in file["name"]
    assert "\\" not in file["name"]
    assert file["name"].endswith(given[-6:])


@pytest.mark.parametrize("name", ["..", ".", "a/../.."])
def test_a_name_that_is_none_is_refused(scene: Scene, here: str, name: str) -> None:
    refused = expect(scene.customer.upload(f"{here}/files", name, b"x"), 422)
    assert [one["pointer"] for one in refused["errors"]] == ["/file"]
    assert names(scene.customer, here) == []


def test_a_cancelled_case_takes_no_files_and_still_shows_those_it_has(world: World, scene: Scene, here: str) -> None:
    file = send(scene.customer, here, "before.txt", b"before")
    expect(scene.customer.post(f"{here}/cancel"), 200)
    world.settle(lambda: scene.customer.post(f"{here}/folders", {"name": "x"}).status == 409)
    for answer in (
        scene.customer.upload(f"{here}/files", "after.txt", b"after"),
        scene.agent.upload(f"{here}/files", "after.txt", b"after"),
    ):
        assert expect(answer, 409)["code"] == "case_cancelled"
    assert names(scene.agent, here) == ["before.txt"]
    assert fetch(scene.agent, scene, file).content == b"before"


def test_only_the_uploader_and_staff_take_a_file_out(scene: Scene, here: str) -> None:
    first, second = (send(scene.customer, here, f"{number}.txt", b"x") for number in (1, 2))
    place = f"{scene.path}/files/{first['id']}"
    assert expect(scene.colleague.http("DELETE", place), 403)["code"] == "not_yours"
    assert "file.remove" not in expect(scene.colleague.get(place), 200)["permissions"]
    assert "file.remove" in expect(scene.customer.get(place), 200)["permissions"]
    expect(scene.customer.http("DELETE", place), 204)
    expect(scene.agent.http("DELETE", f"{scene.path}/files/{second['id']}"), 204)
    assert names(scene.customer, here) == []
    expect(scene.customer.get(place), 404)
    expect(scene.customer.get(f"{place}/content"), 404)


def test_who_lost_the_address_of_his_upload_asks_for_another(scene: Scene, here: str) -> None:
    asked = {"case_id": here.rpartition("/")[2], "name": "late.txt", "size": 3}
    upload = f"{scene.path}/uploads/{expect(scene.customer.post(f'{scene.path}/uploads', asked), 201)['file']['id']}"
    again = expect(scene.customer.get(upload), 200)
    for other in (scene.colleague, scene.agent, scene.stranger):
        expect(other.get(upload), 404)
    assert requests.put(again["put_url"], data=b"abc", timeout=30).status_code == 200
    digest = {"sha256": hashlib.sha256(b"abc").hexdigest()}
    expect(scene.customer.post(f"{upload}/complete", digest), 200)
    assert expect(scene.customer.get(upload), 409)["code"] == "upload_finished"


def test_what_is_replaced_after_it_was_finished_is_not_handed_out_and_goes(memory: MemoryWorld, scene: Scene) -> None:
    _, here = scene.open()
    memory.settle(None)
    asked = {"case_id": here.rpartition("/")[2], "name": "bill.txt", "size": 10}
    cursor = expect(scene.agent.get(f"{scene.path}/events"), 200)["cursor"]
    upload = expect(scene.customer.post(f"{scene.path}/uploads", asked), 201)
    kept = send(scene.customer, here, "b", b"1")
    assert requests.put(upload["put_url"], data=b"ten euros.", timeout=30).ok
    digest = {"sha256": hashlib.sha256(b"ten euros.").hexdigest()}
    file = expect(scene.customer.post(f"{scene.path}/uploads/{upload['file']['id']}/complete", digest), 200)
    assert fetch(scene.agent, scene, file).content == b"ten euros."
    assert requests.put(upload["put_url"], data=b"ten pounds", timeout=30).ok
    refused = scene.agent.get(f"{scene.path}/files/{file['id']}/content")
    assert expect(refused, 409)["code"] == "file_replaced"
    with memory.at(datetime.now(UTC) + timedelta(minutes=11)):
        memory.settle(None)
    memory.settle(None)
    assert names(scene.agent, here) == ["b"]
    assert fetch(scene.agent, scene, kept).content == b"1"
    told = expect(scene.agent.get(f"{scene.path}/events?after={cursor}"), 200)["data"]
    assert [one["type"] for one in told if one["type"] == "file.removed"] == ["file.removed"]
