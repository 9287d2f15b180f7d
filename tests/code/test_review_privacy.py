"""Properties of pseudonyms: no name, address or number of a person is left in what is stored, and films keep theirs."""

from __future__ import annotations

import gzip
import json
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trending.errors import InputError, UsageError
from trending.reviews.privacy import hash_author, load_salt, mask_text, pseudonymise_raw
from trending.settings import load_settings

SALT, OTHER_SALT = b"s" * 32, b"t" * 32


def review(**fields: object) -> dict[str, object]:
    return {"source": "somewhere", "title_source_id": "1", "text": "A fine film about a goat.", "rights_class": "unclear", **fields}


# What people write around contact details, and what could be taken for one.
ADDRESSES = (
    "mail ann@example.org",
    "call (212) 555-0123",
    "+44 20 7946 0958",
    "@annfilms",
    "http://x.org/?q=a@b.co",
    "ann (at) gmail (dot) com",
    "www.ann.org",
)
SIGNATURES = ("- Ann B.", "\n-Ann", "\nAnn Bee", "My name is Ann", "Regards,\nAnn", "Ann", "ANN", "Bee", "Ann Bee", "annbee", "The", "Elton")
NOISE = ("[name]", "[link]", "&#64;", "&amp;#64;", "8/10", "1999-2004", "\u200b", "\uff20", ". ", "\n", " ", "(", ")", "-", "@", ".")
FRAGMENTS = st.sampled_from((*ADDRESSES, *SIGNATURES, *NOISE))
TEXTS = st.one_of(st.text(max_size=80), st.lists(FRAGMENTS, max_size=12).map(" ".join), st.lists(FRAGMENTS, max_size=12).map("".join))
AUTHORS = st.sampled_from(
    [None, "Ann Bee", "ann.bee99", "The Movie Guy", "X", "", "J\u00f6rg M\u00fcller", "\u738b\u5c0f\u660e", "a(b", {"name": "Ann Bee"}, ["Ann", "Bee"]]
)


@given(TEXTS, AUTHORS)
def test_masking_twice_changes_nothing(text: str, author: object) -> None:
    once = pseudonymise_raw(review(text=text, headline=text[:30], author=author, author_url="https://x.org/u/annbee"), SALT)
    assert pseudonymise_raw(once, SALT) == once
    assert pseudonymise_raw(once, OTHER_SALT) == once


@given(st.emails(), TEXTS)
def test_no_email_survives(email: str, around: str) -> None:
    assert email not in mask_text(f"{around} {email} {around}")


AREA = st.integers(200, 999)
PHONES = st.one_of(
    st.builds("({}) {:03d}-{:04d}".format, AREA, st.integers(100, 999), st.integers(1000, 9999)),
    st.builds("{}.{:03d}.{:04d}".format, AREA, st.integers(100, 999), st.integers(1000, 9999)),
    st.builds("+{} {} {:06d}".format, st.integers(1, 99), st.integers(100, 999), st.integers(123456, 999999)),
    st.builds("0{} {} {:04d}".format, st.integers(20, 999), st.integers(1000, 9999), st.integers(1000, 9999)),
).filter(lambda number: len(set(number)) > 6)


@given(PHONES, st.sampled_from(["Reach me on", "Tel:", "(office)", "thanks,", "ring me at"]))
def test_no_phone_number_survives(number: str, before: str) -> None:
    masked = mask_text(f"{before} {number} or not")
    assert masked == f"{before} [phone] or not"


@given(
    st.from_regex(r"@[A-Za-z][A-Za-z0-9_]{2,20}", fullmatch=True).filter(lambda handle: mask_text(handle) != handle),
    st.sampled_from(["", "on Instagram ", "(", "Hi,\n"]),
)
def test_no_handle_survives(handle: str, before: str) -> None:
    assert handle not in mask_text(f"{before}{handle} and that is me")


