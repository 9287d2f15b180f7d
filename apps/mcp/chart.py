"""The trending chart as an MCP App: an HTML page that hosts with a screen show beside get_trending's answer. Others show the answer itself."""

from __future__ import annotations

from pathlib import Path

from mcp.server.apps import Apps

CHART_URI = "ui://trending-now/chart.html"


def make_chart() -> Apps:
    """Return the extension with the chart; it asks for no outside address, so its content security policy allows none."""
    apps = Apps()
    apps.add_html_resource(
        CHART_URI,
        Path(__file__).with_name("chart.html").read_text(encoding="utf-8"),
        name="trending-chart",
        title="Trending chart",
        description="The ranking that get_trending answers, as a chart.",
        prefers_border=True,
    )
    return apps
