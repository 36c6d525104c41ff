"""Every SELECT of the cases service. Statements are built once; only their values change.

``visible`` is the one place that knows who may see which case; the one place that knows who is told of it is
``rules.audience``. A reader's standing, the team's policy and the people around a case come with the case itself,
so that a read is two statements and a command's question is one.
"""

from services.cases.queries import finding
from services.cases.queries.access import read_access, read_case_access
from services.cases.queries.audience import list_followers, read_audience, read_hidden_cases
from services.cases.queries.calls import (
    AWAITED,
    call_view,
    callback_to_change,
    callback_view,
    callbacks_due,
    callbacks_over,
    ended,
    list_callbacks,
    list_calls,
    list_case_callbacks,
)
from services.cases.queries.catalogue import list_priorities, list_topics, list_types, read_form
from services.cases.queries.clocks import alarmed, list_calendars, outdated, promised, read_clock, read_clocks
from services.cases.queries.drafts import (
    EXPIRED_DRAFTS,
    draft_count,
    expired_values,
    information_of,
    list_drafts,
    one_draft,
    read_draft,
    read_technical_information,
)
from services.cases.queries.export import read_export
from services.cases.queries.follow_ups import follow_up_line, list_follow_ups
from services.cases.queries.forecast import read_forecast
from services.cases.queries.grouping import comments_of, links_of, list_links, list_tags, open_follow_up
from services.cases.queries.history import NOTED, NOTED_BY_NEIGHBOUR, list_happenings, list_history
from services.cases.queries.jobs import read_job, turn_of
from services.cases.queries.keys import (
    behind_address,
    behind_key,
    contact_of,
    door,
    in_the_name_of,
    list_access_keys,
    list_representatives,
    opened_comment,
    opened_view,
    read_key_holder,
    read_opened_case,
)
from services.cases.queries.lists import list_cases
from services.cases.queries.macros import known_to, list_macros, macro, macro_at_hand
from services.cases.queries.people import (
    agent_name,
    agreed,
    house,
    member,
    must_choose,
    represented,
    standings,
    surroundings,
)
from services.cases.queries.queues import has_queue, level_of, list_pile, read_next, take_first
from services.cases.queries.quotes import (
    due_quotes,
    list_quotes,
    newest_quote,
    pricing,
    quote_of,
    quote_view,
    read_charge,
)
from services.cases.queries.sight import visible
from services.cases.queries.single import (
    comment_view,
    list_comments,
    one,
    onlookers,
    pair,
    read_case,
    read_case_by_number,
    view,
)
from services.cases.queries.snippets import list_snippets, must_be_staff, snippet, snippet_view

__all__ = [
    "AWAITED",
    "EXPIRED_DRAFTS",
    "NOTED",
    "NOTED_BY_NEIGHBOUR",
    "agent_name",
    "agreed",
    "alarmed",
    "behind_address",
    "behind_key",
    "call_view",
    "callback_to_change",
    "callback_view",
    "callbacks_due",
    "callbacks_over",
    "comment_view",
    "comments_of",
    "contact_of",
    "door",
    "draft_count",
    "due_quotes",
    "ended",
    "expired_values",
    "finding",
    "follow_up_line",
    "has_queue",
    "house",
    "in_the_name_of",
    "information_of",
    "known_to",
    "level_of",
    "links_of",
    "list_access_keys",
    "list_calendars",
    "list_callbacks",
    "list_calls",
    "list_case_callbacks",
    "list_cases",
    "list_comments",
    "list_drafts",
    "list_follow_ups",
    "list_followers",
    "list_happenings",
    "list_history",
    "list_links",
    "list_macros",
    "list_pile",
    "list_priorities",
    "list_quotes",
    "list_representatives",
    "list_snippets",
    "list_tags",
    "list_topics",
    "list_types",
    "macro",
    "macro_at_hand",
    "member",
    "must_be_staff",
    "must_choose",
    "newest_quote",
    "one",
    "one_draft",
    "onlookers",
    "open_follow_up",
    "opened_comment",
    "opened_view",
    "outdated",
    "pair",
    "pricing",
    "promised",
    "quote_of",
    "quote_view",
    "read_access",
    "read_audience",
    "read_case",
    "read_case_access",
    "read_case_by_number",
    "read_charge",
    "read_clock",
    "read_clocks",
    "read_draft",
    "read_export",
    "read_forecast",
    "read_form",
    "read_hidden_cases",
    "read_job",
    "read_key_holder",
    "read_next",
    "read_opened_case",
    "read_technical_information",
    "represented",
    "snippet",
    "snippet_view",
    "standings",
    "surroundings",
    "take_first",
    "turn_of",
    "view",
    "visible",
]
