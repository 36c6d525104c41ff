"""Run CPU-heavy work (argon2, unzip, image work) beside the event loop, so that it never stalls other requests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def offload(do: Callable[..., T], *values: Any) -> T:
    """Call ``do(*values)`` in a real thread when this process runs on eventlet, plainly otherwise."""
    patcher = sys.modules.get("eventlet.patcher")
    if patcher is None or not patcher.is_monkey_patched("thread"):
        return do(*values)
    from eventlet import tpool

    return tpool.execute(do, *values)  # type: ignore[no-any-return]
