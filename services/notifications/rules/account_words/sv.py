"""What letters about accounts say in Swedish."""

from __future__ import annotations

from typing import Any

WORDS: dict[str, Any] = {
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
