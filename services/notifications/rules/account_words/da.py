"""What letters about accounts say in Danish."""

from __future__ import annotations

from typing import Any

WORDS: dict[str, Any] = {
    "hello": "Hej,",
    "hello_name": "Hej {name},",
    "units": ["minut", "minutter", "time", "timer", "dag", "dage"],
    "why": "Denne mail er sendt automatisk af {team}. Ingen læser svar på den.",
    "letters": {
        "password_lost": {
            "subject": "Vælg en ny adgangskode",
            "says": [
                "Nogen, sandsynligvis dig, har bedt om en ny adgangskode til din konto.",
                "Dit brugernavn er {user_name}.",
                "Linket virker én gang og i {lasts}.",
                "Hvis det ikke var dig, skal du ikke gøre noget: din adgangskode forbliver, som den er.",
            ],
            "button": "Vælg en ny adgangskode",
        },
        "password_changed": {
            "subject": "Din adgangskode er ændret",
            "says": [
                "Adgangskoden til din konto er ændret, og du er logget ud alle andre steder.",
                "Hvis det ikke var dig, så vælg straks en ny adgangskode, og sig det til din administrator.",
            ],
        },
        "email_confirm": {
            "subject": "Bekræft din nye e-mailadresse",
            "says": [
                "Nogen, sandsynligvis dig, vil bruge denne e-mailadresse til en konto.",
                "Brugernavnet er {user_name}.",
                "Linket virker én gang og i {lasts}. Indtil da gælder den gamle adresse.",
                "Hvis det ikke var dig, skal du ikke gøre noget.",
            ],
            "button": "Bekræft adressen",
        },
        "email_changed": {
            "subject": "Din e-mailadresse er ændret",
            "says": [
                "E-mailadressen til din konto er nu {email}. Mail sendes dertil fra nu af.",
                "Hvis det ikke var dig, så sig det straks til din administrator.",
            ],
        },
        "second_factor_removed": {
            "subject": "Din anden faktor er fjernet",
            "says": [
                "En driftsansvarlig har fjernet den anden faktor på din konto, og du er logget ud alle steder.",
                "Hvis du ikke har bedt om det, så vælg straks en ny adgangskode, og sig det til din administrator.",
            ],
        },
        "registration_received": {
            "subject": "Bekræft din e-mailadresse hos {team}",
            "says": [
                "Nogen, sandsynligvis dig, har ansøgt om en konto hos {team} med denne e-mailadresse.",
                "Bekræft adressen, så ansøgningen kan behandles. Linket virker i {lasts}.",
                "Hvis det ikke var dig, skal du ikke gøre noget: der oprettes ingen konto.",
            ],
            "button": "Bekræft adressen",
        },
        "registration_waiting": {
            "subject": "Nogen ansøger om en konto hos {team}",
            "says": [
                "Nogen med e-mailadressen {email} ansøger om en konto hos {team}.",
                "Se på ansøgningen, og godkend eller afvis den.",
            ],
            "button": "Se ansøgningerne",
        },
        "registration_approved": {
            "subject": "Din registrering hos {team} er godkendt",
            "says": [
                "Din registrering er godkendt, og dit login er klar.",
                "Dit brugernavn er {user_name}. Adgangskoden er den, du valgte, da du registrerede dig.",
                "Du hører til {organization}.",
            ],
            "button": "Log ind",
        },
        "registration_rejected": {
            "subject": "Din registrering hos {team}",
            "says": ["Din registrering er ikke godkendt.", "Begrundelse: {reason}"],
        },
        "invitation": {
            "subject": "Invitation til {team}",
            "says": [
                "{by} inviterer dig til {organization} hos {team}.",
                "Vælg brugernavn og adgangskode, eller log ind, hvis du allerede har en konto.",
                "Linket virker én gang og i {lasts}.",
            ],
            "button": "Tag imod invitationen",
        },
        "user_request_received": {
            "subject": "{organization}: anmodning om en ny bruger",
            "says": ["{by} anmoder om en konto hos {organization} til {person} ({email}).", "{note}"],
            "button": "Se anmodningen",
        },
        "user_request_approved": {
            "subject": "{person} er inviteret",
            "says": ["Din anmodning er godkendt: {person} ({email}) er inviteret til {organization}."],
        },
        "user_request_rejected": {
            "subject": "Din anmodning om {person}",
            "says": ["Din anmodning om en konto til {person} hos {organization} er afslået.", "Begrundelse: {reason}"],
        },
    },
}
