"""Seed D, an enterprise portal: products of the account, followers who come and go, posts and related files."""

from __future__ import annotations

from deploy.demo.case import Case, hold
from deploy.demo.cast import Company, Plan, Stage, Who, refuse
from deploy.demo.client import Ask
from deploy.demo.failure import must
from deploy.demo.media import large, log, pdf, photo

TITLE = "Seed D - Enterprise Customer Portal"
STORY = (
    "The harbour of Aarhus runs its payroll tomorrow, and the holiday pay is wrong. A colleague follows the case for a "
    "while, is kept informed by mail, and stops following. Support answers and closes."
)
PLAN = Plan(
    team="enterprise",
    locale="en",
    company=Company("Aarhus Harbour A/S", "aarhus-harbour.example", ["payroll", "finance"]),
    administrator=Who("mette.friis", "Mette Friis"),
    member=Who("soren.dahl", "Søren Dahl"),
    agent=Who("ida.holm", "Ida Holm"),
)
POST = "Employees 112 and 118 are wrong as well."
QUESTION = "Was the holiday agreement changed this year?"
REPLY = "Yes, on the first of September, from 12 to 12.5 percent."
ALONE = "Then the rate of August is still in use for them; I am correcting it."
ANSWER = "The rate is 12.5 percent from September on now. Please run the calculation again."


def play(stage: Stage) -> None:
    """From Save to closed, with a follower for a while."""
    mette, soren, ida, teller = stage.administrator, stage.member, stage.agent, stage.world.teller
    case = _save(stage)
    case.upload(
        soren,
        "Related",
        [
            photo("payslip.png"),
            pdf("holiday-agreement.pdf", "Holiday pay 12.5 percent"),
            log("payroll-run.log", ["employee 101 ok", "employee 112 deviates"]),
        ],
    )
    case.too_large(soren, large("payroll-export.csv", 11), "file_too_large", stage.profile["files"]["max_bytes"])
    _follow(case)
    case.comment(soren, POST, told=(ida, mette))
    with teller.does("Ida reviews the case."):
        case.act(ida, "triage", {"complexity": "complex", "level": 2}, status="open", level=2)
        case.kinds.append("case.reviewed")
    case.comment(ida, QUESTION, told=(soren, mette))
    case.answer_by_mail(soren, QUESTION, REPLY)
    _unfollow(case)
    with teller.does(f"Ida answers: “{ANSWER}”") as line:
        case.act(ida, "answer", {"body": ANSWER}, status="answered")
        case.expect_said(ANSWER)
        line.more = case.mailed(ANSWER, (soren,))
    with teller.does("She closes the case; this team does not ask the customer back."):
        case.act(ida, "close", {}, status="closed", pending_confirmation=False)
        case.kinds += ["case.answered", "case.closed"]
        case.not_listed(soren, "open")
    case.download(mette, "holiday-agreement.pdf")
    case.hidden()
    case.end(mails=11)
    with teller.does("Mette had no mail about the case after she stopped following it."):
        late = [
            mail["subject"]
            for mail in stage.world.post.to(mette.email)
            if ALONE in mail["text"] or ANSWER in mail["text"]
        ]
        must(not late, "no mail to somebody who does not follow any more", late)


def _save(stage: Stage) -> Case:
    soren = stage.member
    form = {
        "type": "case",
        "title": "Holiday pay is calculated wrongly",
        "description": "The trial run of November pays 12 percent instead of 12.5 percent.",
        "product": "payroll",
    }
    case, view = Case.register(stage, soren, "Søren chooses the product Payroll and saves the case.", form)
    hold(view, {"product": "payroll", "visibility": "organization", "priority": None})
    with stage.world.teller.does("It stands in the account's list of cases and among the open ones."):
        case.listed(stage.administrator, "company")
        case.listed(soren, "open")
    return case


def _follow(case: Case) -> None:
    stage, mette, soren = case.stage, case.stage.administrator, case.stage.member
    with stage.world.teller.does("Søren adds Mette as a follower; somebody without a profile here cannot follow."):
        wrong = Ask("POST", f"/cases/{case.id}/followers", {"json": {"user_id": stage.outsider.id}})
        refuse(stage, soren, wrong, (422, "follower_needs_product"))
        view = soren.post(f"{case.path}/followers", {"user_id": mette.id})
        must([one["id"] for one in view["followers"]] == [mette.id], "Mette is the only follower", view)
        case.kinds.append("case.changed")
        case.listed(mette, "followed")


def _unfollow(case: Case) -> None:
    stage, mette, soren = case.stage, case.stage.administrator, case.stage.member
    with stage.world.teller.does("Mette knows enough; Søren removes her from the followers."):
        soren.delete(f"{case.path}/followers/{mette.id}")
        view = case.view(soren)
        must(view["followers"] == [], "nobody follows any more", view)
        case.kinds.append("case.changed")
        case.not_listed(mette, "followed")
    case.comment(stage.agent, ALONE, told=(soren,))
