"""The cheapest thing Flask can do: one constant JSON answer. The floor below every request of the gateway."""

from __future__ import annotations

from flask import Flask, Response

_BODY = b'{"ok":true}'


def create_app() -> Flask:
    """The empty application; gunicorn asks for it as it asks for the gateway's."""
    app = Flask("empty", static_folder=None, template_folder=None)

    def answer() -> Response:
        return Response(_BODY, 200, content_type="application/json")

    app.add_url_rule("/", "empty", answer, methods=["GET"])
    return app
