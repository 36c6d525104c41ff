"""What sending a draft would do now. It asks ``weigh``, as the opening does, so that the two never disagree."""

from __future__ import annotations

from typing import Any

from services.cases import rules
from services.cases.queries.audience import names_around, readers_view
from services.cases.queries.drafts import draft_to_weigh, sendable
from services.cases.queries.weighing import place_to_open, weigh
from services.cases.rules import Agreed, Reader, Round
from services.chassis.problems import Problem
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c
from services.contracts.terms import MoneyView

_EVERYBODY = Round(support=True, customer=True, followers=True)


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
    people = names_around(reader) if reader else {}
    return c.DraftSummaryView(
        case_id=draft.case_id,
        draft_version=draft.version,
        organization_id=draft.organization_id,
        organization_name=draft.organization_name,
        faults=faults,
        lines=[c.SummaryLine(**line._asdict()) for line in rules.told_of(profile, draft.form, people)],
        wants_files=draft.wants_files,
        technical_information=told.get("information") or {},
        readers=readers_view(reader, _EVERYBODY, uow.actor.user_id) if reader else None,
        cost=_cost(reader) if reader else None,
        promises=_promises(reader) if reader else None,
    )


def _faults(problem: Problem) -> list[c.FaultLine]:
    named = problem.errors or [{"pointer": None, "rule": None, "detail": problem.detail}]
    return [
        c.FaultLine(code=problem.code, pointer=one["pointer"], rule=one["rule"], detail=one["detail"]) for one in named
    ]


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
