"""Seed E, customer service of a commerce platform, in Swedish: the type decides form and fee; answers come by mail."""

from __future__ import annotations

from deploy.demo.case import Case, hold
from deploy.demo.cast import Company, Place, Plan, Stage, Who, refuse
from deploy.demo.client import Ask
from deploy.demo.failure import must
from deploy.demo.media import Media, large, log, pdf, photo

TITLE = "Seed E - Extend Customer Service & Support"
STORY = (
    "Bokhandeln Pärlan får inga orderbekräftelser. A colleague without the permission cannot register the case, Astrid "
    "can; she chooses Support with priority C, writes Swedish, and answers straight from her mail program."
)
PLAN = Plan(
    team="extend",
    locale="sv",
    company=Company("Bokhandeln Pärlan AB", "parlan.example", ["orders"]),
    administrator=Who("erik.lund", "Erik Lund"),
    member=Who("astrid.berg", "Astrid Berg"),
    agent=Who("maja.nystrom", "Maja Nyström"),
)
MORE = "Det gäller även order 20417, som lades i morse."
QUESTION = "Har ni bytt avsändaradress för butikens mejl den senaste veckan?"
REPLY = "Ja, i torsdags bytte vi till order@parlan.example."
ANSWER = "Den nya adressen saknade behörighet att skicka. Vi har lagt till den, och bekräftelserna går ut igen."
THANKS = "Tack, nu kommer bekräftelserna fram!"


def play(stage: Stage) -> None:
    """Från felanmälan till avslutat ärende."""
    erik, astrid, maja, teller = stage.administrator, stage.member, stage.agent, stage.world.teller
    form = _form()
    _without_permission(stage, form)
    text = "Astrid väljer ärendetypen Support, prioritet C, och trycker på Skicka."
    case, view = Case.register(stage, astrid, text, form)
    hold(
        view,
        {"type": "support", "priority": "C", "charge": "contract_rate", "product": "orders", "fields": form["fields"]},
    )
    with teller.does("Ärendet syns under företagets ärenden och bland de aktiva."):
        case.listed(erik, "company")
        case.listed(astrid, "open")
    case.upload(astrid, "Underlag", _papers())
    case.too_large(astrid, large("orderarkiv.zip", 11), "file_too_large", stage.profile["files"]["max_bytes"])
    case.comment(astrid, MORE, told=(maja,))
    with teller.does("Maja granskar ärendet: enkelt, nivå 1; typ och prioritet stämmer."):
        case.act(maja, "triage", {"complexity": "simple", "level": 1}, status="open", priority="C", type="support")
        case.kinds.append("case.reviewed")
    case.comment(maja, QUESTION, told=(astrid,))
    case.answer_by_mail(astrid, QUESTION, REPLY)
    with teller.does(f"Maja svarar och avslutar: “{ANSWER}”") as line:
        case.act(maja, "answer", {"body": ANSWER, "close": True}, status="closed", pending_confirmation=False)
        case.expect_said(ANSWER)
        case.kinds += ["case.answered", "case.closed"]
        line.more = case.mailed(ANSWER, (astrid,))
    case.answer_by_mail(astrid, ANSWER, THANKS)
    with teller.does("Ärendet finns bland de avslutade och inte längre bland de aktiva."):
        case.listed(astrid, "closed")
        case.not_listed(astrid, "open")
    case.download(maja, "skärmbild.png")
    case.hidden()
    case.end(mails=7)


def _papers() -> list[Media]:
    sent = log("utskick.log", ["order 20391 skapad", "550 sender not allowed"])
    return [photo("skärmbild.png"), pdf("order-20391.pdf", "Order 20391"), sent]


def _form() -> dict[str, object]:
    return {
        "type": "support",
        "title": "Orderbekräftelser skickas inte",
        "description": "Sedan i fredags får kunderna ingen bekräftelse när de har beställt.",
        "priority": "C",
        "product": "orders",
        "fields": {"examples": "Order 20391 och order 20402; ordrarna finns i systemet, men inget mejl."},
    }


def _without_permission(stage: Stage, form: dict[str, object]) -> None:
    with stage.world.teller.does("Nils, who may only read, tries to register the case; he is refused.") as line:
        place = Place(
            f"/organizations/{stage.organization['id']}/users",
            "member",
            stage.plan.company.domain,
            {"permissions": ["case.read"]},
        )
        nils = stage.register(stage.administrator, Who("nils.ek", "Nils Ek"), place)
        stage.arrive(nils)
        problem = refuse(stage, nils, Ask("POST", "/cases", {"json": form}), (403, "not_permitted"))
        line.more = problem["detail"]
        must(problem["status"] == 403, "the problem says its status", problem)
