"""Every SELECT of the cases service. Statements are built once; only their values change.

``visible`` is the one place that knows who may see which case; the one place that knows who is told of it is
``rules.audience``. A reader's standing, the team's policy and the people around a case come with the case itself,
so that a read is two statements and a command's question is one.
"""

from services.cases.queries.lists import list_cases
from services.cases.queries.people import agent_name, house, member, must_choose, represented, standings
from services.cases.queries.sight import visible
from services.cases.queries.single import comment_view, list_comments, one, read_case, read_case_by_number, view

__all__ = [
    "agent_name",
    "comment_view",
    "house",
    "list_cases",
    "list_comments",
    "member",
    "must_choose",
    "one",
    "read_case",
    "read_case_by_number",
    "represented",
    "standings",
    "view",
    "visible",
]
