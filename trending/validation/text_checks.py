"""The report on plots or reviews as texts: copies, boilerplate, special characters, and texts that stand out.

Two of deepchecks' text checks are left out: unknown tokens need a tokenizer from a hub, and under-annotated segments fail on data that are annotated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pandas as pd
from markupsafe import Markup

from trending.cleaning.text import plot_key
from trending.features.labels import encode_genres
from trending.reports.charts import draw_bars
from trending.reports.page import render_figure, render_table
from trending.validation.compat import import_deepchecks
from trending.validation.outcomes import Plan
from trending.validation.projection import need_rows
from trending.validation.sampling import sample_frame
from trending.validation.settings import CheckSettings, TextChecks
from trending.validation.suite_report import SuiteReport, SuiteRun
from trending.validation.text_properties import measure_texts

_MAX_CHARS = 2_000  # deepchecks pads every text to the longest: at 20,000 characters 5,000 of them would take 400 MB
_BOILERPLATE_ROWS = 2_000
_MIN_COPIES = 5  # of a phrase: a twentieth of twenty texts is one of them
_WHERE = {"plots": "plot", "reviews": "text"}


def check_texts(table: pd.DataFrame, kind: Literal["plots", "reviews"], settings: CheckSettings, total: int | None = None) -> SuiteReport:
    """Check the plots of titles, or the texts of reviews; rows without one are left out.

    Args:
        table: Clean titles or reviews, or a sample of them by text (`trending.validation.sampling.sample_files`).
        kind: Which of the two.
        settings: Conditions, and how many texts are looked at.
        total: How many texts there are, where `table` is a sample.

    Raises:
        InputError: If there are no texts.
    """
    column = _WHERE[kind]
    filled = table[table[column].notna()]
    need_rows(filled, kind)
    rows = sample_frame(filled, filled[column].map(plot_key), settings.sample, settings.seed)
    properties = measure_texts(list(rows[column]))
    run = SuiteRun("texts", settings)
    labels = {"label": encode_genres(rows["genres"]), "task_type": "text_classification"} if kind == "plots" else {}
    data = _read_texts(rows[column], **labels)
    data.set_properties(properties, categorical_properties=["language"])
    run.run("nlp", list(_plan_texts(kind, settings.texts)), data)
    # Given more texts than it samples, the check fails as soon as it finds something.
    some = sample_frame(rows, rows[column].map(plot_key), _BOILERPLATE_ROWS, settings.seed)
    run.run("nlp", [_plan_boilerplate(settings.texts)], _read_texts(some[column]))
    lead = f"{len(rows):,} of {total or len(filled):,} {kind}, chosen so that copies come along with each other."
    facts = [(f"{len(rows):,}", f"{kind} looked at"), (f"{properties['characters'].median():,.0f}", "characters in the median")]
    return run.report(f"Texts of {kind}", lead, facts, [*_draw_outliers(run, settings.texts), _tabulate(properties), _list_languages(properties)], [])


def _read_texts(texts: pd.Series, **labels: Any) -> Any:
    return import_deepchecks("nlp").TextData([text[:_MAX_CHARS] for text in texts], **labels)


def _plan_texts(kind: str, wanted: TextChecks) -> Iterator[Plan]:
    checks = import_deepchecks("nlp.checks")
    # Stop words would be fetched from the network.
    yield Plan(
        "duplicates",
        "Texts that repeat another but for case and punctuation.",
        checks.TextDuplicates(remove_stopwords=False).add_condition_ratio_less_or_equal(wanted.max_duplicates),
    )
    if kind == "plots":
        yield Plan(
            "conflicts",
            "The same plot under different genres.",
            checks.ConflictingLabels(remove_stopwords=False).add_condition_ratio_of_conflicting_labels_less_or_equal(wanted.max_conflicts),
        )
    yield Plan(
        "special",
        "Texts full of characters that are neither letters nor punctuation.",
        checks.SpecialCharacters().add_condition_samples_ratio_w_special_characters_less_or_equal(wanted.max_special, threshold_ratio_per_sample=0.1),
    )
    yield Plan(
        "outliers",
        "Texts that stand out in length, capitals, digits, script or language.",
        checks.TextPropertyOutliers().add_condition_outlier_ratio_less_or_equal(wanted.max_outliers),
    )


def _plan_boilerplate(wanted: TextChecks) -> Plan:
    check: Any = import_deepchecks("nlp.checks").FrequentSubstrings(n_samples=_BOILERPLATE_ROWS, min_ngram_length=8)
    name = f"At most {wanted.max_boilerplate} phrases in a twentieth of the texts"
    return Plan(
        "boilerplate",
        "Phrases of eight words or more that many texts share: notices, placeholders.",
        check.add_condition(name, lambda value: _judge_phrases(value, wanted.max_boilerplate)),
    )


def _judge_phrases(value: Any, bound: int) -> Any:
    core = import_deepchecks("core")
    count = sum(times >= _MIN_COPIES for times in value["Number of Samples"].values()) if value else 0
    return core.ConditionResult(core.ConditionCategory.PASS if count <= bound else core.ConditionCategory.FAIL, f"Found {count} such phrases")


def _draw_outliers(run: SuiteRun, wanted: TextChecks) -> list[Markup]:
    value = run.value("outliers") or {}
    shares = {name: part["outlier_ratio"] * 100 for name, part in value.items() if not isinstance(part, str)}
    if not shares:
        return []
    names = sorted(shares, key=lambda name: -shares[name])
    chart = draw_bars(names, {"percent of texts": [shares[name] for name in names]})
    caption = f"Percent of texts beyond twice the interquartile range of a property, or in a rare language; at most {wanted.max_outliers:.0%} may be."
    return [render_figure("Texts that stand out", chart, caption)]


def _tabulate(properties: pd.DataFrame) -> Markup:
    numbers = properties.drop(columns="language").quantile([0.01, 0.25, 0.5, 0.75, 0.99]).T
    return render_table(
        ("property", "1 %", "25 %", "median", "75 %", "99 %"),
        [(str(name), *(f"{value:,.2f}" for value in row)) for name, row in zip(numbers.index, numbers.to_numpy(), strict=True)],
        "Properties",
    )


def _list_languages(properties: pd.DataFrame) -> Markup:
    shares = properties["language"].value_counts(normalize=True).head(8)
    return render_table(("language, as guessed", "share"), [(str(name), f"{share:.1%}") for name, share in shares.items()], "Languages")
