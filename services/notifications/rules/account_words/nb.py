"""What letters about accounts say in Norwegian."""

from __future__ import annotations

from typing import Any

WORDS: dict[str, Any] = {
    "hello": "Hei,",
    "hello_name": "Hei {name},",
    "units": ["minutt", "minutter", "time", "timer", "dag", "dager"],
    "why": "Denne e-posten ble sendt automatisk av {team}. Ingen leser svar på den.",
    "letters": {
        "password_lost": {
            "subject": "Velg et nytt passord",
            "says": [
                "Noen, sannsynligvis du, har bedt om et nytt passord til kontoen din.",
                "Brukernavnet ditt er {user_name}.",
                "Lenken virker én gang og i {lasts}.",
                "Hvis det ikke var deg, trenger du ikke gjøre noe: passordet forblir som det er.",
            ],
            "button": "Velg et nytt passord",
        },
        "password_changed": {
            "subject": "Passordet ditt er endret",
            "says": [
                "Passordet til kontoen din er endret, og du er logget ut alle andre steder.",
                "Hvis det ikke var deg, velg straks et nytt passord og si fra til administratoren.",
            ],
        },
        "email_confirm": {
            "subject": "Bekreft den nye e-postadressen din",
            "says": [
                "Noen, sannsynligvis du, vil bruke denne e-postadressen til en konto.",
                "Brukernavnet er {user_name}.",
                "Lenken virker én gang og i {lasts}. Til da gjelder den gamle adressen.",
                "Hvis det ikke var deg, trenger du ikke gjøre noe.",
            ],
            "button": "Bekreft adressen",
        },
        "email_changed": {
            "subject": "E-postadressen din er endret",
            "says": [
                "E-postadressen til kontoen din er nå {email}. E-post sendes dit fra nå av.",
                "Hvis det ikke var deg, si straks fra til administratoren.",
            ],
        },
        "second_factor_removed": {
            "subject": "Den andre faktoren din er fjernet",
            "says": [
                "En driftsansvarlig har fjernet den andre faktoren på kontoen din, og du er logget ut alle steder.",
                "Hvis du ikke har bedt om det, velg straks et nytt passord og si fra til administratoren.",
            ],
        },
        "registration_received": {
            "subject": "Bekreft e-postadressen din hos {team}",
            "says": [
                "Noen, sannsynligvis du, har søkt om en konto hos {team} med denne e-postadressen.",
                "Bekreft adressen, så søknaden kan behandles. Lenken virker i {lasts}.",
                "Hvis det ikke var deg, trenger du ikke gjøre noe: ingen konto blir opprettet.",
            ],
            "button": "Bekreft adressen",
        },
        "registration_waiting": {
            "subject": "Noen søker om en konto hos {team}",
            "says": [
                "Noen med e-postadressen {email} søker om en konto hos {team}.",
                "Se på søknaden, og godkjenn eller avslå den.",
            ],
            "button": "Se søknadene",
        },
        "registration_approved": {
            "subject": "Registreringen din hos {team} er godkjent",
            "says": [
                "Registreringen din er godkjent, og innloggingen din er klar.",
                "Brukernavnet ditt er {user_name}. Passordet er det du valgte da du registrerte deg.",
                "Du hører til {organization}.",
            ],
            "button": "Logg inn",
        },
        "registration_rejected": {
            "subject": "Registreringen din hos {team}",
            "says": ["Registreringen din ble ikke godkjent.", "Begrunnelse: {reason}"],
        },
        "invitation": {
            "subject": "Invitasjon til {team}",
            "says": [
                "{by} inviterer deg til {organization} hos {team}.",
                "Velg brukernavn og passord, eller logg inn hvis du allerede har en konto.",
                "Lenken virker én gang og i {lasts}.",
            ],
            "button": "Godta invitasjonen",
        },
        "user_request_received": {
            "subject": "{organization}: forespørsel om ny bruker",
            "says": ["{by} ber om en konto hos {organization} for {person} ({email}).", "{note}"],
            "button": "Se forespørselen",
        },
        "user_request_approved": {
            "subject": "{person} er invitert",
            "says": ["Forespørselen din er godkjent: {person} ({email}) er invitert til {organization}."],
        },
        "user_request_rejected": {
            "subject": "Forespørselen din om {person}",
            "says": ["Forespørselen om en konto for {person} hos {organization} ble avslått.", "Begrunnelse: {reason}"],
        },
    },
}
