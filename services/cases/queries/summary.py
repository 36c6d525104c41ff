"""What sending a draft would do now. It asks ``weigh``, as the opening does, so that the two never disagree."""

from __future__ import annotations

from typing import Any

from services.cases import rules
from services.cases.queries.drafts import draft_to_weigh, sendable
from services.cases.queries.weighing import place_to_open, weigh
from services.cases.rules import Agreed, Reader, Round
from services.chassis.problems import Problem
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.contracts.terms import MoneyView


def read_draft_summary(uow: UnitOfWork, ask: c.ReadDraftSummary) -> c.DraftSummaryView:
    """For its creator. What would refuse the draft now is told, not raised. Raises NotFound."""
    draft, places, profile = draft_to_weigh(uow, ask)
    reader, faults = None, list[c.FaultLine]()
    try:
        opened, missing = sendable(draft)
        reader = weigh(uow, opened, place_to_open(places, profile, opened.organization_id), missing)
    except Problem as problem:
        faults = _faults(problem)
    told = draft.form.get("technical_information") or {}
    people = _people(reader) if reader else {}
    return c.DraftSummaryView(
        case_id=draft.case_id,
        draft_version=draft.version,
        organization_id=draft.organization_id,
        organization_name=draft.organization_name,
        faults=faults,
        lines=[c.SummaryLine(**line._asdict()) for line in rules.told_of(profile, draft.form, people)],
        wants_files=draft.wants_files,
        technical_information=told.get("information") or {},
        readers=_readers(uow, reader, people) if reader else None,
        cost=_cost(reader) if reader else None,
        promises=_promises(reader) if reader else None,
    )


def _faults(problem: Problem) -> list[c.FaultLine]:
    named = problem.errors or [{"pointer": None, "rule": None, "detail": problem.detail}]
    return [
        c.FaultLine(code=problem.code, pointer=one["pointer"], rule=one["rule"], detail=one["detail"]) for one in named
    ]


def _people(reader: Reader) -> dict[str, str]:
    case = reader.case
    pairs = ((case.created_by, case.created_by_name), (case.contact_id, case.contact_name))
    return dict([*pairs, (case.owner_id, case.owner_name), *reader.followers])


def _readers(uow: UnitOfWork, reader: Reader, people: dict[str, str]) -> c.ReadersView:
    told = Round(support=True, customer=True, followers=True)
    heard = rules.audience_of(reader, told, author=uow.actor.user_id)
    seen = [user_id for user_id in people if rules.sees(reader, user_id)]
    return c.ReadersView(
        visibility=reader.case.visibility,
        organization=reader.case.visibility == "organization",
        people=[_person(user_id, people) for user_id in seen],
        mailed=[_person(user_id, people) for user_id in heard.tell if user_id in people],
        staff_mailed=any(user_id in reader.desk for user_id in heard.tell),
    )


def _person(user_id: str, people: dict[str, str]) -> c.PersonView:
    return c.PersonView(id=user_id, name=people[user_id])


def _cost(reader: Reader) -> c.CostView:
    kind, fee = rules.type_of(reader.policy, reader.case.type), reader.case.fee
    by, because = rules.cost_of(_agreed(reader), kind)
    charge: Any = reader.case.charge
    return c.CostView(charge=charge, fee=MoneyView(**fee) if fee else None, by=by, because=because)


def _promises(reader: Reader) -> list[c.PromiseLine]:
    agreed, priority = _agreed(reader), reader.case.priority
    return [
        c.PromiseLine(kind=kind, target_seconds=promise.target_seconds, by=rules.promised_by(agreed, priority, kind))
        for kind, promise in rules.promises(reader.policy, agreed.terms, priority).items()
    ]


def _agreed(reader: Reader) -> Agreed:
    return reader.agreed or Agreed()
