"""Exploratory data analysis of a data version: facts counted once, then shown as a page or as Markdown.

Nothing here judges the data: gates are in `trending.validation`.
"""

from trending.reports.eda.describe import describe_tables
from trending.reports.eda.facts import EdaFacts
from trending.reports.eda.render import render_eda, render_eda_markdown

__all__ = ["EdaFacts", "describe_tables", "render_eda", "render_eda_markdown"]
