"""The matrix for people (``build/isolation.html``) and for programs (``build/isolation.json``)."""

from __future__ import annotations

import dataclasses
import html
from datetime import UTC, datetime
from pathlib import Path

import orjson

from tests.security.matrix import Row, Try

STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d8dce2, #3a4048); --quiet: light-dark(#5b6470, #9aa4b0); }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 86rem; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem } p { margin: .3rem 0; max-width: 70ch } .quiet { color: var(--quiet) }
.legend { display: flex; flex-wrap: wrap; gap: .6rem 1.4rem; margin: 1.2rem 0 }
.chip { display: inline-block; min-width: 3.1rem; text-align: center; padding: .05rem .4rem; border-radius: .3rem;
  font-variant-numeric: tabular-nums }
.shut { background: light-dark(#dcefe1, #1d4429) } .gone { background: light-dark(#dbe7f7, #1f3a5c) }
.open { background: light-dark(#eceef1, #2c3138) } .bad { background: #c62828; color: #fff; font-weight: 600 }
table { border-collapse: collapse; width: 100% } thead th { position: sticky; top: 0; background: Canvas; z-index: 1 }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top }
thead th { font-weight: 600; font-size: .85rem } td:first-child { white-space: nowrap }
code { font: 13px/1.5 ui-monospace, monospace } summary { cursor: pointer } details table { margin: .4rem 0 .6rem }
details td { border: 0; padding: .05rem .9rem .05rem 0; font-size: .85rem }
tr.broken > td:first-child { color: #c62828 }
""".strip()


def write(rows: list[Row], canaries: dict[str, str], into: Path) -> None:
    """Both files, below ``into``."""
    into.mkdir(exist_ok=True)
    tries = [one for row in rows for one in row.tries]
    told = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "routes": len(rows),
        "tries": len(tries),
        "wrong": sum(bool(one.wrong) for one in tries),
        "canaries": sorted(canaries.values()),
        "rows": [dataclasses.asdict(row) for row in rows],
    }
    (into / "isolation.json").write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    (into / "isolation.html").write_text(_page(rows, told), encoding="utf-8")


def _page(rows: list[Row], told: dict[str, object]) -> str:
    callers = list(dict.fromkeys(one.caller for row in rows for one in row.tries))
    head = "".join(f"<th>{html.escape(caller)}</th>" for caller in callers)
    body = "\n".join(_row(row, callers) for row in rows)
    outcome = "nothing got through" if not told["wrong"] else f"{told['wrong']} tries went wrong"
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Isolation matrix</title>
<meta name="viewport" content="width=device-width"><style>{STYLE}</style>
<h1>Isolation matrix: {outcome}</h1>
<p>Two companies, A and B, are customers of one team. Everybody in the columns tries every route with what belongs to B,
and again with something that does not exist. He must not see a difference, and B must be as it was before.</p>
<p class="quiet">{told["routes"]} routes, {told["tries"]} tries, {told["made_at"]}.
A click on a route shows each try.</p>
<div class="legend"><span><span class="chip shut">401</span> not let in</span>
<span><span class="chip gone">404 =</span> refused, and the same answer as for a missing thing</span>
<span><span class="chip open">200</span> answered, from his own world only; nothing of B was asked for or told</span>
<span><span class="chip bad">200</span> something of B was told or changed, or told apart from nothing</span></div>
<table><thead><tr><th>route</th><th>open to</th>{head}</tr></thead><tbody>
{body}
</tbody></table></html>
"""


def _row(row: Row, callers: list[str]) -> str:
    cells = "".join(f"<td>{_cell([one for one in row.tries if one.caller == caller])}</td>" for caller in callers)
    lines = "".join(
        f"<tr><td>{html.escape(one.caller)}</td><td>{one.asked}</td><td>{_chip(one)}</td><td>{html.escape(one.code)}</td>"
        f"<td>{html.escape('; '.join(one.wrong))}</td></tr>"
        for one in row.tries
    )
    broken = ' class="broken"' if row.wrong else ""
    return (
        f"<tr{broken}><td><details><summary><code>{html.escape(row.route)}</code></summary><table>{lines}</table></details>"
        f"</td><td>{row.allow.replace('_', ' ')}</td>{cells}</tr>"
    )


def _cell(tries: list[Try]) -> str:
    """The most telling try: a wrong one, else the first (foreign before own)."""
    chosen = next((one for one in tries if one.wrong), tries[0] if tries else None)
    return _chip(chosen) if chosen else ""


def _chip(one: Try) -> str:
    kind = "bad" if one.wrong else "shut" if one.status == 401 else "gone" if one.status >= 400 else "open"
    return f'<span class="chip {kind}">{one.verdict}</span>'
