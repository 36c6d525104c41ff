"""One case of two, two of one, and a new one after an old one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, delete, insert

from services.cases import queries, rules
from services.cases.commands.linking import no_such_case
from services.cases.commands.opening import open_after
from services.cases.commands.saving import record, save, take
from services.cases.queries.grouping import BROUGHT_ALREADY, LEFT_OVER
from services.cases.queries.weighing import Like
from services.cases.rules import Reader, Round
from services.cases.tables import followers, merges
from services.chassis.problems import Conflict, Invalid
from services.chassis.unit_of_work import UnitOfWork
from services.contracts import cases as c

_FOLLOW = insert(followers)
# With whom an earlier merge brought already, so that he stays as long as one of them.
_NOTE = insert(merges).values(
    {name: bindparam(name) for name in ("case_id", "into_id", "at")}
    | {"follower_ids": bindparam("new", type_=ARRAY(Text)).op("||")(BROUGHT_ALREADY)}
)
_LEAVE = (
    delete(followers)
    .where(followers.c.case_id == bindparam("left"), followers.c.user_id == any_(bindparam("gone", type_=ARRAY(Text))))
    .where(LEFT_OVER)
    .returning(followers.c.user_id)
)
_UNDO = delete(merges).where(merges.c.case_id == bindparam("merged")).returning(merges.c.into_id, merges.c.follower_ids)


def merge_case(uow: UnitOfWork, ask: c.MergeCase) -> c.CaseView:
    """Two cases go on as one, and who waits for the answer follows it. Raises Invalid ``/into_id``, Conflict
    ``merged``, ``has_merged``, ``different_organization``, ``different_readers``, ``quote_required`` and
    ``too_many_followers``."""
    found = queries.pair(uow, ask, ask.into_id)
    reader, target = found[ask.case_id], found.get(ask.into_id)
    rules.must_be_able(reader, "case.merge")  # before anything is told about the other case
    uow.must_match(reader.case.version)
    if target is None:
        raise no_such_case("/into_id")
    rules.must_be_mergeable(reader, target)
    reader.case.status = rules.move("merge", reader.case)
    target.case.status = rules.move("merge", target.case)
    wanted = rules.newcomers(reader, target)
    there = {user_id for user_id, _ in target.followers}
    new = [pair for pair in wanted if pair[0] not in there]
    if len(target.followers) + len(new) > rules.MOST_FOLLOWERS:
        raise rules.too_many_followers()
    reader.case.merged_into = target.case.id
    save(uow, reader, reason=ask.reason)
    if new:
        uow.run(_FOLLOW, [{"case_id": target.case.id, "user_id": one, "name": name} for one, name in new])
        target.followers += new
        target.present = list({*target.present, *reader.present})
    values: dict[str, Any] = {"case_id": reader.case.id, "into_id": target.case.id, "at": uow.now}
    values |= {"new": [one for one, _ in new], "others": [one for one, _ in wanted if one in there]}
    uow.run(_NOTE, values)
    target.merged.append((reader.case.id, reader.case.number))
    save(uow, target, noted=[rules.came("followers", {"id": one, "name": name}) for one, name in new])
    told = rules.sides_of(reader.standing.side)
    record(uow, reader, c.CaseMerged, told, into_id=target.case.id, into_number=target.case.number)
    record(uow, target, c.CaseChanged, Round(), fields=["merged_from"])
    return queries.view(uow, target)


def unmerge_case(uow: UnitOfWork, ask: c.UnmergeCase) -> c.CaseView:
    """Undo it; of the followers those go that came with it alone. Raises Conflict ``not_merged``."""
    found = queries.pair(uow, ask)
    reader = found[ask.case_id]
    rules.must_be_able(reader, "case.merge")
    uow.must_match(reader.case.version)
    undone = uow.first(_UNDO, {"merged": reader.case.id})
    if undone is None:
        raise Conflict("not_merged", "This case was not merged into another.")
    target = found[undone.into_id]
    reader.case.merged_into = None
    save(uow, reader)
    left = []
    if undone.follower_ids:
        rows = uow.all(_LEAVE, {"left": target.case.id, "gone": undone.follower_ids})
        gone = {row.user_id for row in rows}
        left = [pair for pair in target.followers if pair[0] in gone]
        target.followers = [pair for pair in target.followers if pair[0] not in gone]
    save(uow, target, noted=[rules.went("followers", {"id": one, "name": name}) for one, name in left])
    told = rules.sides_of(reader.standing.side)
    record(uow, reader, c.CaseUnmerged, told, from_id=target.case.id)
    record(uow, target, c.CaseChanged, Round(), fields=["merged_from"])
    return queries.view(uow, reader)


def split_case(uow: UnitOfWork, ask: c.SplitCase) -> c.CaseView:
    """Some comments become a case of their own. Raises Invalid ``/comment_ids``."""
    reader = take(uow, ask, "case.merge")
    reader.case.status = rules.move("merge", reader.case)
    said = queries.comments_of(uow, reader, ask.comment_ids)
    if len(said) != len(set(ask.comment_ids)):
        raise Invalid.field("/comment_ids", "exists", "Some of these are no comments of this case.")
    first = next((one for one in said if one.visibility == "public"), None)
    if first is None:
        raise Invalid.field("/comment_ids", "public", "At least one of them must be public; it describes the new case.")
    another, rest = _another(reader, ask.title, first.body), [one for one in said if one.id != first.id]
    made = open_after(uow, another, Like(reader.case.id), "related", rest)
    save(uow, reader, noted=[rules.came("links", {"id": made.id, "kind": "related"})])
    record(uow, reader, c.CaseChanged, Round(), fields=["links"])
    return made


def follow_up_case(uow: UnitOfWork, ask: c.FollowUpCase) -> c.CaseView:
    """A new case after the reopen window. Raises Conflict ``may_be_reopened``, and what OpenCase raises."""
    reader = take(uow, ask, "case.reopen")
    case = reader.case
    if case.status != "closed" or rules.may_reopen(case, reader.policy, uow.now):
        raise Conflict("may_be_reopened", "This case can be continued itself.", extra={"status": case.status})
    return follow_up(uow, reader, ask.title or case.title, ask.description, ask.fields)


def follow_up(uow: UnitOfWork, reader: Reader, title: str, description: str, fields: dict[str, Any]) -> c.CaseView:
    """Open the case that comes after this one, and link it. Raises what OpenCase raises."""
    another = _another(reader, title, description)
    another = replace(another, fields=another.fields | fields)
    return open_after(uow, another, Like(reader.case.id, fields), "follow_up")


def _another(reader: Reader, title: str, description: str) -> c.OpenCase:
    """A new case like this one: type, topic, product, language, form, contact and visibility. When to phone was said
    of the old one."""
    case, staff = reader.case, reader.standing.staff
    told = staff or reader.policy["priority"]["customer_sets"]
    theirs = rules.involved(reader) if staff else [case.contact_id] if case.contact_id in reader.present else []
    keeps_owner = staff and case.visibility != "private" and case.owner_id in reader.present
    keeps_owner = keeps_owner and not rules.without_login(case.owner_id)
    return c.OpenCase(
        team_id=case.team_id,
        organization_id=case.organization_id,
        type=case.type,
        title=title,
        description=description,
        topic=case.topic,
        priority=case.priority if told else None,
        product=case.product,
        product_item=case.product_item,
        product_range=case.product_range,
        language=case.language,
        contact_id=theirs[0] if theirs else None,
        owner_id=case.owner_id if keeps_owner else None,
        visibility=case.visibility,
        fields={name: value for name, value in case.fields.items() if name != "callback_at"},
    )
