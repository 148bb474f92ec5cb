"""Words and patterns: what is looked for in a row, and what cannot be."""

import sqlite3
import unicodedata

import pytest

from helios_desktop.event_filter import EventFilter, Finder, PatternError, phrases, seen_text, tokens

SEEN = seen_text("node2 leads, term 7", "leader_change", "node2", "gw1.example:8443")
RAW = '{"type":"status","data":{"leader_id":"node2","note":"größer"}}'


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("leads", True),
        ("LEADS term", True),
        ("term leads", True),
        ("lea", True),
        ("le", False),  # two signs are a whole word
        ("7", True),
        ("gw1.example:8443", True),
        ("example:84", False),  # its last token has two signs, and is not whole
        ("example:844", False),  # a number is a whole word
        ("GRÖSSER", False),
        ("Größ", True),
        ("leader node2", True),
        ("leads absent", False),
        ("node2 gw1", True),
        ("node2.gw1", True),  # they stand side by side
        ("gw1.example:8443.type", False),  # a row ends, and its raw text begins
        ("...", True),  # nothing is looked for
    ],
)
def test_each_word_begins_a_word_of_the_row_or_of_its_raw_text(text: str, is_found: bool) -> None:
    assert Finder(EventFilter(text=text)).finds(SEEN, RAW) is is_found


def test_a_pattern_is_looked_for_in_what_the_eye_sees_alone() -> None:
    assert Finder(EventFilter(pattern=r"TERM \d")).finds(SEEN, RAW)
    assert not Finder(EventFilter(pattern="größer")).finds(SEEN, RAW)


def test_a_pattern_takes_each_part_of_a_row_for_a_line() -> None:
    for pattern, is_found in ((r"term \d$", True), ("^leader_change$", True), ("^leads", False), ("7.leader", False)):
        assert Finder(EventFilter(pattern=pattern)).finds(SEEN, RAW) is is_found, pattern


def test_what_is_no_pattern_is_told_in_a_sentence() -> None:
    with pytest.raises(PatternError, match=r"“\(a” is no regular expression: missing \)"):
        Finder(EventFilter(pattern="(a"))


def test_a_pattern_that_never_ends_on_a_row_is_broken_off() -> None:
    with pytest.raises(PatternError, match="takes too long on a row: make it simpler"):
        Finder(EventFilter(pattern="(a|aa)+$")).finds("a" * 60 + "!", "")


def test_words_of_several_tokens_are_phrases() -> None:
    assert phrases('  gw1:80 "x" -- ') == (("gw1", "80"), ("x",))
    assert phrases("…") == ()


def test_tokens_are_those_of_sqlite() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE text USING fts5 (words, tokenize = 'unicode61 remove_diacritics 0')")
    connection.execute("CREATE VIRTUAL TABLE token USING fts5vocab ('text', 'instance')")
    # As far as Unicode 6.1 knows them, but for a capital whose small letter is two signs.
    codes = (*range(1, 0x370), *range(0x384, 0x528), *range(0x4E00, 0x4E80))
    signs = [chr(code) for code in codes if code != 0x130 and unicodedata.category(chr(code)) != "Cn"]
    for number, sign in enumerate(signs, 1):
        connection.execute("INSERT INTO text (rowid, words) VALUES (?, ?)", (number, f"a{sign}b"))
    found: dict[int, list[str]] = {}
    for number, term in connection.execute("SELECT doc, term FROM token ORDER BY doc, offset"):
        found.setdefault(number, []).append(term)
    connection.close()
    differing = [sign for number, sign in enumerate(signs, 1) if tokens(f"a{sign}b") != found[number]]
    assert differing == []
