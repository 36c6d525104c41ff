"""`python -m deploy.envfile > deploy/.env`: the environment of compose.yaml with fresh secrets."""

import base64
import secrets
from pathlib import Path

EXAMPLE = Path(__file__).with_name(".env.example")
KNOWN = {
    "PUBLIC_URL": "http://127.0.0.1:8400",
    "MAIL_DOMAIN": "mail.casework.test",
    "OPERATOR_NAME": "operator",
}


def filled(line: str) -> str:
    """One line of the example with its value; lines that already say something stay."""
    name, sign, value = line.partition("=")
    if line.startswith("#") or not sign or value:
        return line
    if name == "SECRET_KEY":
        return f"{name}={base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}"
    if name.endswith(("_PASSWORD", "_KEY")):
        return f"{name}={secrets.token_urlsafe(24)}"
    return f"{name}={KNOWN.get(name, '')}"


def main() -> None:
    """Print the file. What only a person can know stays empty, and compose refuses to start without it."""
    for line in EXAMPLE.read_text().splitlines():
        print(filled(line))


if __name__ == "__main__":
    main()
