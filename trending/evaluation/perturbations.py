"""Small changes to a text that a reader would hardly notice, and that must not decide what it is about."""

from __future__ import annotations

import random
import re

# A person, another, and a place, of the same part of the world.
NAMES = (
    ("Anna", "James", "Millbrook"),
    ("Priya", "Arjun", "Jaipur"),
    ("Yuki", "Kenji", "Osaka"),
    ("Fatima", "Omar", "Tangier"),
    ("Lucia", "Mateo", "Valparaiso"),
    ("Olga", "Dmitri", "Kazan"),
    ("Abena", "Kwame", "Kumasi"),
    ("Ingrid", "Lars", "Bergen"),
)
_LONG_WORD = re.compile(r"[A-Za-z]{5,}")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_WORDS_PER_TYPO = 12


def fill_names(template: str, names: tuple[str, str, str]) -> str:
    """Return a template with its `{person}`, `{other}` and `{place}` filled in."""
    return template.format(person=names[0], other=names[1], place=names[2])


def swap_letters(text: str, chance: random.Random) -> str:
    """Return `text` with two neighbouring letters swapped within one long word of twelve, at least in one; its first and last letters stay."""
    places = [found.span() for found in _LONG_WORD.finditer(text)]
    letters = list(text)
    for start, end in chance.sample(places, min(len(places), 1 + len(text.split()) // _WORDS_PER_TYPO)):
        differing = [at for at in range(start + 1, end - 2) if letters[at].casefold() != letters[at + 1].casefold()]
        if differing:
            at = chance.choice(differing)
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


def add_noise(text: str, chance: random.Random) -> str:
    """Return `text` with white space doubled and punctuation repeated, and an exclamation mark or dots at its end."""
    doubled = re.sub(r" ", lambda _: chance.choice((" ", "  ", " \n")), text)
    repeated = re.sub(r"(?<=\w)([.,])(?=\s|$)", lambda found: chance.choice((found[1], f" {found[1]}", found[1] * 2)), doubled)
    return "  " + repeated + chance.choice((" !!", " ...", "\n"))


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text, as full stops, question and exclamation marks end them."""
    return _SENTENCE_END.split(text.strip())


def shuffle_sentences(text: str, chance: random.Random) -> str:
    """Return `text` with its sentences in another order; unchanged if it has one."""
    sentences = split_sentences(text)
    order = list(sentences)
    while len(set(sentences)) > 1 and order == sentences:
        chance.shuffle(order)
    return " ".join(order)
