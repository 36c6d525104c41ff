"""What tells a customer how support corrected his case: what it was and is, what it costs now, what he gets by when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from services.cases.rules.case import Policy
from services.cases.rules.clocks import Clock
from services.cases.rules.summary import topic_names
from services.cases.tables import Case

_WORDS = {
    "en": {
        "charge": "Price",
        "contract_rate": "as agreed in the contract",
        "quote_required": "by an offer that you approve",
        "free": "free of charge",
        "none": "nothing is charged",
        "review": "Review",
        "first_response": "First answer",
        "next_response": "Next answer",
        "resolution": "Solution",
    },
    "sv": {
        "charge": "Pris",
        "contract_rate": "enligt avtalet",
        "quote_required": "enligt en offert som ni godkänner",
        "free": "kostnadsfritt",
        "none": "debiteras inte",
        "review": "Genomgång",
        "first_response": "Första svar",
        "next_response": "Nästa svar",
        "resolution": "Lösning",
    },
    "nb": {
        "charge": "Pris",
        "contract_rate": "etter avtalen",
        "quote_required": "etter et tilbud som dere godkjenner",
        "free": "gratis",
        "none": "belastes ikke",
        "review": "Gjennomgang",
        "first_response": "Første svar",
        "next_response": "Neste svar",
        "resolution": "Løsning",
    },
    "da": {
        "charge": "Pris",
        "contract_rate": "efter aftalen",
        "quote_required": "efter et tilbud, som I godkender",
        "free": "gratis",
        "none": "opkræves ikke",
        "review": "Gennemgang",
        "first_response": "Første svar",
        "next_response": "Næste svar",
        "resolution": "Løsning",
    },
}


def correction(profile: Policy, before: Case, after: Case, reason: str, owed: Sequence[Clock]) -> str:
    """The comment, in the language of the case; names are the team's own. ``owed``: the clocks that run to another
    moment now."""
    lines = [*_corrected(profile, before, after), *_followed(profile, before, after, owed)]
    return "\n".join([*lines, "", reason] if lines else [reason])


def _corrected(profile: Policy, before: Case, after: Case) -> Iterator[str]:
    kinds = {kind["key"]: kind["name"] for kind in profile["types"]}
    if after.type != before.type:
        yield f"{kinds.get(before.type, before.type)} → {kinds[after.type]}"
    if after.priority != before.priority and profile["priority"]["customer_sets"]:
        names = {known["key"]: known["name"] for known in profile["priorities"]}
        yield f"{names.get(before.priority, before.priority)} → {names[after.priority]}"
    if after.topic != before.topic:
        topics = dict(topic_names(profile["topics"]))
        yield f"{topics.get(before.topic or '', before.topic or '–')} → {topics[after.topic or '']}"


def _followed(profile: Policy, before: Case, after: Case, owed: Sequence[Clock]) -> Iterator[str]:
    language = (after.language or profile["locale"])[:2].lower()
    words = _WORDS.get({"nn": "nb", "no": "nb"}.get(language, language), _WORDS["en"])
    was, now = (_price(case, words) for case in (before, after))
    if now != was:
        yield f"{words['charge']}: {was} → {now}"
    for clock in owed:
        zone = clock.promise.hours.zone
        if clock.due_at is not None:
            yield f"{words[clock.kind]}: {clock.due_at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


def _price(case: Case, words: dict[str, str]) -> str:
    said = words.get(case.charge, case.charge)
    return f"{said} ({case.fee['value']} {case.fee['currency']})" if case.fee else said
