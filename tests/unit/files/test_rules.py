"""The rules of files: names, limits, types, rights."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.problems import Conflict, Invalid, TooLarge
from services.contracts.access import PERMISSIONS
from services.files import rules
from services.files.rules import Place, decide

FILES = list(PERMISSIONS["files"])


@pytest.mark.parametrize(
    ("one", "other"),
    [("Bilder", "bilder"), ("Å", "A\u030a"), ("a\u200bb", "ab"), ("STRASSE", "straße"), ("rapport.", "rapport")],
)
def test_names_that_people_read_as_one_are_one(one: str, other: str) -> None:
    assert rules.name_key(one) == rules.name_key(other)


@pytest.mark.parametrize(
    ("name", "taken", "free"),
    [
        ("a.png", [], "a.png"),
        ("a.png", ["a.png"], "a (2).png"),
        ("A.PNG", ["a.png", "a (2).png"], "A (3).PNG"),
        (".env", [".env"], ".env (2)"),
        ("README", ["readme"], "README (2)"),
        ("v1.2 of the report", ["v1.2 of the report"], "v1 (2).2 of the report"),
    ],
)
def test_a_second_file_of_one_name_gets_a_number(name: str, taken: list[str], free: str) -> None:
    assert rules.free_name(name, {rules.name_key(one) for one in taken}) == free


def test_a_numbered_name_is_never_longer_than_a_name_may_be() -> None:
    name = "x" * 251 + ".pdf"
    found = rules.free_name(name, {rules.name_key(name)})
    assert len(found) == 255
    assert found.endswith(" (2).pdf")


@given(st.lists(st.sampled_from(["a", "A", "a (2)", "b.txt", "B.TXT", "b (2).txt"]), max_size=12))
def test_free_names_never_collide(names: list[str]) -> None:
    taken: set[str] = set()
    for name in names:
        key = rules.name_key(rules.free_name(name, taken))
        assert key not in taken
        taken.add(key)


def test_a_file_of_exactly_the_limit_is_allowed_and_one_byte_more_is_not() -> None:
    rules.must_be_within(10_485_760, rules.DEFAULT_MAX_BYTES)
    with pytest.raises(TooLarge) as caught:
        rules.must_be_within(10_485_761, rules.DEFAULT_MAX_BYTES)
    assert caught.value.code == "file_too_large"
    assert caught.value.extra == {"max_bytes": 10_485_760}
    assert "10 MB (10,485,760 bytes)" in caught.value.detail


@pytest.mark.parametrize(
    ("profile", "limit"),
    [
        ({}, 10_485_760),
        ({"files": {"max_bytes": 5}}, 5),
        ({"files": {"max_bytes": "x"}}, 10_485_760),
        ({"files": None}, 10_485_760),
    ],
)
def test_the_limit_comes_from_the_profile(profile: dict[str, object], limit: int) -> None:
    assert rules.max_bytes_of(profile) == limit


@pytest.mark.parametrize("status", ["new", "open", "answered", "closed"])
def test_closed_cases_still_take_files(status: str) -> None:
    rules.must_take_files(status)


def test_cancelled_cases_take_no_files() -> None:
    with pytest.raises(Conflict):
        rules.must_take_files("cancelled")


@pytest.mark.parametrize("found", [None, 0, 9, 11])
def test_an_upload_is_complete_only_with_its_announced_size(found: int | None) -> None:
    rules.must_have_arrived(10, rules.Stored(10, "abc"))
    with pytest.raises(Conflict) as caught:
        rules.must_have_arrived(10, None if found is None else rules.Stored(found, "abc"))
    assert caught.value.code == "upload_incomplete"


def test_uploader_and_staff_may_remove_and_nobody_else() -> None:
    assert decide(Place("user_a", False, FILES), "file.remove", "open", "user_a") == (True, "granted")
    assert decide(Place("user_b", True, FILES), "file.remove", "open", "user_a") == (True, "granted")
    assert decide(Place("user_b", False, FILES), "file.remove", "open", "user_a") == (False, "not_yours")
    assert decide(Place("user_b", True, []), "file.remove", "open", "user_a") == (False, "role_lacks_permission")
    assert decide(Place("user_a", False, FILES), "file.fly", "open") == (False, "unknown_permission")


@given(st.lists(st.sampled_from(FILES)), st.lists(st.sampled_from(FILES)), st.booleans(), st.sampled_from(["a", "b"]))
def test_more_permissions_never_allow_less(some: list[str], more: list[str], staff: bool, uploader: str) -> None:
    for permission in FILES:
        for status in ("open", "cancelled"):
            few = decide(Place("a", staff, some), permission, status, uploader)
            assert few.allowed <= decide(Place("a", staff, some + more), permission, status, uploader).allowed
            assert few.allowed <= (permission in some)


def test_a_cancelled_case_takes_nothing_and_still_shows_its_files() -> None:
    allowed = {permission for permission in FILES if decide(Place("a", True, FILES), permission, "cancelled").allowed}
    assert allowed == {"file.read", "file.remove"}


@pytest.mark.parametrize(
    "kind", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript", "application/pdf", "text/xml"]
)
def test_what_a_browser_would_run_is_handed_out_as_plain_bytes(kind: str) -> None:
    assert rules.served_type(kind) == "application/octet-stream"
    assert rules.served_type("image/png") == "image/png"


@pytest.mark.parametrize("name", ['a"b.png', "å\u202e.exe", "a;b=c\\", "日本.txt", "%00", "x" * 255, "\r\nX: y"])
def test_a_download_name_stays_one_header(name: str) -> None:
    told = rules.disposition(name)
    assert told.isascii()
    assert told.isprintable()
    assert told.startswith('attachment; filename="')
    assert told.count('"') == 2


def test_pauses_grow_up_to_an_hour() -> None:
    assert [rules.pause(tries) for tries in (1, 2, 50)] == [
        timedelta(seconds=60),
        timedelta(seconds=120),
        timedelta(seconds=3_600),
    ]


def test_files_put_down_together_get_names_of_their_own() -> None:
    assert rules.free_names(["a.png", "A.png", "b.png"], {"b.png"}) == ["a.png", "A (2).png", "b (2).png"]


UPLOADS = [None, *(rules.Upload(state, own) for state in ("held", "clean") for own in (True, False))]


@pytest.mark.parametrize("internal", [True, False])
@pytest.mark.parametrize("upload", UPLOADS)
def test_what_was_public_never_comes_internally_nor_the_other_way_round(
    upload: rules.Upload | None, internal: bool
) -> None:
    found = {} if upload is None else {"file_1": upload}
    if upload is not None and (upload.internal == internal or (upload.state == "held" and not upload.internal)):
        rules.must_come_with(["file_1"], found, internal=internal)
    else:
        with pytest.raises(Invalid, match="files") as refused:
            rules.must_come_with(["file_1"], found, internal=internal)
        assert [one["pointer"] for one in refused.value.errors] == ["/file_ids/0"]
