"""What letters about accounts say in English."""

from __future__ import annotations

from typing import Any

WORDS: dict[str, Any] = {
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
