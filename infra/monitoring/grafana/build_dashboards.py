"""Writes `dashboards/*.json`, which Grafana provisions, from the panels listed here.

    python -m venv /path/of/your/choice && /path/of/your/choice/bin/pip install "grafana-foundation-sdk==1769699998!10.1.0"
    /path/of/your/choice/bin/python infra/monitoring/grafana/build_dashboards.py [FOLDER]

It needs nothing of the project's, and the project nothing of it: the files are committed.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import VizOrientation
from grafana_foundation_sdk.models.dashboard import DataSourceRef

FOLDER = Path(__file__).with_name("dashboards")
SOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")
PROBES = 'route!~"/health|/ready|/metrics"'


@dataclass(frozen=True)
class Panel:
    """A panel: what it asks (a query, or several with what each is called) and how wide it is, of 24."""

    title: str
    about: str
    queries: Sequence[tuple[str, str]]
    unit: str = "short"
    width: int = 8
    single: bool = False


SERVICE = {
    "Now": [
        Panel("Release", "The release being served.", [("trending_release_info", "{{version}} ({{model_kind}})")], width=8, single=True),
        Panel("Release age", "Alarms beyond 14 days.", [("min(trending_release_age_seconds)", "")], "s", 4, single=True),
        Panel("Data age", "Since the last day that trends know of; alarms beyond 7 days.", [("min(trending_data_age_seconds)", "")], "s", 4, single=True),
        Panel("Failing requests", "5xx; alarms beyond 1 %.", [("trending:http_errors:ratio5m", "")], "percentunit", 4, single=True),
        Panel("Slowest 1 %", "REST but for insights; alarms beyond 1 s.", [("trending:http_request_seconds:p99_5m", "")], "s", 4, single=True),
    ],
    "Requests": [
        Panel("Requests by route", "Answers a second.", [("trending:http_requests:rate5m", "{{route}}")], "reqps"),
        Panel("Requests by status", "Answers a second.", [(f"sum by (status) (rate(trending_http_requests_total{{{PROBES}}}[5m]))", "{{status}}")], "reqps"),
        Panel("In flight", "Requests being answered.", [("sum(trending_http_requests_in_flight)", "in flight")]),
        Panel(
            "Time to answer",
            "REST but for insights, which may wait for a language model.",
            [("trending:http_request_seconds:p50_5m", "half"), ("trending:http_request_seconds:p99_5m", "99 %")],
            "s",
        ),
        Panel(
            "Time to answer by route",
            "99 % of the answers take at most so long.",
            [(f"histogram_quantile(0.99, sum by (le, route) (rate(trending_http_request_seconds_bucket{{{PROBES}}}[5m])))", "{{route}}")],
            "s",
        ),
        Panel("Texts scored", "A second, over REST.", [("sum(rate(trending_texts_scored_total[5m]))", "texts")]),
        Panel(
            "Genres predicted",
            "Each genre's part; a sudden change means other texts, or another model.",
            [
                (
                    "sum by (genre) (rate(trending_genres_predicted_total[1h])) / on () group_left () (sum(rate(trending_genres_predicted_total[1h])) > 0)",
                    "{{genre}}",
                )
            ],
            "percentunit",
            24,
        ),
    ],
    "Assistants": [
        Panel("Tool calls", "A second, MCP and chat.", [("sum by (tool) (rate(trending_mcp_tool_calls_total[5m]))", "{{tool}}")]),
        Panel(
            "Tool calls by outcome",
            "refused: the caller had it wrong; failed: we did.",
            [("sum by (outcome) (rate(trending_mcp_tool_calls_total[5m]))", "{{outcome}}")],
        ),
        Panel(
            "Time of tools",
            "95 % of the calls take at most so long.",
            [("histogram_quantile(0.95, sum by (le, tool) (rate(trending_mcp_tool_seconds_bucket[5m])))", "{{tool}}")],
            "s",
        ),
    ],
    "Language model": [
        Panel("Calls", "A second, by outcome.", [("sum by (model, outcome) (rate(trending_llm_calls_total[5m]))", "{{model}}: {{outcome}}")], width=6),
        Panel("Cost", "US dollars in the last hour; alarms beyond 1.", [("trending:llm_cost_usd:increase1h", "cost")], "currencyUSD", 6),
        Panel(
            "Time of calls",
            "95 % of the calls take at most so long.",
            [("histogram_quantile(0.95, sum by (le, model) (rate(trending_llm_call_seconds_bucket[5m])))", "{{model}}")],
            "s",
            6,
        ),
        Panel(
            "Fallbacks",
            "Answers that rules gave instead, in the last hour.",
            [("sum by (task) (increase(trending_llm_fallbacks_total[1h]))", "{{task}}")],
            width=6,
        ),
        Panel("Tokens", "In the last hour.", [("sum by (model) (increase(trending_llm_tokens_total[1h]))", "{{model}}")], width=24),
    ],
    "Process": [
        Panel("Memory", "Resident.", [("process_resident_memory_bytes", "{{instance}}")], "bytes"),
        Panel("Processor", "Cores in use.", [("rate(process_cpu_seconds_total[5m])", "{{instance}}")]),
        Panel("Open files", "And sockets.", [("process_open_fds", "{{instance}}")]),
    ],
}


def build_panel(panel: Panel) -> timeseries.Panel | stat.Panel:
    """Return a panel's builder."""
    built = stat.Panel().orientation(VizOrientation.AUTO) if panel.single else timeseries.Panel().min(0)
    built = built.title(panel.title).description(panel.about).unit(panel.unit).datasource(SOURCE).span(panel.width).height(4 if panel.single else 7)
    if panel.title == "Release":  # what it says is its label
        built = built.text_mode("name")
    for number, (expression, legend) in enumerate(panel.queries):
        query = prometheus.Dataquery().expr(expression).ref_id(chr(ord("A") + number))
        query = query.instant() if panel.single else query.range()
        built = built.with_target(query.legend_format(legend) if legend else query)
    return built


def build_dashboard() -> str:
    """Return the service's dashboard as JSON."""
    board = dashboard.Dashboard("Trending Now: service").uid("trending-now-service").tags(["trending-now"]).refresh("30s").time("now-3h", "now").readonly()
    numbers = itertools.count(1)
    for row, panels in SERVICE.items():
        board = board.with_row(dashboard.Row(row).id(next(numbers)))
        for panel in panels:
            board = board.with_panel(build_panel(panel).id(next(numbers)))
    return JSONEncoder(sort_keys=True, indent=1).encode(board.build()) + "\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    (folder / "service.json").write_text(build_dashboard(), encoding="utf-8")
