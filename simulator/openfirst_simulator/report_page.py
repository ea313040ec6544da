"""A world's report as a page of HTML that needs nothing else: no script, and in the light or the dark as its reader has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from openfirst_simulator.report import Report, counted, dropped_words, instant

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2530; --dim: #5d6875; --paper: #fbfbf9; --card: #fff; --line: #e0e3e6;
  --good: #2c7a55; --bad: #b3372b; --bar: #dfe5e2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --dim: #9aa5b1; --paper: #14181d; --card: #1c2229;
  --line: #323b45; --good: #62c496; --bad: #f08a7d; --bar: #2c343c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; } h2 { margin: 2.2rem 0 .6rem; font-size: 1.1rem; }
p { margin: .3rem 0; } .dim { color: var(--dim); }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; margin: 1.5rem 0; }
.numbers div { padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
.numbers b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.good b { color: var(--good); } .bad b { color: var(--bad); }
.bar { height: .5rem; border-radius: .25rem; background: var(--bar); overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--good); }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); }
th, td { padding: .45rem .8rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border: 0; color: var(--dim); font-size: .85rem; font-weight: 600; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td, li { overflow-wrap: anywhere; }
code { font: .88em ui-monospace, monospace; } td code { white-space: nowrap; } q { font-style: italic; color: var(--dim); }
ul { margin: .6rem 0; padding: 0; list-style: none; columns: 19rem; } li { padding: .1rem 0; break-inside: avoid; }
"""


def as_html(report: Report) -> str:
    """A report as a page."""
    share = 100 * len(report.exercised) / report.rows if report.rows else 0
    left, faults = len(report.left_open), len(report.faults_never_hit)
    numbers = [
        _number(report.requests, "requests"),
        _number(left, "sessions left open", "bad" if left else "good"),
        _number(faults, "faults that never struck", "bad" if faults else "good"),
        _number(sum(item.count for item in report.refused), "calls refused"),
        _number(f"{share:.0f}%", "of the contract's rows"),
    ]
    parts = [
        f'<h1>World {escape(report.world)}</h1><p class="dim">{instant(report.at)}; {escape(dropped_words(report))}.</p>',
        f'<div class="numbers">{"".join(numbers)}</div>',
        _table(
            "Sessions left open",
            ("session", "external ID", "opened"),
            [(_code(item.id), escape(item.external_id or "—"), instant(item.opened)) for item in report.left_open],
        ),
        _table(
            "Refused by the contract",
            ("times", "row", "code", "rule"),
            [
                (
                    str(item.count),
                    _code(item.row),
                    _code(item.code),
                    "—" if item.rule is None else f"{_code(item.rule)}<br><q>{escape(item.quote or '')}</q>",
                )
                for item in report.refused
            ],
        ),
        _table(
            "Faults that never struck",
            ("fault", "kind", "operation", "fitted"),
            [
                (_code(item.fault), escape(item.kind), escape(item.operation or "any"), counted(item.fitted, "request"))
                for item in report.faults_never_hit
            ],
        ),
        f"<h2>Rows of the contract: {len(report.exercised)} of {report.rows} exercised</h2>"
        f'<div class="bar"><i style="width: {share:.1f}%"></i></div>',
        _rows(report.exercised.items()),
        "<h2>Never exercised</h2>",
        f"<ul>{''.join(f'<li>{_code(row)}</li>' for row in report.never)}</ul>" if report.never else _nothing(),
    ]
    head = f'<meta charset="utf-8"><title>World {escape(report.world)}</title>'
    view = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}{view}<style>{_STYLE}</style></head>\n<body>{body}</body></html>\n'


def _number(value: int | str, what: str, kind: str = "") -> str:
    shown = f"{value:,}" if isinstance(value, int) else value
    return f'<div class="{kind}"><b>{shown}</b>{escape(what)}</div>'


def _table(title: str, names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what stands in its cells is HTML already."""
    cells = ["".join(f"<td{_kind(name)}>{cell}</td>" for name, cell in zip(names, row, strict=True)) for row in rows]
    heads = "".join(f"<th{_kind(name)}>{name}</th>" for name in names)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    table = f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    return f"<h2>{title}</h2>{table if cells else _nothing()}"


def _rows(counts: Iterable[tuple[str, int]]) -> str:
    items = "".join(f'<li>{_code(row)} <span class="dim">{count:,}</span></li>' for row, count in counts)
    return f"<ul>{items}</ul>" if items else _nothing()


def _kind(name: str) -> str:
    return ' class="n"' if name == "times" else ""


def _nothing() -> str:
    return '<p class="dim">None.</p>'


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