@pytest.mark.parametrize(
    "text",
    [
        "Made 1999-2004, shown 2001, 2003 and (1914-1918).",
        "8/10, 4.5/5 or 7 out of 10, running 10:30-12:45, on 05.11.2016 and 2011-01-23.",
        "It cost $100,000,000 or 125.000.000 USD, 10000000000 times too much; 55 000 000 seen.",
        "ISBN 978-3-16-148410-0, 0-306-40615-2 and 9783161484100; tt1234567.",
        "10 Cloverfield Lane and 21 Jump Street are better than 84 Charing Cross Road.",
        'He says "My name is Max" and My Name Is Nobody is a film; the line "my name is Bond, James Bond" is old.',
        "mother-f*!@er and a #*$@ing rhino, found @all costs.",
        "Highly Recommended.\n\nEnjoy.",
        "The end.\n\nGrade B",
        '"What we do in life, echoes in eternity" -Maximus',
        "Tom Hanks, Meg Ryan and Agent 007 meet Han Solo. If you like this, you'll love Serial Mom.",
        "No thanks, Hollywood.",
        "In Ocean's 11-12-13 and Spider-Man #50-51-52; from 8.3 - 8.7.",
        "The text from 1999-2004 and the mobile 2003 2004 tour.",
    ],
)
def test_films_people_and_figures_stay(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("See it!\n\n-Bruce", "See it!\n\n-[name]"),
        ("See it. - John S.", "See it. - [name]"),
        ("See it!\n\nGrady Harp", "See it!\n\n[name]"),
        ("See it.\n\nRegards, David Krae", "See it.\n\nRegards, [name]"),
        ("Hi my name is Brian and I liked it", "Hi my name is [name] and I liked it"),
        ("Good.\n\nReview by Anna Example - on video", "Good.\n\nReview by [name] - on video"),
        ("Dan (dan@example.com)", "[name] ([email])"),
        ("Write to ann (at) example (dot) org", "Write to [email]"),
        ("ann&#64;example.org, ann\uff20example.org and ann@\u200bexample.org", "[email], [email] and [email]"),
        ("<a href='http://example.org/me'>me</a>", "<a href='[link]'>me</a>"),
        ("More at http://example.org/~ann/reviews.", "More at [link]."),
        ("my blog annfilms.blogspot.com/x, or en.example.de/y", "my blog [link], or [link]"),
        ("Instagram: ann_films", "Instagram: [handle]"),
        ("ask /u/ann_films", "ask [handle]"),
        ("please call 201-566-0148. thanks", "please call [phone]. thanks"),
        ("text or call me at 5660148", "text or call me at [phone]"),
        ("I live at 12 Elm Tree Road, Springfield, IL 62704, come", "I live at [address], come"),
    ],
)
def test_contact_details_and_signatures_go(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    ("author", "text", "masked"),
    [
        ("John Chard", "As john chard I say: John liked it, Chard too.", "As [name] I say: [name] liked it, [name] too."),
        ("John Chard", "J. Chard and John C. and Chard, John", "[name] and [name] and [name]"),
        ("John Chard", "John Wayne and Elton John, said John's friend", "John Wayne and Elton John, said [name]'s friend"),
        ("Ann Lewis", "Daniel Day-Lewis, Mrs. Lewis and Samuel L. Lewis", "Daniel Day-Lewis, Mrs. Lewis and Samuel L. Lewis"),
        ("The Movie Guy", "The Movie Guy says: The movie has a Guy.", "[name] says: The movie has a Guy."),
        ("MaxPower99", "Signed MaxPower99, or Max for short; to the max", "Signed [name], or [name] for short; to the max"),
        ("Movies", "Movies like this", "Movies like this"),
        ("2001", "2001 is the better film", "2001 is the better film"),
        ("J\u00f6rg", "Jorg or J\u00f6rg", "[name] or [name]"),
        ("\u738b\u5c0f\u660e", "\u6211\u662f\u738b\u5c0f\u660e\u5462", "\u6211\u662f[name]\u5462"),
        ({"@type": "Person", "name": "Ann Bee"}, "Ann and Bee", "[name] and [name]"),
        ("a.b(c", "a.b(c wrote", "[name] wrote"),
    ],
)
def test_authors_own_names_go(author: object, text: str, masked: str) -> None:
    assert pseudonymise_raw(review(author=author, text=text), SALT)["text"] == masked


