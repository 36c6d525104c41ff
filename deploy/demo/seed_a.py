"""Seed A, a support centre: an administrator names the owner; support closes; the customer says no, then yes."""

from __future__ import annotations

import hashlib

from deploy.demo.case import Case, hold, pointers
from deploy.demo.cast import Company, Plan, Stage, Who, refuse
from deploy.demo.client import Ask, store
from deploy.demo.failure import must
from deploy.demo.media import MEGABYTE, large, log, pdf, photo

TITLE = "Seed A - Mamut Support Centre"
STORY = (
    "Fjord Accounting cannot post vouchers since the update. Its administrator registers a request and hands it to a "
    "colleague, who sends the whole database along. Support closes too early, is told so, and then gets it right."
)
PLAN = Plan(
    team="mamut",
    locale="en",
    company=Company("Fjord Accounting AS", "fjord.example", ["business"]),
    administrator=Who("nina.solberg", "Nina Solberg"),
    member=Who("ola.hagen", "Ola Hagen"),
    agent=Who("kari.moe", "Kari Moe"),
)
GATEWAY_LIMIT = 21 * MEGABYTE
ADDED = "It happens with every voucher dated in November, on all three computers."
QUESTION = "Which version stands under Help, About?"
REPLY = "It says 24.1.2, updated on Monday."
FIRST_ANSWER = "Version 24.1.3 repairs this. Please install it and post the voucher again."
FEEDBACK = "We installed 24.1.3 and the message is still there."
SECOND_ANSWER = "Your database had a broken index; we repaired it in the copy you sent. Please restore that copy."


def play(stage: Stage) -> None:
    """From the first form to the last yes."""
    nina, ola = stage.administrator, stage.member
    case = _register(stage)
    with stage.world.teller.does("Ola finds the request in his case list; the company's list shows it to Nina."):
        case.listed(ola, "owned")
        case.listed(nina, "company")
    folder = case.upload(
        ola,
        "Database and proof",
        [
            photo("error-message.png"),
            pdf("voucher-4711.pdf", "Voucher 4711, 21 November 2026"),
            log("mamut.log", ["INFO posting voucher 4711", "ERROR period is closed"]),
        ],
    )
    case.too_large(ola, large("company.mdf", 22), "body_too_large", GATEWAY_LIMIT)
    _send_database(case, folder)
    case.comment(ola, ADDED, told=(stage.agent,))
    _support_asks(case)
    case.answer_by_mail(ola, QUESTION, REPLY)
    _closed_too_early(case)
    _closed_at_last(case)
    case.download(ola, "voucher-4711.pdf")
    case.download(stage.agent, "company.mdf")
    case.hidden()
    case.end(mails=14)


def _register(stage: Stage) -> Case:
    nina, ola = stage.administrator, stage.member
    form = {
        "type": "fault",
        "topic": "accounting.vouchers",
        "title": "Vouchers cannot be posted",
        "description": "Posting voucher 4711 stops with: The period is closed. It is not.",
        "product": "business",
        "fields": {"needs_documents": True},
        "technical_information": {"consent": True, "information": {"system": "Windows 11", "memory": "16 GB"}},
    }
    with stage.world.teller.does(
        "Two wrong forms are refused: a product the company does not hold, an owner named by Ola."
    ):
        wrong = Ask("POST", "/cases", {"json": {**form, "product": "payroll"}})
        problem = refuse(stage, nina, wrong, (422, "product_not_held"))
        must("/product" in pointers(problem), "the problem names the field product", problem)
        refuse(stage, ola, Ask("POST", "/cases", {"json": {**form, "owner_id": nina.id}}), (403, "owner_not_offered"))
    case, view = Case.register(
        stage,
        nina,
        "Nina registers a fault in Business Software and makes Ola its owner.",
        {**form, "owner_id": ola.id},
    )
    must(view["owner"]["id"] == ola.id, "Ola is the owner", view)
    hold(view, {"visibility": "participants", "product": "business", "fields": form["fields"]})
    return case


