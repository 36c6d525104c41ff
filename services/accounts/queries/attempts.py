"""Reading what is counted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from services.accounts.tables import attempts


def steps() -> Select[Any]:
    """Rows of ``attempts`` out of the parameters ``counters``, ``steps`` and ``untils``, in their order."""
    columns = {"counters": attempts.c.counter, "steps": attempts.c.times, "untils": attempts.c.until}
    given = [bindparam(name, type_=ARRAY(column.type)) for name, column in columns.items()]
    rows = func.unnest(*given).table_valued("counter", "times", "until").render_derived()
    return select(rows.c.counter, rows.c.times, rows.c.until)
