"""The tables of cases, and nothing else."""

from services.cases.tables.case import NEVER_DUE, PILE, Case, cases, comments, followers, untold
from services.cases.tables.drafts import drafts, technical_information
from services.cases.tables.facts import (
    GONE,
    OPEN,
    contacts,
    contracts,
    memberships,
    organizations,
    queues,
    renames,
    second_looks,
    teams,
)
from services.cases.tables.finding import documents, read_markers, unindexed, views, words
from services.cases.tables.grouping import job_items, jobs, links, merges, tags
from services.cases.tables.history import changes
from services.cases.tables.keys import access_keys, attempts, case_contacts
from services.cases.tables.phone import CALLBACK_OPEN, callbacks, calls
from services.cases.tables.quotes import Quote, quotes
from services.cases.tables.registry import metadata
from services.cases.tables.snippets import macros, prepared

__all__ = [
    "CALLBACK_OPEN",
    "GONE",
    "NEVER_DUE",
    "OPEN",
    "PILE",
    "Case",
    "Quote",
    "access_keys",
    "attempts",
    "callbacks",
    "calls",
    "case_contacts",
    "cases",
    "changes",
    "comments",
    "contacts",
    "contracts",
    "documents",
    "drafts",
    "followers",
    "job_items",
    "jobs",
    "links",
    "macros",
    "memberships",
    "merges",
    "metadata",
    "organizations",
    "prepared",
    "queues",
    "quotes",
    "read_markers",
    "renames",
    "second_looks",
    "tags",
    "teams",
    "technical_information",
    "unindexed",
    "untold",
    "views",
    "words",
]
