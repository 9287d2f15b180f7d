"""A site of film pages as many are built: 30 to 60 kB of HTML around a little JSON-LD (schema.org Movie, AggregateRating, Review).

All of it is written by us or comes from the project's starter catalogue. `/site/` links to lists, lists to pages; `/site/sitemap.xml` names all.
"""

from __future__ import annotations

import json
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import Any

from aiohttp import web

LIST_SIZE = 50
_REVIEWS = ("Slow at first, then hard to look away from.", "Fine acting, thin story.", "I have watched it three times and would again.")


class HtmlSite:
    """The site."""

    def __init__(self, pages: int) -> None:
        """Make so many pages when they are asked for."""
        self.pages = pages

    def answer(self, path: str, base: str) -> web.Response | None:
        """Answer a request for a path below the site; `base` is the site's own address."""
        kind, _, number = path.strip("/").partition("/")
        if path == "/sitemap.xml":
            places = "".join(f"<url><loc>{base}/title/{one}</loc></url>" for one in range(self.pages))
            return web.Response(
                text=f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{places}</urlset>',
                content_type="application/xml",
            )
        if path in ("", "/"):
            return _page("".join(f'<a href="{base}/list/{one}">List {one}</a>' for one in range(-(-self.pages // LIST_SIZE))))
        if not number.isdigit():
            return None
        if kind == "list":
            return _page("".join(f'<a href="{base}/title/{one}">Title {one}</a>' for one in self._listed(int(number))))
        return web.Response(body=make_page(int(number)), content_type="text/html", charset="utf-8") if kind == "title" and int(number) < self.pages else None

    def _listed(self, number: int) -> range:
        return range(number * LIST_SIZE, min(self.pages, (number + 1) * LIST_SIZE))


@lru_cache(maxsize=4_096)
def make_page(number: int) -> bytes:
    """Return the page of a title."""
    titles = _titles()
    title = titles[number % len(titles)]
    head = f'<meta charset="utf-8"><title>{escape(title["title"])}</title><script type="application/ld+json">{json.dumps(describe(number))}</script>'
    blocks = "".join(_block(titles[(number + step) % len(titles)], step) for step in range(28 + number % 25))
    return f'<!DOCTYPE html><html lang="en"><head>{head}</head><body><main><h1>{escape(title["title"])}</h1>{blocks}</main></body></html>'.encode()


def describe(number: int) -> dict[str, Any]:
    """Return the JSON-LD of a page."""
    title = _titles()[number % len(_titles())]
    reviews = [
        {
            "@type": "Review",
            "author": {"@type": "Person", "name": f"Reader {number * 7 + step}"},
            "datePublished": f"2026-0{step + 1}-1{step}",
            "reviewBody": text,
            "reviewRating": {"@type": "Rating", "ratingValue": 3 + step, "bestRating": 5, "worstRating": 1},
        }
        for step, text in enumerate(_REVIEWS)
    ]
    return {
        "@context": "https://schema.org",
        "@type": "Movie" if title["type"] == "movie" else "TVSeries",
        "name": f"{title['title']} {number}",
        "description": title["plot"],
        "genre": title["genres"],
        "datePublished": f"{title['year']}-05-17",
        "inLanguage": title.get("language", "en"),
        "aggregateRating": {
            "@type": "AggregateRating",
            "ratingValue": round(2 + number % 30 / 10, 1),
            "bestRating": 5,
            "worstRating": 1,
            "ratingCount": 10 + number,
        },
        "review": reviews,
    }


def _block(title: dict[str, Any], step: int) -> str:
    words = escape(title["plot"])
    tags = "".join(f'<li class="tag tag--{step}"><a href="/genre/{escape(genre)}">{escape(genre)}</a></li>' for genre in title["genres"])
    return (
        f'<section class="card card--wide" id="card-{step}" data-position="{step}"><header class="card__head"><h2>{escape(title["title"])}</h2>'
        f'<span class="card__year">{title["year"]}</span></header><div class="card__body"><p class="card__plot">{words}</p>'
        f'<ul class="card__tags">{tags}</ul><img src="/img/{step}.jpg" alt="" loading="lazy" width="320" height="180"></div>'
        f'<footer class="card__foot"><button type="button" aria-label="Save">Save</button><button type="button">Share</button></footer></section>'
    )


def _page(body: str) -> web.Response:
    return web.Response(text=f"<!DOCTYPE html><html><body>{body}</body></html>", content_type="text/html")


@lru_cache(maxsize=1)
def _titles() -> list[dict[str, Any]]:
    return [json.loads(line) for line in files("trending.sources").joinpath("starter.jsonl").read_text(encoding="utf-8").splitlines()]
