"""The page of a search for hyper-parameters: how the best value came about, what each hyper-parameter had to do with it, and every trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from trending.models.search import SearchResult, SearchTrial
from trending.models.spaces import SPACES
from trending.reports.charts import _ACCENT, _SECOND, _SOFT, _draw, describe_chart, draw_bars
from trending.reports.page import render_cards, render_figure, render_page, render_table

_SHOWN = 15  # trials in the table


def render_search(result: SearchResult) -> str:
    """Return the page."""
    pruned = sum(one.pruned for one in result.trials)
    gain = result.best_value - result.default_value
    cards = [
        (f"{result.best_value:.4f}", f"best {result.objective}"),
        (f"{gain:+.4f}", f"over the defaults' {result.default_value:.4f}"),
        (f"{len(result.trials):,}", f"trials, {pruned:,} of them stopped early"),
        (f"{sum(one.seconds for one in result.trials):,.0f} s", "of trials"),
    ]
    rows = [(name, f"{value:.4g}", f"{result.trials[0].params[name]:.4g}") for name, value in result.best_parameters.items()]
    parts = [render_cards(cards), render_table(("hyper-parameter", "best", "default"), rows, "What was found"), *_draw_charts(result), _list_trials(result)]
    lead = f"{result.kind}, searched by Optuna (TPE; trials behind the others' median are stopped). Judged by {result.objective}; test titles had no part."
    return render_page("Search for hyper-parameters", lead, parts)


def tabulate_trials(result: SearchResult) -> pd.DataFrame:
    """Return a row per trial: kind of model, number, value, pruned, seconds, and its hyper-parameters."""
    return pd.DataFrame([{"kind": result.kind, **one.model_dump(exclude={"params"}), **one.params} for one in result.trials])


def draw_history(trials: Sequence[SearchTrial]) -> str:
    """Draw every trial's value and the best so far."""
    best = np.maximum.accumulate([-np.inf if one.pruned else one.value for one in trials])

    def paint(axes: Any) -> None:
        axes.step([one.number for one in trials], best, where="post", color=_SECOND, linewidth=2, label="best so far")
        _plot_trials(axes, [one.number for one in trials], trials)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set(xlabel="trial", ylabel="value")
        axes.legend(frameon=False, loc="lower right")

    return _draw((9, 3.4), paint)


def draw_parameter(name: str, trials: Sequence[SearchTrial], log: bool) -> str:
    """Draw one hyper-parameter of every trial against what the trial was worth."""

    def paint(axes: Any) -> None:
        if log:
            axes.set_xscale("log")
        _plot_trials(axes, [one.params[name] for one in trials], trials)
        axes.set(xlabel=f"{name}, logarithmic" if log else name, ylabel="value")

    return _draw((9, 2.6), paint)


def _plot_trials(axes: Any, across: Sequence[float], trials: Sequence[SearchTrial]) -> None:
    for pruned, mark, colour, label in ((False, "o", _ACCENT, "trial"), (True, "x", _SOFT, "stopped early, at what it had reached")):
        chosen = [(x, one.value) for x, one in zip(across, trials, strict=True) if one.pruned == pruned]
        if chosen:
            axes.plot(*zip(*chosen, strict=True), mark, color=colour, label=label)
    axes.grid(alpha=0.25)


def _draw_charts(result: SearchResult) -> list[Markup]:
    trials = result.trials
    alt = f"Values of {len(trials)} trials; the best is {result.best_value:.4f}, the default's {result.default_value:.4f}."
    found = [render_figure("How the best was found", describe_chart(draw_history(trials), alt), "Trial 0 has the defaults.")]
    if result.importances:
        names = list(result.importances)
        bars = draw_bars(names, {"importance": [result.importances[name] for name in names]})
        alt = "; ".join(f"{name} {share:.2f}" for name, share in result.importances.items())
        caption = "Share in what sets good trials apart from others (PED-ANOVA). A few dozen trials tell the large from the small, not more."
        found.append(render_figure("What mattered", describe_chart(bars, alt), caption))
    for name in result.best_parameters:
        one = SPACES[result.kind][name]
        chart = describe_chart(draw_parameter(name, trials, one.log), f"{name} of every trial against its value; best at {result.best_parameters[name]:.4g}.")
        found.append(render_figure(name, chart, f"Tried between {one.low:g} and {one.high:g}."))
    return found


def _list_trials(result: SearchResult) -> Markup:
    names = list(result.best_parameters)
    ranked = sorted(result.trials, key=lambda one: (one.pruned, -one.value))
    rows = [
        (str(one.number), f"{one.value:.4f}", "stopped early" if one.pruned else "", f"{one.seconds:.1f}", *(f"{one.params[name]:.4g}" for name in names))
        for one in ranked[:_SHOWN]
    ]
    heading = "Trials" if len(ranked) <= _SHOWN else f"The best {_SHOWN} of {len(ranked)} trials"
    return render_table(("trial", "value", "", "seconds", *names), rows, heading, best=str(ranked[0].number))
