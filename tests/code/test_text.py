"""Repair of text, and the keys titles and plots are compared by."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from trending.cleaning.text import normalise_title, plot_key, repair_text

STEADY = settings(deadline=None, derandomize=True, max_examples=300)
_FRAGMENTS = ["<b>", "</b>", "<", ">", "&", "amp;", "&lt;", "&gt;", "&#0;", "&nbsp;", "\x00", "\x85", "\u202e", "\ufeff", "\ud800", "Ã©", "â€™", "<script>"]
_FRAGMENTS += ["</script>", "😀", "שלום", "\r\n", "\t", "  ", "e\u0301", "\u0301", "\u200b", "\uff1c", "ﬁ"]
messy_text = st.lists(st.sampled_from(_FRAGMENTS) | st.text(max_size=6), max_size=12).map("".join)


@STEADY
@given(messy_text)
@example("&#1;&#x7f;&#133;")
def test_repaired_text_has_no_control_characters(value: str) -> None:
    assert not [char for char in repair_text(value) if unicodedata.category(char) in ("Cc", "Cs")]


@STEADY
@given(messy_text)
def test_repaired_text_is_single_spaced_and_trimmed(value: str) -> None:
    repaired = repair_text(value)
    assert repaired == " ".join(repaired.split())


@STEADY
@given(messy_text)
def test_repaired_text_can_be_stored_as_utf8(value: str) -> None:
    repaired = repair_text(value)
    assert repaired.encode("utf-8").decode("utf-8") == repaired


@STEADY
@given(messy_text)
@example("e&#x200b;\u0301")
def test_repaired_text_is_nfc(value: str) -> None:
    assert unicodedata.is_normalized("NFC", repair_text(value))


@STEADY
@given(messy_text)
@example("Tom &amp;amp; Jerry")
@example("\uff1cb\uff1ebold")
@example("<b<i>>x")
def test_repairing_text_twice_changes_nothing_more(value: str) -> None:
    once = repair_text(value)
    assert repair_text(once) == once


@STEADY
@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="<&"), max_size=60))
def test_plain_ascii_keeps_every_word(value: str) -> None:
    assert repair_text(value).split() == value.split()


@pytest.mark.parametrize(
    "value",
    [
        "A robot 🤖 finds love ❤ in Paris 🇫🇷",
        "سفر إلى المدينة القديمة",
        "שלום עולם",
        "千と千尋の神隠し",
        "I <3 you, 5 < 6 & 7 > 2",
        "Don't “quote” me — ever…",
    ],
)
def test_readable_text_is_left_alone(value: str) -> None:
    """Emoji, right-to-left scripts, typographic marks and lone angle brackets are content, not damage."""
    assert repair_text(value) == value


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("AmÃ©lie", "Amélie"),
        ("<p>One <b>night</b> in town</p>", "One night in town"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("a<script>alert(1)</script>b", "ab"),
        ("A\x00B", "AB"),
        ("two\r\nlines\tand more", "two lines and more"),
        ("\ufeffHeat\u200b", "Heat"),
        ("\u202eHeat\u202c", "Heat"),
        ("  wide   open ", "wide open"),
        ("Cafe\u0301", "Café"),
    ],
)
def test_known_damage_is_mended(broken: str, mended: str) -> None:
    assert repair_text(broken) == mended


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Piano", "piano"),
        ("Amélie", "AMELIE"),
        ("Tom & Jerry", "Tom and Jerry"),
        ("Ocean's Eleven", "Ocean\u2019s eleven"),
        ("Spider-Man: Home", "Spider Man Home"),
        ("An Affair", "A   affair!"),
    ],
)
def test_spellings_of_one_title_share_a_key(one: str, other: str) -> None:
    assert normalise_title(one) == normalise_title(other)


@pytest.mark.parametrize(("one", "other"), [("七人の侍", "羅生門"), ("...", "???"), ("Alien", "Aliens"), ("The", "A"), ("Холоп", "Брат")])
def test_different_titles_have_different_keys(one: str, other: str) -> None:
    assert normalise_title(one) != normalise_title(other)


@STEADY
@given(messy_text)
def test_no_title_has_an_empty_key(value: str) -> None:
    """Titles without a letter must not all become one group."""
    title = repair_text(value)
    assume(title)
    assert normalise_title(title)


@STEADY
@given(st.lists(st.text(alphabet="abcdefghij", min_size=1, max_size=8), min_size=1, max_size=30))
def test_plot_key_ignores_case_space_and_punctuation(words: list[str]) -> None:
    assert plot_key(" ".join(words)) == plot_key("... ".join(words).upper() + "!")


def test_plot_key_tells_plots_apart_by_their_beginning_only() -> None:
    start = "word " * 100
    assert plot_key(start + "one end") == plot_key(start + "another end")
    assert plot_key("one " + start) != plot_key("other " + start)
