"""Files through the gateway (S56, S57, S59): announced, stored, finished; nothing of it stays here."""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from gateway import transfers
from gateway.transfers import PARTS_LIMIT, REQUEST_LIMIT
from services.chassis.problems import Conflict, TooLarge
from tests.unit.gateway.fakes import CASE, FILE_ID, TEAM, FakeClient, bearer


class Store(BaseHTTPRequestHandler):
    """An object store that keeps what is PUT."""

    kept: ClassVar[dict[str, bytes]] = {}
    status = 200
    pause = 0.0

    def do_PUT(self) -> None:
        time.sleep(self.pause)
        self.kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *values: Any) -> None:
        pass


@pytest.fixture
def store(services: FakeClient) -> Iterator[str]:
    Store.kept, Store.status, Store.pause = {}, 200, 0.0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    services.answers["start_upload"] = lambda data: {"file": {"id": FILE_ID}, "put_url": f"{address}/{data['name']}"}
    services.answers["finish_upload"] = lambda data: {"id": data["file_id"], "sha256": data["sha256"]}
    yield address
    server.shutdown()
    server.server_close()


def send(http: Any, *files: tuple[bytes, str], headers: dict[str, str] | None = None, **form: str) -> Any:
    data = {"file": [(io.BytesIO(body), name) for body, name in files], **form}
    return http.post(f"{CASE}/files", data=data, content_type="multipart/form-data", headers=bearer() | (headers or {}))


def test_files_are_announced_stored_and_finished(http: Any, services: FakeClient, store: str) -> None:
    big = b"0123456789" * 100_000
    answer = send(http, (b"one", "a.txt"), (big, "b.bin"), folder_id="folder_01m7x2c4e6g8j0k2m4n6p8q0r2")
    assert answer.status_code == 201
    assert [one["sha256"] for one in answer.json["data"]] == [
        hashlib.sha256(body).hexdigest() for body in (b"one", big)
    ]
    assert Store.kept == {"/a.txt": b"one", "/b.bin": big}
    assert [one.verb for one in services.asked] == ["start_upload"] * 2 + ["finish_upload"] * 2
    large, small = (one.data for one in services.asked[:2])  # the largest first: refused, it leaves nothing behind
    assert (large["size"], small["size"]) == (len(big), 3)
    assert (small["content_type"], small["folder_id"][:7]) == ("text/plain", "folder_")
    assert len({one.context.key for one in services.asked}) == 4
    assert answer.headers["Location"] == f"{CASE}/tree"


def test_the_same_key_leads_to_the_same_steps(http: Any, services: FakeClient, store: str) -> None:
    once = {"Idempotency-Key": "once"}
    send(http, (b"one", "a.txt"), headers=once)
    services.replayed = True
    services.answers["read_upload"] = {"file": {"id": FILE_ID}, "put_url": f"{store}/fresh"}  # the first one is over
    answer = send(http, (b"one", "a.txt"), headers=once)
    assert answer.headers["Idempotency-Replayed"] == "true"
    services.answers["read_upload"] = Conflict("upload_finished", "They are there.")
    assert send(http, (b"one", "a.txt"), headers=once).json == answer.json
    assert Store.kept == {"/a.txt": b"one", "/fresh": b"one"}
    keys = [one.context.key for one in services.asked if one.verb != "read_upload"]
    assert keys[:2] == keys[2:4] == keys[4:]


def test_an_empty_file_is_a_file(http: Any, store: str) -> None:
    assert send(http, (b"", "empty")).status_code == 201
    assert Store.kept == {"/empty": b""}


def test_one_file_over_the_teams_limit_stores_none(http: Any, services: FakeClient, store: str) -> None:
    ordinary = services.answers["start_upload"]

    def start(data: dict[str, Any]) -> Any:
        return TooLarge("file_too_large", "10 MiB.", extra={"max_bytes": 10}) if data["size"] > 10 else ordinary(data)

    services.answers["start_upload"] = start
    answer = send(http, (b"small", "a"), (b"x" * 11, "b"))
    assert (answer.status_code, answer.json["code"], answer.json["max_bytes"]) == (413, "file_too_large", 10)
    assert Store.kept == {}


