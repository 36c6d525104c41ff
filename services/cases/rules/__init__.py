"""What the cases service decides: no clock, no database, no broker. States and rights, audience, the form."""

from services.cases.rules.audience import Audience, Round, audience_of, sees, sides_of
from services.cases.rules.case import Policy, Reader, Standing
from services.cases.rules.form import Filled, Filling, check_form, check_priority
from services.cases.rules.states import (
    MOVES,
    able,
    editable,
    may_open,
    may_reopen,
    move,
    must_be_able,
    reaction_to_comment,
)

__all__ = [
    "MOVES",
    "Audience",
    "Case",
    "Filled",
    "Filling",
    "Policy",
    "Reader",
    "Round",
    "Standing",
    "able",
    "audience_of",
    "check_form",
    "check_priority",
    "editable",
    "may_open",
    "may_reopen",
    "move",
    "must_be_able",
    "reaction_to_comment",
    "sees",
    "sides_of",
]
