"""The contract is valid, whole, and drawn by a page that loads nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway import openapi
from gateway.routes import ROUTES

DOCUMENT = openapi.document("1.0.0", "https://support.example.org")
OPERATIONS = [(path, verb, told) for path, verbs in DOCUMENT["paths"].items() for verb, told in verbs.items()]


def test_the_contract_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_every_route_is_in_it_once() -> None:
    assert {f"{verb.upper()} {path}" for path, verb, _ in OPERATIONS} == {route.name for route in ROUTES}
    names = [told["operationId"] for _, _, told in OPERATIONS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("path", "verb", "told"), OPERATIONS, ids=lambda value: str(value)[:40])
def test_every_operation_tells_its_errors_and_its_summary(path: str, verb: str, told: dict[str, Any]) -> None:
    assert told["summary"]
    assert {"400", "500", "503"} <= told["responses"].keys()
    assert [status for status in told["responses"] if status.startswith(("2", "3"))]
    assert ("401" in told["responses"]) or told.get("security") in ([], [{"access_key": []}])


@pytest.mark.parametrize(
    "told", [told for _, _, told in OPERATIONS if "requestBody" in told], ids=lambda told: told["operationId"]
)
def test_every_example_fits_its_schema(told: dict[str, Any]) -> None:
    content = told["requestBody"]["content"].get("application/json")
    if content is not None:
        whole = {**content["schema"], "components": DOCUMENT["components"]}
        jsonschema.Draft202012Validator(whole).validate(content["example"])


def test_a_nullable_enum_may_be_null() -> None:
    told = DOCUMENT["components"]["schemas"]["CaseView"]["properties"]["complexity"]
    jsonschema.Draft202012Validator(told).validate(None)


def test_anyone_may_read_the_contract_and_keep_it(http: Any) -> None:
    answer = http.get("/v1/openapi.json")
    assert answer.json["openapi"].startswith("3.1")
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    again = http.get("/v1/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_page_allows_its_own_script_and_nothing_else(http: Any) -> None:
    answer = http.get("/docs")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    for tag in ("script", "style"):
        found = re.search(rf"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)
        assert found
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", answer.text)
    assert " style=" not in answer.text


def test_the_keys_of_a_profile_are_a_page_with_their_defaults(http: Any) -> None:
    answer = http.get("/docs/profile")
    assert answer.status_code == 200
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    page = answer.get_data(as_text=True)
    for path, told in (
        ("reopen.window_days", "<code>14</code>"),
        ("priority.default", "the least urgent one."),
        ("types[].form[].choices", "The values on offer"),
        ("calendars.*.week.mon", "Opening hours on Monday"),
        ("topics[].key", "The topic&#x27;s name in the API"),
        ("team", "<td>required</td>"),
    ):
        row = page.split(f'<tr id="{path}">', 1)[1].split("</tr>", 1)[0]
        assert told in row, path
    again = http.get("/docs/profile", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
