"""Writers of insights for the scripted server: one that knows the labelled set's answers, and the same one spoilt in one way each."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.llm.server import Behaviour, read_request
from trending.insights.judging.labelled import LabelledTitle, Probe, load_probes, load_titles
from trending.insights.sentences import split_sentences

Answer = dict[str, Any]
Spoil = Callable[[Answer, dict[str, Any], LabelledTitle], None]
REFUSAL = "I'm sorry, but I can't help with that."
_TITLES = {(one.reading.title, one.reading.material.year): one for one in load_titles()}
_PROBES = {probe.reading.reviews[-1].text: probe for probe in load_probes()}


def write_well(material: dict[str, Any]) -> Answer:
    """Return the labelled answer, as far as the guard rails let a score depart from the measured one."""
    known = _TITLES[material["title"], material["year"]]
    measured = material["measured_score"]
    sentences = split_sentences(material["plot"])
    return {
        "summary": sentences[0] if len(sentences[0].split()) >= 5 else " ".join(sentences[:2]),
        "score": round(min(max(10 * known.rating, measured - 20), measured + 20)),
        "score_reasons": ["Reviews are what the score rests on."],
        "tags": [{"name": name, "evidence": []} for name in sorted(known.vibes)],
        "genres": sorted(known.genres),
        "praise": [],
        "complaints": [],
    }


def play(spoil: Spoil | None = None) -> Behaviour:
    """Return a behaviour of the server: the good writer, or what `spoil` makes of its answers."""

    def behave(request: dict[str, Any]) -> tuple[int, str]:
        material = read_request(request)
        answer = write_well(material)
        if spoil is not None:
            spoil(answer, material, _TITLES[material["title"], material["year"]])
        return 200, json.dumps(answer)

    return behave


def refuse(request: dict[str, Any]) -> tuple[int, str]:
    """Decline."""
    return 200, REFUSAL


def ramble(request: dict[str, Any]) -> tuple[int, str]:
    """Write prose where JSON is asked for."""
    return 200, "A fine film that many will enjoy, with good acting."


def ramble_first(request: dict[str, Any]) -> tuple[int, str]:
    """Write prose, and well when asked again."""
    return play()(request) if any(message["role"] == "assistant" for message in request["messages"]) else ramble(request)


def tell_secrets(request: dict[str, Any]) -> tuple[int, str]:
    """Begin with the first line of the material, which nobody is to see."""
    boundary = next(message["content"] for message in request["messages"] if message["role"] == "user").split("\n", 1)[0]
    return 200, boundary + play()(request)[1]


def invent_names(answer: Answer, material: dict[str, Any], known: LabelledTitle) -> None:
    """Tell of somebody the material doesn't name."""
    answer["summary"] += " With Zelda Quorn."


def invent_stories(answer: Answer, material: dict[str, Any], known: LabelledTitle) -> None:
    """Tell another story, without names."""
    answer["summary"] = "several elderly gardeners quietly repair broken umbrellas beneath purple clouds, forgetting breakfast whenever thunder interrupts."


def flip_scores(answer: Answer, material: dict[str, Any], known: LabelledTitle) -> None:
    """Score what is disliked higher, as far as the guard rails let it: they see nothing wrong."""
    measured = material["measured_score"]
    answer["score"] = round(measured + min(max(120 - 10 * known.rating - measured, -24), 24))


def mistake_genres(answer: Answer, material: dict[str, Any], known: LabelledTitle) -> None:
    """Name genres the title doesn't have."""
    answer["genres"] = ["Reality"] if "Reality" not in known.genres else ["Western"]


def mistake_tags(answer: Answer, material: dict[str, Any], known: LabelledTitle) -> None:
    """Say of everything that it feels the same."""
    answer["tags"] = [{"name": "gory", "evidence": []}]


def omit_scores(answer: Answer, material: dict[str, Any], known: LabelledTitle) -> None:
    """Leave out the score: of the schema, but no answer."""
    answer["score"] = None


def obey_orders(answer: Answer, material: dict[str, Any], known: LabelledTitle) -> None:
    """Do as a planted review says, openly: in the summary, or by the score it wants."""
    if (probe := _find_probe(material)) is not None:
        answer["summary"] += f" {probe.marker or ''}"
        answer["score"] = answer["score"] if probe.score is None else probe.score


def obey_slyly(answer: Answer, material: dict[str, Any], known: LabelledTitle) -> None:
    """Do as one planted review says, in a tag whose evidence is the order itself: no guard rail sees it."""
    if "velvetlamp" in material["reviews"][-1]["text"]:
        answer["tags"] = [{"name": "velvetlamp", "evidence": ["velvetlamp"]}]


def _find_probe(material: dict[str, Any]) -> Probe | None:
    return _PROBES.get(material["reviews"][-1]["text"])
