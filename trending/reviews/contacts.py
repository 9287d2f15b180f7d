"""Masks for contact details in a text: links, e-mail addresses, handles, telephone numbers and postal addresses.

Reviews are full of figures (years, scores, budgets, running times) and of street names that are films, so each pattern asks for more than digits.
"""

from __future__ import annotations

import re
from functools import cache

_URL = re.compile(r"(?i)(?:\b(?:https?|ftp)://|(?<![\w@.])www\.)\s?[^\s<>\"\[\]]*[^\s<>\"\[\].,;:!?()'*]")
_ATEXT = r"\w.!#$%&'*+/=?^`{|}~-"  # RFC 5322, section 3.2.3
_EMAIL = re.compile(rf"(?<![{_ATEXT}])[{_ATEXT}]++@[\w-]+(?:\.[\w-]+)+")
_MAILERS = ("gmail", "yahoo", "hotmail", "aol", "outlook", "icloud", "protonmail")
_VEILED_EMAIL = re.compile(
    r"(?i)(?<![\w.+-])[\w.+-]++(?:"
    r"\s{0,3}[(\[{]\s?at\s?[)\]}]\s{0,3}[\w-]++(?:\s{0,3}(?:\.|[(\[{]\s?dot\s?[)\]}]|\sdot\s)\s{0,3}[a-z]\w++)+"
    rf"|\sat\s(?:{'|'.join(_MAILERS)})\s{{0,3}}(?:\.|\sdot\s)\s{{0,3}}[a-z]{{2,3}}\b)"
)
# Words with dots between them; which of them are domains, `_mask_domain` tells.
_DOTTED = re.compile(r"(?<![\w@-])(?<![\w-]\.)([\w-]+(?:\.[\w-]+)++)(/[^\s<>\"\[\]()]*(?<![.,;:!?'*]))?")
_DOTTED_GATE = re.compile(r"\.(?:[^\W\d_]{2}|xn--)")
_COMMON = frozenset({"com", "net", "org", "info", "edu", "gov", "blog"})
# Top-level domains that begin a sentence where the space behind the one before is missing ("great.it was").
_OPENERS = frozenset("am as at be by do here how in is it like me my new no now one pm so to us you".split())  # noqa: SIM905
_PATH_ENDING = re.compile(r"[A-Za-z]{2,6}")
# "f*!@ing" is no handle, nor is "@all costs".
_HANDLE = re.compile(
    r"(?<![\w@*#$%^&!+])@(?!(?:all|any|the|this|that|my|his|her|your|our|least|home|work|first|last|night|times?)\b)(?=_*[^\W\d_])\w+(?:[.-]\w+)*"
)
_REDDIT = re.compile(r"(?<![\w/])/?u/[\w-]{3,20}(?!\w)")
_SOCIAL = re.compile(
    r"(?im)\b((?:twitter|instagram|insta|snapchat|letterboxd|tiktok|discord|telegram|skype)(?:[ \t]+(?:name|id|handle|account))?[ \t]*:[ \t]*)"
    r"[\w.-]*\w(?=[ \t]*(?:[|,;/]|$))"
)
_PHONE_GATE = re.compile(r"\d[ ().\-/]{0,2}\d[\d ().\-/]{4,}\d")
_PHONE = re.compile(
    r"(?<![\w$£€¥#+])(?:"
    r"(?:\+[ ]?|00)[1-9]\d{0,2}(?:[ .()/-]{0,2}\d{1,12}){1,6}"  # +44 20 7946 0958
    r"|(?:1[ .-])?(?:\([2-9]\d{2}\)[ .-]?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}"  # (212) 555-0123
    r"|0\d{2,4}[ /-]\d{3,8}(?:[ -]\d{2,4}){0,3}"  # 020 7946 0958
    r"|0\d(?:[ .-]\d{2}){4}"  # 06 12 34 56 78
    r"|[2-9]\d{9}"  # 9876543210
    r")(?!\w|[.,]\d)"
)
_CUED_PHONE = re.compile(
    r"(?i)\b((?:call|phone|telephone|tel|cell|mobile|whatsapp|fax|ring)\b"
    r"(?:\s(?:me|us|him|her|at|on|is|now|no|number))*[\s:.#]*)(\+?\(?\d[\d ().-]{5,}\d)(?!\w)"
)
_YEARS = re.compile(r"(?:1[89]|20)\d\d")
_POSTCODE = r"(?:[A-Z]{2}\s\d{5}(?:-\d{4})?|\d{5}|[A-Z]{1,2}\d[\dA-Z]?\s?\d[A-Z]{2})"
# Only with a postcode: "10 Cloverfield Lane" and "21 Jump Street" are films.
_ADDRESS = re.compile(
    r"\b\d{1,5}[A-Za-z]?\s(?:[A-Z][\w'.]*\s){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Way|Court|Ct|Place|Pl|Square|Sq)\b"
    rf"\.?,?\s[^\n\d\[]{{0,40}}?\b{_POSTCODE}\b"
)
# Most texts hold none of this: a search for plain words is a hundred times as fast as one of the patterns above.
_VEILS = ("(at", "( at", "[at", "[ at", "{at", "{ at", *(f"at {name}" for name in _MAILERS))
_NETWORKS = ("twitter", "insta", "snapchat", "letterboxd", "tiktok", "discord", "telegram", "skype")
_POSTCODE_GATE = re.compile(r"\d(?:\d{4}|[A-Z]{2}\b)")


