"""The states of a case as data.

``MOVES`` says for every act from which status it leads to which; ``SHUT`` says the same while a price has to be
approved before the work (the case's ``gate`` is ``wanted`` or ``offered``). What is not listed is refused. A new act
gets a row in both, or in ``MOVES`` alone: then it has to wait for the price. Notes on the choices:

- a customer's comment on a case that is answered, waits or is on hold opens it again; on a closed one the team's
  policy decides (``closed.comment_effect``; ``follow_up`` appends, and opens a linked case once the window is over);
- support says whose turn it is (``TURNS``): the customer's, somebody else's, its own again. A team may have statuses of
  its own within these; they are names and decide nothing. While a price is wanted or offered, the price alone says
  whose turn it is;
- support's public comment opens a new case, because a person has spoken; only the answer makes it ``answered``;
- no row of ``SHUT`` leads to a status of work but the customer's approval, and the reclassification to something that
  needs none. Looking a case over, giving it to somebody and talking about it leave it where it is;
- a case closed without a price comes back as ``new``, so that somebody offers one;
- a cancelled case accepts nothing: it stands nowhere on the left.
"""

from __future__ import annotations

from services.cases.rules.case import Policy
from services.cases.tables import Case
from services.chassis.problems import Conflict, Invalid
from services.contracts.cases import Gate, Status

Moves = dict[Status, Status]
_STAY: Moves = {
    "new": "new",
    "open": "open",
    "waiting_customer": "waiting_customer",
    "on_hold": "on_hold",
    "answered": "answered",
    "closed": "closed",
}
_ALIVE: list[Status] = ["new", "open", "waiting_customer", "on_hold", "answered"]
_IN_HAND: list[Status] = ["new", "open", "waiting_customer", "on_hold"]
_STAY_ALIVE: Moves = {status: _STAY[status] for status in _ALIVE}
_AT_WORK: Moves = _STAY_ALIVE | {"new": "open"}
_WAITING: list[Status] = ["new", "waiting_customer", "on_hold"]  # where an open case is while its gate is shut
_WAIT: Moves = {status: _STAY[status] for status in _WAITING}
_ON_HOLD: Moves = {"new": "new", "waiting_customer": "on_hold", "on_hold": "on_hold"}  # it is support's turn again
_WAIT_OR_CLOSED: Moves = _WAIT | {"closed": "closed"}

MOVES: dict[str, Moves] = {
    "customer_comments": _STAY | dict.fromkeys(["answered", "waiting_customer", "on_hold"], "open"),
    "support_comments": _STAY | {"new": "open"},
    "comment_internal": _STAY,
    "change": _STAY_ALIVE,
    "remind": {status: _STAY[status] for status in _ALIVE if status != "answered"},
    "key": _STAY,
    "follow": _STAY,
    "share": _STAY,
    "review": _AT_WORK,
    "assign": _AT_WORK,
    "escalate": _AT_WORK,
    "ask_customer": dict.fromkeys(_IN_HAND, "waiting_customer"),
    "hold": dict.fromkeys(_IN_HAND, "on_hold"),
    "resume": {"open": "open", "waiting_customer": "open", "on_hold": "open"},
    "queue": _STAY_ALIVE,
    "callback": _STAY_ALIVE,
    "answer": dict.fromkeys(_ALIVE, "answered"),
    "close": dict.fromkeys(_ALIVE, "closed"),
    "cancel": dict.fromkeys(_ALIVE, "cancelled"),
    "reopen": {"answered": "open", "closed": "open"},
    "confirm": {"closed": "closed"},
    "rate": {"closed": "closed"},
    "link": _STAY,
    "merge": _STAY,
    "reclassify": _STAY_ALIVE,
    "demand_price": _ON_HOLD | {"answered": "on_hold", "open": "on_hold"},
}

