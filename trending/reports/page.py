"""The frame of every report: one template, one style, everything inline so that the page works from any artifact store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

_TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title><style>
:root{--ink:#1c2330;--soft:#667085;--line:#e4e7ec;--accent:#3457d5;--ground:#fff;--tint:#f5f7ff}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1040px;margin:0 auto;padding:28px 24px 48px}h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:32px 0 8px}
p.lead{color:var(--soft);margin:0 0 20px;max-width:72ch}.note{background:#fff7e6;border-left:4px solid #e8a317;padding:10px 14px;border-radius:4px;margin:12px 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(230px,1fr));gap:12px}.card{border:1px solid var(--line);border-radius:10px;padding:12px 16px;background:var(--tint)}
.card b{display:block;font-size:22px;font-variant-numeric:tabular-nums}.card span{color:var(--soft);font-size:13px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{padding:5px 10px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th{color:var(--soft);font-weight:600;white-space:normal;vertical-align:bottom}th:first-child,td:first-child{text-align:left}tr.best td{background:var(--tint);font-weight:600}
table.prose th,table.prose td{text-align:left;white-space:normal;vertical-align:top}
figure{margin:8px 0;overflow-x:auto}svg{max-width:100%;min-width:320px;height:auto}figcaption{color:var(--soft);font-size:13px}.scroll{overflow-x:auto}
</style></head><body><main><h1>{{ title }}</h1><p class="lead">{{ lead }}</p>
{% for note in notes %}<div class="note">{{ note }}</div>{% endfor %}{% for part in parts %}{{ part }}{% endfor %}
</main></body></html>"""

_ENVIRONMENT = Environment(autoescape=True, undefined=StrictUndefined)
_PAGE = _ENVIRONMENT.from_string(_TEMPLATE)
_CARDS = _ENVIRONMENT.from_string(
    '<div class="cards">{% for value, label in cards %}<div class="card"><b>{{ value }}</b><span>{{ label }}</span></div>{% endfor %}</div>'
)
_TABLE = _ENVIRONMENT.from_string(
    '{% if heading %}<h2>{{ heading }}</h2>{% endif %}<div class="scroll"><table{% if prose %} class="prose"{% endif %}><thead><tr>{% for cell in header %}<th>{{ cell }}</th>{% endfor %}</tr></thead><tbody>'
    '{% for row in rows %}<tr{% if row[0] == best %} class="best"{% endif %}>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</tbody></table></div>'
)
_FIGURE = _ENVIRONMENT.from_string("<h2>{{ heading }}</h2><figure>{{ svg }}<figcaption>{{ caption }}</figcaption></figure>")


def render_page(title: str, lead: str, parts: Iterable[Markup], notes: Sequence[str] = ()) -> str:
    """Return a whole page; everything but `parts` is escaped."""
    return _PAGE.render(title=title, lead=lead, parts=list(parts), notes=notes)


def render_cards(cards: Iterable[tuple[Any, str]]) -> Markup:
    """Return a row of figures with their labels."""
    return Markup(_CARDS.render(cards=list(cards)))


def render_table(header: Sequence[str], rows: Iterable[Sequence[Any]], heading: str = "", best: str | None = None, prose: bool = False) -> Markup:
    """Return a table; whole numbers get thousands separators, the row whose first cell is `best` is marked, and `prose` is for cells of sentences."""
    shown = [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in rows]
    return Markup(_TABLE.render(header=header, rows=shown, heading=heading, best=best, prose=prose)) if shown else Markup("")


def render_figure(heading: str, svg: str, caption: str) -> Markup:
    """Return a chart (an SVG made by `trending.reports.charts`) with its caption."""
    return Markup(_FIGURE.render(heading=heading, svg=Markup(svg), caption=caption))
