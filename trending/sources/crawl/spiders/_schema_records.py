"""Which titles, ratings and reviews a page's schema.org objects are: what belongs to what, each once, whatever the order they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from trending.sources.crawl.spiders._jsonld import Graph, Node, as_list, merge, text_of, types_of
from trending.sources.crawl.spiders._schema_values import address_of, count_votes, kind_of, name_title

_REVIEWS = {"Review", "CriticReview", "UserReview"}
_PARTS = {"TVSeason"}  # a review of one is one of its series; a rating of one isn't
# Without any of these, an object only points at a title that is described elsewhere.
_SUBSTANCE = frozenset({"description", "genre", "datePublished", "dateCreated", "startDate", "aggregateRating", "review", "reviews", "director", "actor"})


@dataclass(frozen=True)
class Found:
    """One thing a page says about a title."""

    source_id: str
    node: Node


class PageRecords:
    """What one page says: titles, their mean ratings and their reviews, each once, whatever the order they stand in."""

    def __init__(self, graph: Graph, url: str) -> None:
        """Sort a page's objects by the title they are about.

        Args:
            graph: The page's objects.
            url: The page's address.
        """
        self._graph, self._url = graph, url
        self._titles: dict[str, Node] = {}
        self._ratings: dict[str, list[Node]] = {}
        self._reviews: dict[bytes, Found] = {}
        self.strays: list[Node] = []  # reviews that don't say what they are about
        # Titles without an address of their own have the page's; if there are several, their names tell them apart.
        wholes = [graph.whole(node) or node for node in graph.nodes if kind_of(node)]
        self._nameless = len({text_of(node.get("name")) for node in wholes if address_of(node) is None})
        for node in graph.nodes:
            self._sort(node)
        self._place_strays()

    def titles(self) -> Iterator[Found]:
        """Yield the titles."""
        return (Found(source_id, node) for source_id, node in sorted(self._titles.items()))

    def ratings(self) -> Iterator[Found]:
        """Yield the mean rating of each title that has one: of several, that with the most votes."""
        for source_id, nodes in sorted(self._ratings.items()):
            yield Found(source_id, max(nodes, key=_by_votes))

    def reviews(self) -> Iterator[Found]:
        """Yield the reviews."""
        return (found for _, found in sorted(self._reviews.items()))

    def _sort(self, node: Node) -> None:
        types = types_of(node)
        if kind_of(node):
            whole = self._graph.whole(node) or node
            source_id = self._name(whole)
            if not _SUBSTANCE.isdisjoint(whole):
                self._add_title(source_id, whole)
            for rating in self._objects(whole.get("aggregateRating")):
                self._ratings.setdefault(source_id, []).append(rating)
            self._add_reviews(source_id, whole)
        elif not _PARTS.isdisjoint(types):
            series = self._graph.whole(node.get("partOfSeries"))
            if series is not None and kind_of(series):
                self._add_title(self._name(series), series)
                self._add_reviews(self._name(series), node)
        elif not _REVIEWS.isdisjoint(types):
            self._sort_review(node)
        elif "AggregateRating" in types:
            for subject in self._subjects(node):
                self._add_title(self._name(subject), subject)
                self._ratings.setdefault(self._name(subject), []).append(node)

    def _sort_review(self, node: Node) -> None:
        for subject in self._subjects(node):
            self._add_title(self._name(subject), subject)
            self._add_review(self._name(subject), node)
        if "itemReviewed" not in node and id(node) not in self._graph.owned_reviews:
            self.strays.append(node)

    def _place_strays(self) -> None:
        if len(self._titles) == 1:
            for node in self.strays:
                self._add_review(next(iter(self._titles)), node)
            self.strays = []

    def _subjects(self, node: Node) -> Iterator[Node]:
        for subject in self._objects(node.get("itemReviewed")):
            series = self._graph.whole(subject.get("partOfSeries")) if not _PARTS.isdisjoint(types_of(subject)) else subject
            if series is not None and kind_of(series):
                yield series

    def _objects(self, value: Any) -> list[Node]:
        # What is only referred to is described on another page.
        wholes = (self._graph.whole(one) for one in as_list(value))
        return [whole for whole in wholes if whole is not None and not ("@id" in whole and whole.keys() <= {"@id", "@type"})]

    def _add_title(self, source_id: str, node: Node) -> None:
        known = self._titles.get(source_id)
        self._titles[source_id] = node if known is None or known is node else merge((known, node))

    def _add_reviews(self, source_id: str, node: Node) -> None:
        for review in (*self._objects(node.get("review")), *self._objects(node.get("reviews"))):
            self._add_review(source_id, review)

    def _add_review(self, source_id: str, node: Node) -> None:
        # The same review may stand in its title and by itself, where it names the title.
        content = {key: value for key, value in node.items() if key not in ("itemReviewed", "@context")}
        self._reviews[orjson.dumps([source_id, content], option=orjson.OPT_SORT_KEYS)] = Found(source_id, node)

    def _name(self, node: Node) -> str:
        return name_title(node, self._url, is_alone=self._nameless == 1)


def _by_votes(rating: Node) -> tuple[int, bytes]:
    try:
        votes = count_votes(rating) or 0
    except ValueError:
        votes = 0
    return votes, orjson.dumps(rating, option=orjson.OPT_SORT_KEYS)