SHUT: dict[str, Moves] = {
    "customer_comments": _WAIT_OR_CLOSED,
    "support_comments": _WAIT_OR_CLOSED,
    "comment_internal": _WAIT_OR_CLOSED,
    "change": _WAIT,
    "remind": _WAIT,
    "follow": _WAIT_OR_CLOSED,
    "share": _WAIT_OR_CLOSED,
    "review": _WAIT,
    "assign": _WAIT,
    "escalate": _WAIT,
    "queue": _WAIT,
    "callback": _WAIT,
    "close": dict.fromkeys(_WAITING, "closed"),
    "cancel": dict.fromkeys(_WAITING, "cancelled"),
    "reopen": {"closed": "new"},
    "confirm": {"closed": "closed"},
    "rate": {"closed": "closed"},
    "link": _WAIT_OR_CLOSED,
    "merge": _WAIT_OR_CLOSED,
    "reclassify": _WAIT,
    "demand_price": _ON_HOLD,
    "drop_price": {"new": "new", "waiting_customer": "open", "on_hold": "open"},
    "offer_quote": dict.fromkeys(_WAITING, "waiting_customer"),
    "approve_quote": dict.fromkeys(_WAITING, "open"),
    "decline_quote": dict.fromkeys(_WAITING, "on_hold"),
    "withdraw_quote": _ON_HOLD | {"closed": "closed"},
    "expire_quote": _ON_HOLD | {"closed": "closed"},
}

# The act by which support puts a case into a status of its choice.
TURNS: dict[Status, str] = {"waiting_customer": "ask_customer", "on_hold": "hold", "open": "resume"}

# What the acts of a price do with the gate; all others leave it as it is.
GATES: dict[str, dict[Gate, Gate]] = {
    "demand_price": {"open": "wanted", "wanted": "wanted", "offered": "wanted"},
    "drop_price": {"wanted": "open", "offered": "open"},
    "offer_quote": {"wanted": "offered", "offered": "offered"},
    "approve_quote": {"offered": "open"},
    "decline_quote": {"offered": "wanted"},
    "withdraw_quote": {"offered": "wanted"},
    "expire_quote": {"offered": "wanted"},
}


def moves_of(act: str, gate: Gate) -> Moves:
    """Where this act is possible while the gate is so."""
    if act in GATES and gate not in GATES[act]:
        return {}
    return (SHUT if gate in ("wanted", "offered") else MOVES).get(act, {})


def waits_for_price(act: str, case: Case) -> bool:
    """Whether only the price stands in the way of this act."""
    return case.status not in moves_of(act, case.gate) and case.status in MOVES.get(act, {})


def move(act: str, case: Case) -> Status:
    """Where this act leads the case. Raises Conflict ``quote_required`` when only the price is missing, otherwise
    ``not_in_this_status``."""
    moves = moves_of(act, case.gate)
    if case.status in moves:
        return moves[case.status]
    if waits_for_price(act, case):
        detail = "The price has to be approved before the work begins."
        raise Conflict("quote_required", detail, extra={"status": case.status, "gate": case.gate})
    detail = f"This is not possible while the case is {case.status.replace('_', ' ')}."
    raise Conflict("not_in_this_status", detail, extra={"status": case.status, "allowed": list(moves)})


def gate_after(act: str, gate: Gate) -> Gate:
    """The gate after this act."""
    return GATES.get(act, {}).get(gate, gate)


def turn_of(policy: Policy, status: str) -> tuple[Status, str | None]:
    """Whose turn it is in a status that support chose: one of ``TURNS``, or one of the team's own, which is within one
    of these. Raises Invalid ``/status``."""
    own: dict[str, Status] = {one["key"]: one["category"] for one in policy.get("substatuses", ())}
    if status in own:
        return own[status], status
    for turn in TURNS:
        if turn == status:
            return turn, None
    raise Invalid.field("/status", "choice", f"Choose one of these: {', '.join([*TURNS, *own])}.")


def forget_substatus(before: Case, case: Case) -> None:
    """A team's own status holds until the case moves on."""
    if (case.status, case.gate) != (before.status, before.gate) and case.substatus == before.substatus:
        case.substatus = None


def first_gate(charge: str) -> Gate:
    """The gate of a new case with this charge."""
    return "wanted" if charge == "quote_required" else "open"
