"""Bodies and parameters: what is read, and what is refused before it costs anything (S59, S63, S67, S69, S35)."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest

from gateway.reading import BODY_LIMIT
from tests.unit.gateway.fakes import CASE, TEAM, FakeClient, bearer

JSON = {"content_type": "application/json"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "malformed_json"),
        (b'{"a":NaN}', "malformed_json"),
        (b'{"a":1e400}', "malformed_json"),
        (b'{"a":' + b"9" * 1_000_000 + b"}", "malformed_json"),
        (b'{"a":123456789012345678901234567890}', "number_too_large"),
        (b'{"a":"\\ud800"}', "malformed_json"),
        (b'{"a":"x\\u0000"}', "nul_character"),
        (b'{"a\\u0000":1}', "nul_character"),
        (b"[" * 100_000, "malformed_json"),
        (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "too_deep"),
        (b'{"a":1,"a":2}', "duplicate_key"),
        (b'{"a":{"b":1,"\\u0062":2}}', "duplicate_key"),
        (b"[]", "malformed"),
        (b"null", "malformed"),
        (b'"text"', "malformed"),
        (b"\xff\xfe", "malformed_json"),
    ],
)
def test_json_with_more_than_one_meaning_is_refused(http: Any, services: FakeClient, body: bytes, code: str) -> None:
    began = time.monotonic()
    answer = http.post(f"{CASE}/comments", data=body, headers=bearer(), **JSON)
    assert (answer.status_code, answer.json["code"]) == (400, code)
    assert time.monotonic() - began < 1
    assert not services.asked


def test_text_that_only_looks_like_trouble_is_read(http: Any, services: FakeClient) -> None:
    body = b'{"body":"\\\\u0000 \\"a\\": \\"a\\": {\\"x\\"", "visibility" : "public"}'
    assert http.post(f"{CASE}/comments", data=body, headers=bearer(), **JSON).status_code == 201
    assert services.last.data["body"] == '\\u0000 "a": "a": {"x"'


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "text/json"]
)
def test_only_json_is_read(http: Any, services: FakeClient, kind: str) -> None:
    answer = http.post(f"{CASE}/comments", data=b'{"body":"x"}', content_type=kind, headers=bearer())
    assert (answer.status_code, answer.json["code"]) == (415, "content_type")
    assert not services.asked


def test_a_merge_patch_is_no_post(http: Any) -> None:
    kind = "application/merge-patch+json"
    assert http.post(f"{CASE}/comments", data=b"{}", content_type=kind, headers=bearer()).status_code == 415


def test_a_compressed_body_is_refused(http: Any) -> None:
    headers = bearer() | {"Content-Encoding": "gzip"}
    assert http.post(f"{CASE}/comments", data=b"\x1f\x8b", headers=headers, **JSON).status_code == 415


class Unread(io.BytesIO):
    """A body that must not be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise AssertionError("the body was read")


def test_a_large_body_is_refused_by_its_length_alone(http: Any) -> None:
    environ = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(BODY_LIMIT + 1)}
    answer = http.post(f"{CASE}/comments", headers=bearer(), environ_overrides=environ, **JSON)
    assert (answer.status_code, answer.json["code"], answer.json["max_bytes"]) == (413, "body_too_large", BODY_LIMIT)


class Endless(io.BytesIO):
    """A chunked body without an end."""

    given = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.given += size or 0
        return b" " * (size or 0)


def test_a_chunked_body_is_refused_while_it_arrives(http: Any) -> None:
    stream = Endless()
    environ = {"wsgi.input": stream, "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = http.post(f"{CASE}/comments", headers=bearer(), environ_overrides=environ, **JSON)
    assert answer.status_code == 413
    assert stream.given == BODY_LIMIT + 1


def test_a_small_chunked_body_is_read(http: Any, services: FakeClient) -> None:
    environ = {
        "wsgi.input": io.BytesIO(b'{"body":"x"}'),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    assert http.post(f"{CASE}/comments", headers=bearer(), environ_overrides=environ, **JSON).status_code == 201
    assert services.last.data["body"] == "x"


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "9" * 40, "1.0"])
def test_a_nonsense_length_is_refused(http: Any, length: str) -> None:
    answer = http.post(
        f"{CASE}/comments", headers=bearer(), environ_overrides={"CONTENT_LENGTH": length}, data=b"{}", **JSON
    )
    assert (answer.status_code, answer.json["code"]) == (400, "content_length_invalid")


@pytest.mark.parametrize(
    ("body", "pointer", "rule"),
    [
        ({"body": "x", "author_id": 1}, "/author_id", "unknown"),
        ({"body": "x", "case_id": "case_1"}, "/case_id", "unknown"),
        ({"body": ""}, "/body", "length"),
        ({"body": 7}, "/body", "type"),
        ({"body": None}, "/body", "not_null"),
        ({}, "/body", "required"),
        ({"body": "x", "visibility": "secret"}, "/visibility", "choice"),
    ],
)
def test_a_wrong_field_is_named(
    http: Any, services: FakeClient, body: dict[str, object], pointer: str, rule: str
) -> None:
    answer = http.post(f"{CASE}/comments", json=body, headers=bearer())
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")
    assert [(one["pointer"], one["rule"]) for one in answer.json["errors"]] == [(pointer, rule)]
    assert not services.asked


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=1000000000",
        "limit=ten",
        "limit=",
        "limit=" + "9" * 5000,
        "offset=5",
        "role=admin",
        "limit=5&limit=6",
        "status=lost",
        "team_id=other",
        "view=all%00",
        "cursor=%FF",
        "sort='",
        "&".join(["a=1"] * 60),
    ],
)
def test_a_wrong_parameter_is_400(http: Any, services: FakeClient, query: str) -> None:
    answer = http.get(f"{TEAM}/cases?{query}", headers=bearer())
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert not services.asked


def test_a_wrong_parameter_is_named(http: Any) -> None:
    answer = http.get(f"{TEAM}/cases?limit=500", headers=bearer())
    assert answer.json["errors"][0]["parameter"] == "limit"
    assert answer.json["errors"][0]["rule"] == "range"


def test_parameters_get_the_type_of_their_field(http: Any, services: FakeClient) -> None:
    http.get(f"{TEAM}/cases?limit=5&view=mine", headers=bearer())
    assert services.last.data == {"team_id": "extend", "limit": 5, "view": "mine"}


def test_a_writing_method_takes_no_parameters(http: Any) -> None:
    assert http.post(f"{CASE}/comments?body=x", json={"body": "x"}, headers=bearer()).status_code == 400


def test_a_reading_method_takes_no_body(http: Any, services: FakeClient) -> None:
    for answer in (
        http.get(CASE, json={}, headers=bearer()),
        http.delete(f"{CASE}/followers/me", json={"a": 1}, headers=bearer()),
    ):
        assert (answer.status_code, answer.json["code"]) == (400, "body_not_expected")
    assert not services.asked