def _send_database(case: Case, folder: str) -> None:
    """The way of large files: announce, PUT to the store, finish. The team's own limit is 100 MiB."""
    stage, ola, file = case.stage, case.stage.member, large("company.mdf", 22)
    with stage.world.teller.does(
        "So Ola sends the database the way large files go; one over 100 MB is refused there."
    ) as line:
        wanted = {"case_id": case.id, "folder_id": folder, "name": file.name, "size": len(file.content)}
        limit = stage.profile["files"]["max_bytes"]
        ask = Ask("POST", "/uploads", {"json": {**wanted, "size": limit + 1}})
        problem = refuse(stage, ola, ask, (413, "file_too_large"))
        must(problem.get("max_bytes") == limit, f"the problem names the limit, {limit} bytes", problem)
        upload = ola.post(f"{stage.base}/uploads", wanted)
        store("PUT", upload["put_url"], file.content, f"takes {file.name}")
        body = {"sha256": hashlib.sha256(file.content).hexdigest()}
        done = ola.post(f"{stage.base}/uploads/{upload['file']['id']}/complete", body, made=False)
        case.check_file(done, file)
        line.more = f"{len(file.content):,} bytes arrived."


def _support_asks(case: Case) -> None:
    stage, kari = case.stage, case.stage.agent
    with stage.world.teller.does("Kari reviews the request as complex and takes it herself."):
        case.act(kari, "triage", {"complexity": "complex", "level": 2}, status="open", level=2, complexity="complex")
        view = kari.put(f"{case.path}/assignee", {"assignee_id": kari.id})
        must((view["assignee"] or {}).get("id") == kari.id, "Kari has the case", view)
        case.kinds += ["case.reviewed", "case.assigned"]
    case.comment(kari, QUESTION, told=(stage.administrator, stage.member))


def _closed_too_early(case: Case) -> None:
    stage, kari, ola = case.stage, case.stage.agent, case.stage.member
    with stage.world.teller.does(f"Kari answers: “{FIRST_ANSWER}”") as line:
        case.act(kari, "answer", {"body": FIRST_ANSWER}, status="answered")
        case.expect_said(FIRST_ANSWER)
        line.more = case.mailed(FIRST_ANSWER, (ola,))
    with stage.world.teller.does("She closes the request; Ola opens it and is asked whether that answered it."):
        case.act(kari, "close", {}, status="closed", confirmation="pending")
        must(case.view(ola)["pending_confirmation"] is True, "Ola is asked", case.view(ola))
        case.kinds += ["case.answered", "case.closed"]
    with stage.world.teller.does(f"Ola says no: “{FEEDBACK}” The request is open again.") as line:
        answer = {"answer": "no", "feedback": FEEDBACK, "reopen": True}
        hold(ola.put(f"{case.path}/confirmation", answer), {"status": "open", "confirmation": "no"})
        case.expect_said(FEEDBACK)
        case.kinds += ["confirmation.given", "case.reopened"]
        line.more = case.mailed(FEEDBACK, (kari,))


def _closed_at_last(case: Case) -> None:
    stage, kari, ola = case.stage, case.stage.agent, case.stage.member
    with stage.world.teller.does(f"Kari looks deeper, answers and closes: “{SECOND_ANSWER}”") as line:
        case.act(kari, "answer", {"body": SECOND_ANSWER, "close": True}, status="closed", confirmation="pending")
        case.expect_said(SECOND_ANSWER)
        case.kinds += ["case.answered", "case.closed"]
        line.more = case.mailed(SECOND_ANSWER, (ola, stage.administrator))
    with stage.world.teller.does("This time Ola says yes; the request stays closed and nobody asks again."):
        view = ola.put(f"{case.path}/confirmation", {"answer": "yes"})
        hold(view, {"status": "closed", "confirmation": "yes", "pending_confirmation": False})
        case.kinds.append("confirmation.given")
