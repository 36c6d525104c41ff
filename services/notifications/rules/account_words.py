"""What letters about accounts say. A sentence that names a word nobody gave is left out of the letter."""

from __future__ import annotations

from typing import Any

_EN: dict[str, Any] = {
    "hello": "Hello,",
    "hello_name": "Hello {name},",
    "units": ["minute", "minutes", "hour", "hours", "day", "days"],
    "why": "This mail was sent automatically by {team}. Nobody reads answers to it.",
    "letters": {
        "password_lost": {
            "subject": "Choose a new password",
            "says": [
                "Somebody, probably you, asked for a new password for your account.",
                "Your user name is {user_name}.",
                "The link works once and for {lasts}.",
                "If it was not you, do nothing: your password stays as it is.",
            ],
            "button": "Choose a new password",
        },
        "password_changed": {
            "subject": "Your password was changed",
            "says": [
                "The password of your account was changed, and you were signed out everywhere else.",
                "If it was not you, choose a new password at once and tell your administrator.",
            ],
        },
        "email_confirm": {
            "subject": "Confirm your new e-mail address",
            "says": [
                "Somebody, probably you, wants to use this e-mail address for an account.",
                "The user name is {user_name}.",
                "The link works once and for {lasts}. Until then the old address counts.",
                "If it was not you, do nothing.",
            ],
            "button": "Confirm the address",
        },
        "email_changed": {
            "subject": "Your e-mail address was changed",
            "says": [
                "The e-mail address of your account is {email} now. Mail comes there from now on.",
                "If it was not you, tell your administrator at once.",
            ],
        },
        "second_factor_removed": {
            "subject": "Your second factor was removed",
            "says": [
                "An operator removed the second factor of your account, and you were signed out everywhere.",
                "If you did not ask for that, choose a new password at once and tell your administrator.",
            ],
        },
        "registration_received": {
            "subject": "Confirm your e-mail address for {team}",
            "says": [
                "Somebody, probably you, asked for an account at {team} with this e-mail address.",
                "Confirm the address, so that the application can be looked at. The link works for {lasts}.",
                "If it was not you, do nothing: no account is made.",
            ],
            "button": "Confirm the address",
        },
        "registration_waiting": {
            "subject": "Somebody applies for an account at {team}",
            "says": [
                "Somebody with the e-mail address {email} applies for an account at {team}.",
                "Look at the application, and approve or reject it.",
            ],
            "button": "Look at the applications",
        },
        "registration_approved": {
            "subject": "Your registration at {team} is approved",
            "says": [
                "Your registration was approved and your login data is configured.",
                "Your user name is {user_name}. Your password is the one you chose when you registered.",
                "You belong to {organization}.",
            ],
            "button": "Sign in",
        },
        "registration_rejected": {
            "subject": "Your registration at {team}",
            "says": ["Your registration was not approved.", "Reason: {reason}"],
        },
        "invitation": {
            "subject": "Invitation to {team}",
            "says": [
                "{by} invites you to join {organization} at {team}.",
                "Choose your user name and password, or sign in when you have an account already.",
                "The link works once and for {lasts}.",
            ],
            "button": "Accept the invitation",
        },
        "user_request_received": {
            "subject": "{organization}: a new user is asked for",
            "says": ["{by} asks for an account at {organization} for {person} ({email}).", "{note}"],
            "button": "Look at the request",
        },
        "user_request_approved": {
            "subject": "{person} is invited",
            "says": ["Your request was approved: {person} ({email}) is invited to {organization}."],
        },
        "user_request_rejected": {
            "subject": "Your request for {person}",
            "says": ["Your request for an account for {person} at {organization} was rejected.", "Reason: {reason}"],
        },
    },
}
_SV: dict[str, Any] = {
    "hello": "Hej,",
    "hello_name": "Hej {name},",
    "units": ["minut", "minuter", "timme", "timmar", "dag", "dagar"],
    "why": "Det här mejlet skickades automatiskt av {team}. Ingen läser svar på det.",
    "letters": {
        "password_lost": {
            "subject": "Välj ett nytt lösenord",
            "says": [
                "Någon, troligen du, har bett om ett nytt lösenord till ditt konto.",
                "Ditt användarnamn är {user_name}.",
                "Länken fungerar en gång och i {lasts}.",
                "Om det inte var du behöver du inte göra något: ditt lösenord förblir som det är.",
            ],
            "button": "Välj ett nytt lösenord",
        },
        "password_changed": {
            "subject": "Ditt lösenord har ändrats",
            "says": [
                "Lösenordet till ditt konto har ändrats, och du har loggats ut överallt annars.",
                "Om det inte var du, välj genast ett nytt lösenord och säg till din administratör.",
            ],
        },
        "email_confirm": {
            "subject": "Bekräfta din nya e-postadress",
            "says": [
                "Någon, troligen du, vill använda den här e-postadressen till ett konto.",
                "Användarnamnet är {user_name}.",
                "Länken fungerar en gång och i {lasts}. Till dess gäller den gamla adressen.",
                "Om det inte var du behöver du inte göra något.",
            ],
            "button": "Bekräfta adressen",
        },
        "email_changed": {
            "subject": "Din e-postadress har ändrats",
            "says": [
                "E-postadressen till ditt konto är nu {email}. Mejl skickas dit från och med nu.",
                "Om det inte var du, säg genast till din administratör.",
            ],
        },
        "second_factor_removed": {
            "subject": "Din andra faktor har tagits bort",
            "says": [
                "En driftansvarig har tagit bort den andra faktorn för ditt konto, och du har loggats ut överallt.",
                "Om du inte har bett om det, välj genast ett nytt lösenord och säg till din administratör.",
            ],
        },
        "registration_received": {
            "subject": "Bekräfta din e-postadress hos {team}",
            "says": [
                "Någon, troligen du, har ansökt om ett konto hos {team} med den här e-postadressen.",
                "Bekräfta adressen så att ansökan kan behandlas. Länken fungerar i {lasts}.",
                "Om det inte var du behöver du inte göra något: inget konto skapas.",
            ],
            "button": "Bekräfta adressen",
        },
        "registration_waiting": {
            "subject": "Någon ansöker om ett konto hos {team}",
            "says": [
                "Någon med e-postadressen {email} ansöker om ett konto hos {team}.",
                "Se ansökan och godkänn eller avslå den.",
            ],
            "button": "Se ansökningarna",
        },
        "registration_approved": {
            "subject": "Din registrering hos {team} är godkänd",
            "says": [
                "Din registrering har godkänts och dina inloggningsuppgifter är klara.",
                "Ditt användarnamn är {user_name}. Lösenordet är det du valde när du registrerade dig.",
                "Du tillhör {organization}.",
            ],
            "button": "Logga in",
        },
        "registration_rejected": {
            "subject": "Din registrering hos {team}",
            "says": ["Din registrering har inte godkänts.", "Skäl: {reason}"],
        },
        "invitation": {
            "subject": "Inbjudan till {team}",
            "says": [
                "{by} bjuder in dig till {organization} hos {team}.",
                "Välj användarnamn och lösenord, eller logga in om du redan har ett konto.",
                "Länken fungerar en gång och i {lasts}.",
            ],
            "button": "Tacka ja till inbjudan",
        },
        "user_request_received": {
            "subject": "{organization}: begäran om ny användare",
            "says": ["{by} begär ett konto hos {organization} för {person} ({email}).", "{note}"],
            "button": "Se begäran",
        },
        "user_request_approved": {
            "subject": "{person} är inbjuden",
            "says": ["Din begäran har godkänts: {person} ({email}) är inbjuden till {organization}."],
        },
        "user_request_rejected": {
            "subject": "Din begäran om {person}",
            "says": ["Din begäran om ett konto för {person} hos {organization} har avslagits.", "Skäl: {reason}"],
        },
    },
}
_NB: dict[str, Any] = {
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
_DA: dict[str, Any] = {
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
WORDS: dict[str, dict[str, Any]] = {"en": _EN, "sv": _SV, "nb": _NB, "da": _DA}