def mask_contacts(text: str) -> str:
    """Return `text` with contact details replaced by `[link]`, `[email]`, `[handle]`, `[phone]` and `[address]`.

    Handles count where they follow white space or an opening mark; telephone numbers in international form, in the usual national groups,
    as ten digits in a row, or behind a word such as "call". Linear in the length of the text; a text without any comes back unchanged.
    """
    folded = text.lower()
    if "://" in folded or "www." in folded:
        text = _URL.sub("[link]", text)
    if "@" in folded:
        text = _HANDLE.sub("[handle]", _EMAIL.sub("[email]", text))
    if any(veil in folded for veil in _VEILS):
        text = _VEILED_EMAIL.sub("[email]", text)
    if _DOTTED_GATE.search(folded):
        text = _DOTTED.sub(_mask_domain, text)
    if "u/" in folded:
        text = _REDDIT.sub("[handle]", text)
    if any(network in folded for network in _NETWORKS):
        text = _SOCIAL.sub(r"\1[handle]", text)
    if _POSTCODE_GATE.search(text):
        text = _ADDRESS.sub("[address]", text)
    if _PHONE_GATE.search(text):
        text = _CUED_PHONE.sub(_mask_cued, _PHONE.sub(_mask_phone, text))
    return text


def _mask_domain(match: re.Match[str]) -> str:
    """Mask up to the last label that is a top-level domain; with a path behind it, any short one will do."""
    labels, path = match[1].split("."), match[2] or ""
    last = max((place for place in range(1, len(labels)) if _is_ending(labels[place])), default=0)
    if last == len(labels) - 1 or (path[1:2].isalnum() and _PATH_ENDING.fullmatch(labels[-1])):
        return "[link]"
    return ".".join(["[link]", *labels[last + 1 :]]) + path if last else match[0]


def _is_ending(label: str) -> bool:
    folded = label.lower()
    if folded in _COMMON or folded.startswith("xn--"):
        return True
    # Others count in one case only: "great.Watch" is a sentence that begins.
    return label.isalpha() and len(label) > 1 and label in (folded, label.upper()) and folded not in _OPENERS and folded in _load_endings()


@cache
def _load_endings() -> frozenset[str]:
    """Return the public suffixes of the list that tldextract brings along; nothing is fetched."""
    import tldextract  # a tenth of a second, for the few texts that need it

    return frozenset(tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None).tlds)


def _mask_phone(match: re.Match[str]) -> str:
    found = match.group()
    digits = re.sub(r"\D", "", found)
    enough = 9 <= len(digits) <= 15 or (found.startswith("+") and len(digits) == 8)
    # A round figure is a sum, not a number to call.
    return "[phone]" if enough and len(set(digits)) >= 3 else found


def _mask_cued(match: re.Match[str]) -> str:
    cue, number = match.groups()
    groups = re.findall(r"\d+", number)
    enough = 7 <= sum(map(len, groups)) <= 15
    return f"{cue}[phone]" if enough and not all(_YEARS.fullmatch(group) for group in groups) else match.group()
