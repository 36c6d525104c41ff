"""The same act on many cases, as a job."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from services.chassis.messages import Event, Request, Shape, View
from services.contracts.cases.grouping import DoneView
from services.contracts.shapes import Id, Key, Slug, Text

Action = Literal["assign", "queue", "close", "cancel", "tag", "comment", "status", "macro"]


class JobItemLine(View):
    """One case of a job: ``waiting``, ``done``, ``cancelled``, or ``refused`` with the problem's ``code``
    (``given_up``: it could not be done within a day)."""

    case_id: Id
    outcome: Literal["waiting", "done", "refused", "cancelled"]
    code: Key | None
    detail: Text | None


class JobView(View):
    """A job, how far it is, and what became of each of its cases, in the order they were given."""

    id: Id
    team_id: Slug
    action: Action
    state: Literal["running", "done", "cancelled"]
    total: int
    waiting: int
    done: int
    refused: int
    created_at: datetime
    items: list[JobItemLine]


class StartJob(Request[JobView]):
    """Do something with up to 1,000 cases, each by itself, with the rights the caller has at that moment. ``assign``
    takes ``assignee_id`` (null: back on the pile), ``queue`` takes ``queue_id`` (null: none), ``tag`` needs ``tag``,
    ``comment`` needs ``body`` (and takes ``status``), ``status`` needs ``status``, ``macro`` needs ``macro_id``;
    ``cancel`` may say why in ``body``."""

    team_id: Slug
    action: Action
    case_ids: Annotated[list[Id], Shape(min=1, max=1000)]
    assignee_id: Id | None = None
    queue_id: Id | None = None
    tag: Key | None = None
    body: Text | None = None
    visibility: Literal["public", "internal"] = "public"
    macro_id: Id | None = None
    status: Key | None = None


class ReadJob(Request[JobView]):
    """How far a job of one's own is."""

    team_id: Slug
    job_id: Id


class CancelJob(Request[DoneView]):
    """Leave the rest of a job of one's own undone; what is done stays done."""

    team_id: Slug
    job_id: Id


class JobItemQueued(Event):
    """One case of a job waits for its turn. The service tells itself."""

    subject = "job_id"
    team_id: Slug
    job_id: Id
    case_id: Id
    place: int
