"""The first thing a newcomer reads when everything runs: addresses, logins, one line to try."""

import json
import shlex
from pathlib import Path

from deploy.local.stack import Stack


def logins_path(stack: Stack) -> Path:
    """The file that the demo writes: a list of {"team", "user_name", "password", "role"}."""
    return stack.home.path / "demo-logins.json"


def logins(stack: Stack) -> list[dict[str, str]]:
    """The demo's logins; none if it has not run."""
    try:
        found = json.loads(logins_path(stack).read_text())
    except (OSError, ValueError):
        return []
    return [entry for entry in found if {"team", "user_name", "password", "role"} <= entry.keys()]


def text(stack: Stack) -> str:
    """The whole page of text."""
    url = stack.public_url
    lines = [
        "",
        f"Casework is running:   API   {url}",
        f"                       docs  {url}/docs",
        f"                       mail  {stack.mail_api}   (every mail that Casework sends)",
        f"                       mail in: SMTP on 127.0.0.1:{stack.ports.mailroom}",
        "",
    ]
    found = logins(stack)
    if found:
        columns = ("team", "role", "user_name", "password")
        wide = {name: max(len(name), *(len(entry[name]) for entry in found)) for name in columns}
        lines.append("Demo logins:  " + "  ".join(name.ljust(wide[name]) for name in columns).rstrip())
        lines += ["              " + "  ".join(entry[name].ljust(wide[name]) for name in columns) for entry in found]
        lines += ["", "Try:"]
        body = {"login": found[0]["user_name"], "password": found[0]["password"]}
        lines.append(
            f"  curl -s {url}/v1/sessions -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(body))}"
        )
    else:
        lines += ["Try:", f"  curl -s {url}/readyz"]
    return "\n".join([*lines, ""])
