"""The programs of Casework on this machine: what runs, on which ports, with which environment."""

import os
import sys
from typing import TYPE_CHECKING

from deploy.local.home import CHECKOUT, SetupError
from deploy.local.ports import MOST_INSTANCES, SERVICES

if TYPE_CHECKING:
    from deploy.local.stack import Stack

PROGRAMS = (*SERVICES, "gateway", "mailroom")
MAIL_DOMAIN = "mail.casework.test"
OPERATOR = "operator"


def instances(program: str) -> int:
    """How many processes `SCALE_<PROGRAM>` asks for (default 1; services only)."""
    text = os.environ.get(f"SCALE_{program.upper()}") or "1"
    if not text.isdecimal() or not 1 <= int(text) <= MOST_INSTANCES:
        raise SetupError(f"SCALE_{program.upper()} must be a number from 1 to {MOST_INSTANCES}, not {text!r}.")
    return int(text) if program in SERVICES else 1


def argv(program: str) -> tuple[str, ...]:
    """How one program is started. The interpreter is ours: `python` may be a shim of another version."""
    if program == "gateway":
        return (sys.executable, "-m", "gunicorn", "-c", "gateway/gunicorn.conf.py", "gateway.app:create_app()")
    if program == "mailroom":
        return (sys.executable, "-m", "gateway.mailroom")
    return (sys.executable, "-m", f"services.{program}", "--role", "all")


def environment(stack: "Stack", program: str, index: int = 0) -> dict[str, str]:
    """The variables of one program, without anything of the calling shell. Raises SetupError for unknown programs."""
    if program not in PROGRAMS:
        raise SetupError(f"There is no program {program!r}; there are {', '.join(PROGRAMS)}.")
    ports = stack.ports
    found = {
        "CASEWORK_LOG_FORMAT": "console",
        "CASEWORK_LOG_LEVEL": os.environ.get("CASEWORK_LOG_LEVEL", "INFO"),
        "CASEWORK_HEALTH_PORT": str(ports.health(program, index)),
        "CASEWORK_PUBLIC_URL": stack.public_url,
        "CASEWORK_AMQP_URL": stack.amqp_url(program),
        "PYTHONUNBUFFERED": "1",
    }
    if program in SERVICES:
        found |= {"CASEWORK_DATABASE_URL": stack.database_url(program), "CASEWORK_WORKERS": "10"}
    if program in ("accounts", "cases", "notifications", "gateway"):
        found["CASEWORK_SECRET_KEY"] = stack.secrets.secret_key
    return found | _special(stack, program)


def _special(stack: "Stack", program: str) -> dict[str, str]:
    """What only one program needs."""
    ports, secrets = stack.ports, stack.secrets
    if program == "accounts":
        return {
            "CASEWORK_OPERATOR_NAME": OPERATOR,
            "CASEWORK_OPERATOR_PASSWORD": secrets.operator_password,
        }
    if program == "files":
        s3 = stack.s3
        return {
            "CASEWORK_S3_ENDPOINT": s3.endpoint,
            "CASEWORK_S3_PUBLIC_URL": s3.endpoint,
            "CASEWORK_S3_ACCESS_KEY": s3.access_key,
            "CASEWORK_S3_SECRET_KEY": s3.secret_key,
            "CASEWORK_S3_BUCKET": s3.bucket,
        }
    if program == "notifications":
        return {
            "CASEWORK_SMTP_URL": f"smtp://127.0.0.1:{ports.smtp_sink}",
            "CASEWORK_MAIL_DOMAIN": MAIL_DOMAIN,
        }
    if program == "gateway":
        return {"CASEWORK_GATEWAY_PORT": str(ports.gateway)}
    if program == "mailroom":
        return {"CASEWORK_MAILROOM_PORT": str(ports.mailroom), "CASEWORK_MAIL_DOMAIN": MAIL_DOMAIN}
    return {}


def demo_environment(stack: "Stack") -> dict[str, str]:
    """The variables of `python -m deploy.demo`."""
    return {
        "CASEWORK_URL": stack.public_url,
        "CASEWORK_OPERATOR_NAME": OPERATOR,
        "CASEWORK_OPERATOR_PASSWORD": stack.secrets.operator_password,
        "CASEWORK_SMTP_SINK_API": f"http://127.0.0.1:{stack.ports.mail_page}",
        "CASEWORK_MAILROOM": f"127.0.0.1:{stack.ports.mailroom}",
        "CASEWORK_DEMO_LOGINS": str(stack.home.path / "demo-logins.json"),
        "PYTHONUNBUFFERED": "1",
    }


def with_shell(found: dict[str, str]) -> dict[str, str]:
    """The environment of a child: the shell's, without its CASEWORK_ and SCALE_ variables, plus ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CASEWORK_", "SCALE_", "PG"))}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, [str(CHECKOUT), kept.get("PYTHONPATH")])), **found}
