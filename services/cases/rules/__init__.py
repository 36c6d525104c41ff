"""What the cases service decides: no clock, no database, no broker. States and rights, audience, the form."""

from services.cases.rules.agreed import Agreed, not_included
from services.cases.rules.audience import MOST_TOLD, Audience, Round, audience_of, sees, sides_of
from services.cases.rules.case import Policy, Reader, Standing
from services.cases.rules.catalogue import form_schema, topics_below, type_of
from services.cases.rules.clocks import Clock, Kind, Promise, explain, promises
from services.cases.rules.finding import Walk, may_be_misspelt, passages, query_of, walk_of, words_of
from services.cases.rules.followers import MOST_FOLLOWERS, follower_refused, private_refused, too_many_followers
from services.cases.rules.forecast import Upheaval, upheaval
from services.cases.rules.form import (
    Filled,
    Filling,
    check_form,
    check_information,
    check_priority,
    check_range,
    rank_of,
)
from services.cases.rules.history import differences, readable_fields
from services.cases.rules.kept_clocks import clocks_key, clocks_of
from services.cases.rules.keys import (
    Limit,
    TooManyTries,
    WrongKey,
    at_the_door,
    intake_limits,
    opens,
    too_many,
    wrong_keys,
)
from services.cases.rules.macros import check_macro
from services.cases.rules.merging import must_be_mergeable
from services.cases.rules.moves import GATES, MOVES, SHUT, first_gate, gate_after, move, moves_of
from services.cases.rules.prices import correction, explained, reclassify
from services.cases.rules.routing import Hand, Queue, Wanted, hand_for, names_of_topic, queue_for
from services.cases.rules.snippets import PLACES, filled_in, unknown_places, values_of
from services.cases.rules.states import (
    able,
    decide,
    decide_unseen,
    editable,
    goes_on_elsewhere,
    is_shut_by_merge,
    may_ask,
    may_open,
    may_reopen,
    must_be_able,
    offers_followers,
    reaction_to_comment,
)
from services.cases.rules.summary import cost_of, promised_by, told_of
from services.cases.rules.timing import begin, follow_up, keep_time, repromise, sound

__all__ = [
    "GATES",
    "MOST_FOLLOWERS",
    "MOST_TOLD",
    "MOVES",
    "PLACES",
    "SHUT",
    "Agreed",
    "Audience",
    "Clock",
    "Filled",
    "Filling",
    "Hand",
    "Kind",
    "Limit",
    "Policy",
    "Promise",
    "Queue",
    "Reader",
    "Round",
    "Standing",
    "TooManyTries",
    "Upheaval",
    "Walk",
    "Wanted",
    "WrongKey",
    "able",
    "at_the_door",
    "audience_of",
    "begin",
    "check_form",
    "check_information",
    "check_macro",
    "check_priority",
    "check_range",
    "clocks_key",
    "clocks_of",
    "correction",
    "cost_of",
    "decide",
    "decide_unseen",
    "differences",
    "editable",
    "explain",
    "explained",
    "filled_in",
    "first_gate",
    "follow_up",
    "follower_refused",
    "form_schema",
    "gate_after",
    "goes_on_elsewhere",
    "hand_for",
    "intake_limits",
    "is_shut_by_merge",
    "keep_time",
    "may_ask",
    "may_be_misspelt",
    "may_open",
    "may_reopen",
    "move",
    "moves_of",
    "must_be_able",
    "must_be_mergeable",
    "names_of_topic",
    "not_included",
    "offers_followers",
    "opens",
    "passages",
    "private_refused",
    "promised_by",
    "promises",
    "query_of",
    "queue_for",
    "rank_of",
    "reaction_to_comment",
    "readable_fields",
    "reclassify",
    "repromise",
    "sees",
    "sides_of",
    "sound",
    "told_of",
    "too_many",
    "too_many_followers",
    "topics_below",
    "type_of",
    "unknown_places",
    "upheaval",
    "values_of",
    "walk_of",
    "words_of",
    "wrong_keys",
]