@given(st.text(alphabet="abcdefghij ABCDE", min_size=3).filter(str.strip))
def test_hash_knows_an_author_again_at_one_source_only(name: str) -> None:
    spaced = "  " + "   ".join(name.upper().split()) + " "
    assert hash_author(name, "one", SALT) == hash_author(spaced, "one", SALT)
    assert len({hash_author(name, "one", SALT), hash_author(name, "two", SALT), hash_author(name, "one", OTHER_SALT)}) == 3


@pytest.mark.parametrize("author", [None, "", " ", float("nan"), "Anonymous", [], {}])
def test_no_author_has_no_hash(author: object) -> None:
    assert pseudonymise_raw(review(author=author), SALT)["author_hash"] is None


def test_nothing_about_the_author_reaches_the_disk(tmp_path: Path) -> None:
    raw = review(
        text="I, Quentina Zorblax, saw it.\nquentina.zorblax@example.org, @zorblaxia",
        headline="Zorblax reviews",
        author="Quentina Zorblax",
        author_username="zorblaxia",
        author_url="https://example.org/users/qzorb77",
        author_avatar_path="/zorblax.png",
        reviewer_city="Zorblaxville",
        source_review_id="zorblaxia:film",
        url="https://example.org/users/Quentina%20Zorblax/film",
    )
    file = tmp_path / "records.jsonl.gz"
    file.write_bytes(gzip.compress(json.dumps(pseudonymise_raw(raw, SALT)).encode()))
    stored = gzip.decompress(file.read_bytes()).decode().casefold()
    assert not re.search("quentina|zorb|example", stored)
    assert json.loads(stored)["author_hash"] == hash_author("quentina zorblax", "somewhere", SALT)
    assert json.loads(stored)["source_review_id"]


def test_a_name_given_as_a_hash_is_hashed() -> None:
    assert pseudonymise_raw(review(author_hash="Ann Bee"), SALT)["author_hash"] == hash_author("Ann Bee", "somewhere", SALT)
    assert pseudonymise_raw(review(author_hash="62c07635d228"), SALT)["author_hash"] == "62c07635d228"


# Each opens every gate, so that every pattern runs.
OPENERS = " http://x u/ @ (at) at gmail .com 12345 twitter review my name ] 1 234 567 8901 "


@pytest.mark.parametrize(
    "piece", ["a", "A", "1 ", " ", "\n", "-", "\n- ", "@", "a@", "a.", "a (at) ", "(at)a dot ", "John ", "A A", "[email] A ", "12 Elm Road ", "call me "]
)
def test_time_is_linear_in_the_length_of_hostile_texts(piece: str) -> None:
    text = piece * (40_000 // len(piece)) + OPENERS + piece * 40
    start = time.perf_counter()
    pseudonymise_raw(review(text=text, author="John Aard"), SALT)
    # Half a second on a busy machine; a pattern that tries every split of such a text takes minutes.
    assert time.perf_counter() - start < 10


def test_salt_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    salt = load_salt(tmp_path / "home")
    assert load_salt(tmp_path / "home") == salt
    assert len(salt) == 32
    assert stat.S_IMODE((tmp_path / "home" / "author.salt").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["author.salt"]
    assert load_salt(tmp_path / "elsewhere") != salt


def test_processes_that_start_at_once_agree_on_the_salt(tmp_path: Path) -> None:
    script = "import sys, pathlib; from trending.reviews.privacy import load_salt; sys.stdin.readline(); print(load_salt(pathlib.Path(sys.argv[1])).hex())"
    command = [sys.executable, "-c", script, str(tmp_path / "home")]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert len({process.communicate()[0] for process in running}) == 1


def test_salt_of_the_setting_wins_and_must_be_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRENDING_AUTHOR_SALT", "a long and random salt")
    load_settings.cache_clear()
    assert load_salt(tmp_path) == b"a long and random salt"
    assert not list(tmp_path.glob("author.salt*"))
    monkeypatch.setenv("TRENDING_AUTHOR_SALT", "short")
    load_settings.cache_clear()
    with pytest.raises(UsageError) as caught:
        load_salt(tmp_path)
    assert "short" not in str(caught.value)


def test_damaged_salt_is_refused(tmp_path: Path) -> None:
    (tmp_path / "author.salt").write_bytes(b"cut")
    with pytest.raises(InputError, match="3 bytes"):
        load_salt(tmp_path)
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match="salt"):
        load_salt(tmp_path / "file")
