"""The chain as accounts writes it and as the command line checks it, for any record: every change is named."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from cli.chain import Chain, content
from services.accounts import rules, secrets
from services.accounts.rules.audit import Head
from services.contracts.accounts import AuditLine

TEAM = "extend"
few = settings(max_examples=30, deadline=None)
# What JSONB can hold: any text but NUL and lone surrogates.
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)
plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
details = st.dictionaries(texts, plain | st.lists(plain, max_size=3), max_size=4)
deeds = st.fixed_dictionaries(
    {
        "team_id": st.just(TEAM),
        "at": st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        "actor_id": st.none() | texts,
        "action": texts,
        "object_id": st.none() | texts,
        "detail": details,
        "request_id": texts,
    }
)
records = st.lists(deeds, min_size=4, max_size=12)


@pytest.fixture(scope="module", autouse=True)
def notary() -> None:
    """This process signs with a fresh key."""
    secrets.install_notary(secrets.new_signing_key("k" * 32), "k" * 32, "https://support.example.org")


def public_keys() -> list[dict[str, Any]]:
    signer = secrets._Notary.signer
    assert signer is not None
    return [{**signer.key.as_dict(private=False), "kid": signer.key_id}]


def written(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries as the API tells them, sealed by accounts."""
    rows = [{**deed, "entry_id": number} for number, deed in enumerate(found)]
    seals = rules.audit.sealed(rows, {})
    lines = [
        AuditLine(**rules.audit.told({**row, "seq": seal.seq}), hash=seal.hash.hex())
        for row, seal in zip(rows, seals, strict=True)
    ]
    return [dict(orjson.loads(line.dump_json())) for line in lines]


def checkpoint(entry: dict[str, Any]) -> dict[str, Any]:
    """A signed statement that the chain reached this entry."""
    head = {"chain": TEAM, "seq": entry["seq"], "hash": bytes.fromhex(entry["hash"])}
    return {
        "seq": entry["seq"],
        "hash": entry["hash"],
        "signature": secrets.statement(rules.audit.checkpoint(head, datetime(2030, 1, 1, tzinfo=UTC))),
    }


def findings(entries: list[dict[str, Any]], marks: list[dict[str, Any]] | None = None, head: int = 0) -> list[int]:
    """The places the verifier names."""
    chain = Chain(TEAM, public_keys())
    chain.know(marks or [])
    for entry in entries:
        chain.take(entry)
    chain.finish(head)
    assert all(one.chain == TEAM for one in chain.findings)
    return [one.seq for one in chain.findings]


@few
@given(records)
def test_an_untouched_chain_verifies(found: list[dict[str, Any]]) -> None:
    entries = written(found)
    assert findings(entries, [checkpoint(entries[1]), checkpoint(entries[-1])], len(entries)) == []


@few
@given(records, st.data())
def test_any_changed_value_is_named(found: list[dict[str, Any]], data: st.DataObject) -> None:
    entries = written(found)
    place = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(["at", "actor_id", "action", "object_id", "detail", "request_id", "team_id"]))
    before = entries[place][field]
    entries[place][field] = {"x": "y", "z": 1} if field == "detail" else f"{before}x"
    if entries[place][field] != before:
        assert findings(entries) == [place + 1]


@few
@given(records, st.data())
def test_a_dropped_row_is_named(found: list[dict[str, Any]], data: st.DataObject) -> None:
    entries = written(found)
    place = data.draw(st.integers(0, len(entries) - 2))
    del entries[place]
    assert findings(entries)[0] == place + 1


@few
@given(records, st.data())
def test_two_rows_that_changed_places_are_named(found: list[dict[str, Any]], data: st.DataObject) -> None:
    entries = written(found)
    first = data.draw(st.integers(0, len(entries) - 2))
    one, other = entries[first], entries[first + 1]
    if content(one | {"seq": 0}) == content(other | {"seq": 0}):
        return
    one["seq"], other["seq"] = other["seq"], one["seq"]
    entries[first], entries[first + 1] = other, one
    assert {first + 1, first + 2} <= set(findings(entries))


@few
@given(records)
def test_a_tail_dropped_after_its_checkpoint_is_named(found: list[dict[str, Any]]) -> None:
    entries = written(found)
    marks = [checkpoint(entries[-1])]
    assert findings(entries[:-2], marks) == [len(entries) - 1]


@few
@given(records)
def test_a_chain_written_anew_contradicts_its_checkpoint(found: list[dict[str, Any]]) -> None:
    marks = [checkpoint(written(found)[2])]
    anew = [{**deed, "request_id": deed["request_id"] + "x"} for deed in found]
    assert findings(written(anew), marks) == [3]


def test_a_forged_checkpoint_is_named() -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    deed = {"team_id": TEAM, "at": at, "actor_id": None, "object_id": None, "detail": {}, "request_id": ""}
    entries = written([{**deed, "action": f"thing.{number}"} for number in range(4)])
    good = checkpoint(entries[2])
    stranger = ECKey.generate_key("P-256", private=True)
    signer = secrets._Notary.signer
    assert signer is not None
    secrets._Notary.signer = secrets.Signer(signer.key_id, stranger, signer.issuer)
    forged = checkpoint(entries[2])
    secrets._Notary.signer = signer
    assert findings(entries, [good]) == []
    assert findings(entries, [forged]) == [3]
    assert findings(entries, [good | {"hash": entries[1]["hash"]}]) == [3]
    assert findings(entries, [good | {"signature": "nonsense"}]) == [3]


def test_the_chain_goes_on_where_it_ended() -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    row = {"team_id": TEAM, "at": at, "actor_id": None, "object_id": None, "detail": {}, "request_id": "r"}
    rows = [{**row, "action": "a.b", "entry_id": number} for number in range(5)]
    heads: dict[str, Head] = {}
    in_parts = rules.audit.sealed(rows[:2], heads) + rules.audit.sealed(rows[2:], heads)
    assert in_parts == rules.audit.sealed(rows, {})


@pytest.mark.parametrize("value", [1.5, datetime(2030, 1, 1, tzinfo=UTC), b"x", [{"deep": 0.1}]])
def test_what_has_no_single_spelling_is_no_detail(value: object) -> None:
    with pytest.raises(TypeError):
        rules.audit.must_be_plain({"value": value})