class Unread(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        raise AssertionError("the body was read")


def test_a_request_over_the_limit_is_refused_unread(http: Any, services: FakeClient) -> None:
    kind = "multipart/form-data; boundary=x"
    environ = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(REQUEST_LIMIT + 1)}
    answer = http.post(f"{CASE}/files", headers=bearer(), content_type=kind, environ_overrides=environ)
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")
    environ = {"wsgi.input": Unread(), "CONTENT_LENGTH": ""}
    answer = http.post(f"{CASE}/files", headers=bearer(), content_type=kind, environ_overrides=environ)
    assert (answer.status_code, answer.json["code"]) == (411, "length_required")
    environ = {"wsgi.input": Unread(), "CONTENT_LENGTH": "100"}
    assert http.post(f"{CASE}/files", content_type=kind, environ_overrides=environ).status_code == 401
    assert not services.asked


def test_a_thousand_parts_are_too_many(http: Any, services: FakeClient) -> None:
    answer = send(http, *[(b"x", "a")] * (PARTS_LIMIT + 1))
    assert (answer.status_code, answer.json["code"]) == (413, "too_many_parts")
    assert not services.asked


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\dir\\\\a.txt", "a.txt"),
        ("/abs/b", "b"),
        (".htaccess", ".htaccess"),
        ("å ö.png", "å ö.png"),
    ],
)
def test_a_name_is_its_last_part(http: Any, services: FakeClient, store: str, given: str, kept: str) -> None:
    services.answers["start_upload"] = lambda data: {"file": {"id": FILE_ID}, "put_url": f"{store}/x"}
    assert send(http, (b"x", given)).status_code == 201
    assert services.asked[0].data["name"] == kept


@pytest.mark.parametrize("given", ["..", ".", "a/", "x\x01y", "x" * 256, " ", "a\u2028b"])
def test_a_name_that_is_none_is_refused(http: Any, services: FakeClient, given: str) -> None:
    answer = send(http, (b"x", given))
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/file")
    assert not services.asked


def test_other_parts_and_types_are_refused(http: Any, services: FakeClient) -> None:
    assert send(http, (b"x", "a"), role="admin").status_code == 422
    assert send(http).status_code in (415, 422)
    assert send(http, (b"x", "a"), folder_id="nonsense").json["errors"][0]["pointer"] == "/folder_id"
    assert http.post(f"{CASE}/files", json={}, headers=bearer()).status_code == 415
    broken = http.post(f"{CASE}/files", data=b"x", content_type="multipart/form-data", headers=bearer())
    assert broken.status_code in (400, 422)
    assert not services.asked


def test_a_store_that_is_away_is_503(http: Any, services: FakeClient, store: str) -> None:
    Store.status = 403
    answer = send(http, (b"x", "a"))
    assert (answer.status_code, answer.json["code"]) == (503, "store_away")
    services.answers["start_upload"] = {"file": {"id": FILE_ID}, "put_url": "http://127.0.0.1:9/x"}
    answer = send(http, (b"x", "a"))
    assert (answer.status_code, answer.json["code"]) == (503, "store_away")
    assert "finish_upload" not in [one.verb for one in services.asked]


def test_a_slow_store_is_given_up_in_one_time_for_all_files(
    http: Any, services: FakeClient, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "STORE_SECONDS", 0.5)
    Store.pause, began = 0.3, time.monotonic()
    answer = send(http, *[(b"x", str(number)) for number in range(20)])
    assert (answer.status_code, answer.json["code"]) == (503, "store_away")
    assert time.monotonic() - began < 3


def test_content_is_fetched_from_the_store(http: Any, services: FakeClient) -> None:
    services.answers["read_download"] = {"url": "https://store.example/x?sig=1", "name": "x"}
    answer = http.get(f"{TEAM}/files/{FILE_ID}/content", headers=bearer())
    assert (answer.status_code, answer.data) == (302, b"")
    assert answer.headers["Location"] == "https://store.example/x?sig=1"
    assert answer.headers.getlist("Cache-Control") == ["no-store"]
    assert answer.headers.getlist("Referrer-Policy") == ["no-referrer"]
