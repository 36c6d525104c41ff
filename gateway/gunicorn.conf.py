# ruff: noqa: N999 - gunicorn's own name for this file
"""gunicorn for the gateway: ``gunicorn -c gateway/gunicorn.conf.py "gateway.app:create_app()"``."""

from __future__ import annotations

import os
from typing import Any

bind = "127.0.0.1:" + os.environ.get("CASEWORK_GATEWAY_PORT", "8400")
if "CASEWORK_GATEWAY_BIND" in os.environ:  # containers listen on every address
    bind = os.environ["CASEWORK_GATEWAY_BIND"]
wsgi_app = "gateway.app:create_app()"
workers = int(os.environ.get("CASEWORK_GATEWAY_WORKERS", "1"))
worker_class = "gevent"  # patches the process before the application is imported
worker_connections = 5000  # one per open event stream
backlog = 1024
graceful_timeout = 20
timeout = 60
keepalive = 5  # an idle connection holds a stopping worker no longer than this
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190
preload_app = False  # the broker connection belongs to the worker
control_socket_disable = True
accesslog = None  # the gateway writes its own line per request
errorlog = "-"
loglevel = "warning"
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - a heartbeat file that must not wait for a disk


def post_worker_init(worker: Any) -> None:
    """End the event streams when the worker is told to stop; they would hold it until the graceful timeout."""
    import gevent

    application = worker.wsgi
    gateway = getattr(application, "desk", None)

    def watch() -> None:
        while worker.alive:
            gevent.sleep(0.25)
        if gateway is not None:
            gateway.hub.close()

    gevent.spawn(watch)
