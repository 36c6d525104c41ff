"""Seed C, the hotline of a robot maker: for a colleague, by subject and subtype; both sides share the files."""

from __future__ import annotations

from deploy.demo.case import Case, hold, pointers
from deploy.demo.cast import Company, Plan, Stage, Who, refuse
from deploy.demo.client import Ask
from deploy.demo.failure import must
from deploy.demo.media import large, log, pdf, photo

TITLE = "Seed C - Robotics Hotline"
STORY = (
    "A welding cell at Nordholz Windows stands still. Jonas files the case for Lena, who stands beside the robot; the "
    "whole company sees it, and files go both ways. When the robot moves again, the customer closes the case himself."
)
PLAN = Plan(
    team="selfservice",
    locale="en",
    company=Company("Nordholz Windows GmbH", "nordholz.example", ["cell_controller", "design_suite"]),
    administrator=Who("lena.brandt", "Lena Brandt"),
    member=Who("jonas.keller", "Jonas Keller"),
    agent=Who("petra.haas", "Petra Haas"),
)
DETAIL = "It stopped in the middle of frame 88. The light curtain is clean, and a restart did not help."
UPDATE = "The controller shows error E-417 now."
ADVICE = "Please check the plug X12 behind the gripper; E-417 means its signal is lost."
REPLY = "X12 was loose. I pushed it in, and the error is gone."
ANSWER = "Good. Please fix the plug with the clamp on the attached drawing, so that it stays in."


def play(stage: Stage) -> None:
    """From the wrong subtype to the case that its owner closes."""
    lena, jonas, petra, teller = stage.administrator, stage.member, stage.agent, stage.world.teller
    case = _file(stage)
    with teller.does("Lena sees it in the company's list and saves a better description; the case stays open."):
        case.listed(lena, "company")
        hold(lena.patch(case.path, {"description": DETAIL}), {"description": DETAIL, "status": "new"})
        case.kinds.append("case.changed")
    folder = case.upload(
        jonas,
        "Cell 3",
        [
            photo("gripper.png"),
            pdf("circuit-diagram.pdf", "Cell 3, plug X12"),
            log("controller.log", ["axis 4 ok", "E-417 signal lost"]),
        ],
    )
    case.too_large(jonas, large("cell-backup.bin", 11), "file_too_large", stage.profile["files"]["max_bytes"])
    case.comment(jonas, UPDATE, told=(petra,))
    with teller.does("Petra reviews the case: simple, level 1."):
        case.act(petra, "triage", {"complexity": "simple", "level": 1}, status="open", complexity="simple")
        case.kinds.append("case.reviewed")
    case.comment(petra, ADVICE, told=(lena, jonas))
    case.answer_by_mail(lena, ADVICE, REPLY)
    with teller.does("Petra puts a drawing into the same folder; both sides share the case files."):
        case.add(petra, folder, [pdf("clamp-x12.pdf", "Clamp for plug X12")])
    with teller.does(f"She answers: “{ANSWER}”") as line:
        case.act(petra, "answer", {"body": ANSWER}, status="answered")
        case.expect_said(ANSWER)
        case.kinds.append("case.answered")
        line.more = case.mailed(ANSWER, (lena, jonas))
    case.download(lena, "clamp-x12.pdf")
    with teller.does("Jonas closes the case himself, and so nobody asks him whether it was answered."):
        case.act(jonas, "close", {}, status="closed", pending_confirmation=False)
        case.kinds.append("case.closed")
    case.download(petra, "controller.log")
    case.hidden()
    case.end(mails=10)


def _file(stage: Stage) -> Case:
    lena, jonas = stage.administrator, stage.member
    form = {
        "type": "case",
        "title": "Welding cell 3 does not start",
        "description": "Cell 3 stopped during the early shift and does not start again.",
        "contact_id": lena.id,
        "priority": "high",
        "topic": "robotics.cell",
        "product_item": "Cell Controller W7",
        "product_range": "Welding",
    }
    with stage.world.teller.does("Jonas picks a subtype that belongs to another subject; it is refused."):
        wrong = Ask("POST", "/cases", {"json": {**form, "topic": "citrix.cell"}})
        problem = refuse(stage, jonas, wrong, (422, "invalid"))
        must(pointers(problem) == ["/topic"], "the problem names the topic and nothing else", problem)
    case, view = Case.register(
        stage,
        jonas,
        "He files it for Lena: Robotics, robot cell, priority high, because production stands still.",
        form,
    )
    people = (view["created_by"]["id"], view["contact"]["id"])
    must(people == (jonas.id, lena.id), "Jonas is the creator and Lena the contact", view)
    hold(
        view, {"priority": "high", "topic": "cell", "product_item": form["product_item"], "visibility": "organization"}
    )
    return case
