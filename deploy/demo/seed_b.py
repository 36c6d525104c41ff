"""Seed B, a ticket system: the whole form or nothing; answered and closed in one act; a closed ticket still listens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from deploy.demo.case import Case, hold, pointers
from deploy.demo.cast import Company, Plan, Stage, Who, refuse
from deploy.demo.client import Ask
from deploy.demo.failure import must
from deploy.demo.media import large, log, pdf, photo

TITLE = "Seed B - Case Manager Support"
STORY = (
    "At Harbor Legal a report prints blank pages. The form wants every field, even who shall help and when to phone. "
    "The problem turns out to be simple: one answer settles and closes it, and the customer still gets the last word."
)
PLAN = Plan(
    team="casemanager",
    locale="en",
    company=Company("Harbor Legal LLC", "harbor.example"),
    administrator=Who("grace.porter", "Grace Porter"),
    member=Who("tom.webb", "Tom Webb"),
    agent=Who("alice.reyes", "Alice Reyes"),
)
EMERGENCY = "1-866-281-8350"
UPDATE = "It only happens on the printer in the front office."
QUESTION = "Does the preview on the screen show the text?"
REPLY = "Yes, the preview is fine, only the paper stays white."
ANSWER = "Choose the driver PCL 6 instead of PostScript under File, Printer setup. This settles it."
LAST_WORD = "That was it, thank you. We changed it on all four computers."


def play(stage: Stage) -> None:
    """From the incomplete form to the comment on the closed ticket."""
    grace, tom, alice, teller = stage.administrator, stage.member, stage.agent, stage.world.teller
    case = _submit(stage)
    with teller.does(
        "Grace sees the ticket among those of the company; the profile names the emergency telephone."
    ) as line:
        case.listed(grace, "company")
        profile = grace.get(f"{stage.base}/profile")["profile"]
        must(profile["emergency_contact"] == EMERGENCY, f"the emergency telephone is {EMERGENCY}", profile)
        line.more = EMERGENCY
    case.upload(
        tom,
        "Blank pages",
        [
            photo("white-paper.png"),
            pdf("report.pdf", "Monthly report, 12 pages"),
            log("spooler.log", ["job 17 sent", "job 17 done, 0 marks"]),
        ],
    )
    case.too_large(tom, large("all-reports.zip", 11), "file_too_large", stage.profile["files"]["max_bytes"])
    case.comment(tom, UPDATE, told=(alice,))
    with teller.does("Alice, whom Tom had wished for, reviews the ticket and finds it simple."):
        case.act(alice, "triage", {"complexity": "simple", "level": 1}, complexity="simple", status="open")
        case.kinds.append("case.reviewed")
    case.comment(alice, QUESTION, told=(tom,))
    case.answer_by_mail(tom, QUESTION, REPLY)
    with teller.does(f"Alice answers and closes in one act: “{ANSWER}”") as line:
        done = {"status": "closed", "pending_confirmation": False}
        case.act(alice, "answer", {"body": ANSWER, "close": True}, **done)
        case.expect_said(ANSWER)
        case.kinds += ["case.answered", "case.closed"]
        line.more = case.mailed(ANSWER, (tom,))
    case.comment(tom, LAST_WORD, told=(alice,))
    with teller.does("The ticket took that comment and is closed all the same."):
        hold(case.view(tom), {"status": "closed"})
        case.listed(tom, "closed")
    case.download(alice, "white-paper.png")
    case.hidden()
    case.end(mails=7)


def _submit(stage: Stage) -> Case:
    tom = stage.member
    callback = (datetime.now(UTC) + timedelta(hours=3)).isoformat(timespec="seconds")
    fields = {
        "software_version": "11.4",
        "preferred_assignee": stage.agent.id,
        "phone": "+1 555 010 4477",
        "callback_at": callback,
    }
    form = {
        "type": "level_1",
        "title": "Reports print blank pages",
        "description": "I open the monthly report and press Print: twelve white pages come out.",
        "fields": fields,
    }
    with stage.world.teller.does(
        "Tom forgets two fields of the form; the ticket is refused and both are named."
    ) as line:
        half = {name: fields[name] for name in ("software_version", "phone")}
        problem = refuse(stage, tom, Ask("POST", "/cases", {"json": {**form, "fields": half}}), (422, "invalid"))
        missing = pointers(problem)
        both = {"/fields/preferred_assignee", "/fields/callback_at"}
        must(set(missing) == both, f"the problem names {sorted(both)}", problem)
        line.more = ", ".join(missing)
    case, view = Case.register(
        stage,
        tom,
        f"He fills in everything: Alice is his favourite, and he can be phoned at {callback[11:16]} UTC.",
        form,
    )
    hold(view, {"type": "level_1", "level": 1, "fields": fields, "visibility": "organization"})
    return case
