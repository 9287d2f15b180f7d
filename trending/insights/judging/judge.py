"""Judges one writer: asks it about the labelled set, eight titles at a time, and adds up what came. Calls are bounded, and booked like any other."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median
from typing import Any

from trending.insights.client import LlmClient, ModelUnavailable, Reply
from trending.insights.draft import Draft
from trending.insights.judging.answers import Ask, ask_rules, ask_writer
from trending.insights.judging.judgement import RULES, WriterJudgement
from trending.insights.judging.labelled import fingerprint_set, load_probes, load_titles
from trending.insights.judging.measures import Encode, add_up, measure_probes, measure_titles
from trending.insights.offline import MAKER
from trending.insights.prompts import load_prompt

_AT_ONCE = 8
_MOST_UNANSWERED = 0.1
_GIVE_UP = 8  # failures in a row: the server is away, and each further title would wait for it as long


def identify_writer(model: str, server: str, titles: int) -> str:
    """Return the identity of a writer: it changes with all that decides what is written, and with what it is judged on.

    Args:
        model: LiteLLM's name, or `rules`.
        server: Address of the model's server; empty for its own.
        titles: How many titles are judged.
    """
    schema = json.dumps(Draft.model_json_schema(), sort_keys=True)
    parts = [model, server, load_prompt().version, schema, MAKER, fingerprint_set(), str(titles)]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def judge_rules(encode: Encode | None = None) -> WriterJudgement:
    """Judge the rules, on all titles: it costs nothing, and fewer would let chance decide.

    Genres are no part of it: rules repeat those that the release's model predicts, which are judged with that model.
    """
    titles = len(load_titles())
    judged = _judge(RULES, identify_writer(RULES, "", titles), ask_rules, titles, encode)
    without = ("genres_against_catalogue",)
    kept = {name: values for name, values in judged.values.items() if name not in without}
    return judged.model_copy(update={"values": kept, "figures": add_up(kept), "calls": 0, "prompt": "", "made": None})


def judge_model(client: LlmClient, model: str, server: str, titles: int, encode: Encode | None = None) -> WriterJudgement:
    """Judge a model: at most two calls for each title and probe, each within the minute's limit, the day's budget and the time limit of any call."""
    ask = _Patience(partial(_ask_model, client, model))
    return _judge(model, identify_writer(model, server, titles), ask, titles, encode)


def _ask_model(client: LlmClient, model: str, messages: Sequence[dict[str, Any]]) -> Reply:
    return client.ask(model, messages, Draft, None)


class _Patience:
    """Asks, until so many calls have failed one after the other."""

    def __init__(self, ask: Ask) -> None:
        self._ask, self._failed, self._lock = ask, 0, threading.Lock()
        self._last = ""

    def __call__(self, messages: Sequence[dict[str, Any]]) -> Reply:
        if self._failed >= _GIVE_UP:
            raise ModelUnavailable(self._last)
        try:
            reply = self._ask(messages)
        except ModelUnavailable as error:
            with self._lock:
                self._failed += 1
                self._last = str(error)
            raise
        with self._lock:
            self._failed = 0
        return reply


def _judge(writer: str, identity: str, ask: Ask, count: int, encode: Encode | None) -> WriterJudgement:
    titles, probes = load_titles()[:count], load_probes()
    readings = [title.reading for title in titles] + [probe.reading for probe in probes]
    with ThreadPoolExecutor(_AT_ONCE if writer != RULES else 1, thread_name_prefix="judging") as pool:
        answers = list(pool.map(partial(ask_writer, ask), readings))
    of_titles, of_probes = answers[: len(titles)], answers[len(titles) :]
    missing = [one for one in answers if one.unavailable is not None]
    values = {**measure_titles(titles, of_titles, encode), **measure_probes(probes, of_probes)}
    answered = [one for one in answers if one.unavailable is None]
    return WriterJudgement(
        writer=writer,
        identity=identity,
        prompt=load_prompt().version,
        made=dt.datetime.now(dt.UTC).replace(microsecond=0),
        titles=len(titles),
        probes=len(probes),
        figures=add_up(values),
        values=values,
        calls=sum(one.calls for one in answers),
        tokens=sum(one.tokens for one in answers),
        cost_usd=sum(one.cost_usd for one in answers),
        cost_known=all(one.cost_known for one in answers),
        seconds=round(median(one.seconds for one in answered), 3) if answered else 0.0,
        unanswered=len(missing),
        unavailable=missing[-1].unavailable if len(missing) > _MOST_UNANSWERED * len(answers) else None,
    )
