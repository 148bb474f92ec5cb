"""Whatever servers, users and files say, it stays text."""

import re
import tempfile
from functools import cache
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from helios_desktop.export.report_events import visible
from helios_desktop.journal.note import Note
from tests.unit.export.reported import Element, record, report, write_note
from tests.unit.store.scene import NS, START_S, THREE, Scene

MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    "</title></style></svg></pre><svg/onload=alert(1)>",
    "<!-- ",
    "]]>",
    "{{ 7 * 7 }}{% include 'x' %}",
    "&lt;b&gt;&amp;#60;",
    "javascript:alert(1)",
    "\u202egnp.exe\u2066",
    "a\x00b\x1b[31m\x9b",
    "\ufeff\uffff",
    "x" * 5_000,
)
hostile = st.lists(st.one_of(st.sampled_from(MARKUP), st.text(max_size=20)), min_size=1, max_size=3).map("".join)
_CANNOT_BE_SEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\uffff]")


def reported(text: str) -> tuple[Element, str]:
    """The report of a cluster in which everybody says `text` wherever something may be said; and the file."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene()
        scene.live(text, *THREE)
        scene.beat()
        for leader, term in (("node1", 1), (text, 2)):
            scene.status(text, "Leader", term, 100, leader, (text, *THREE), node=text)
            scene.frame(text, "latency", {"peers": {text: {"peer_id": text, "reachable": False}}})
            scene.frame("node1", text, text)
            scene.text("node1", text)
            scene.frame("node1", "error", text)
            scene.frame("node1", "state_change", {"old_state": text, "new_state": text, "term": term})
            scene.frame("node1", "peer_change", {"event_type": text, "peer_id": text, "peer_address": text})
            scene.wait(20)
        about = {"cluster": text, "environment": text, "sources": text}
        path = record(Path(folder) / "hostile.helios", scene.observations, about=about)
        write_note(path, Note(1, START_S * NS, None, None, text, START_S * NS))
        return report(path), path.with_suffix(".html").read_text(encoding="utf-8")


def shapes(page: Element) -> set[tuple[str, frozenset[str]]]:
    """Each element with the names of its attributes."""
    return {(one.tag, frozenset(one.attributes)) for one in page.all()}


@cache
def tame_shapes() -> set[tuple[str, frozenset[str]]]:
    """Those of a report in which nobody means harm."""
    return shapes(reported("tame")[0])


@settings(max_examples=15)
@given(hostile)
@example(MARKUP[0])
@example(MARKUP[1])
@example(MARKUP[3])
@example(MARKUP[9])
@example(MARKUP[10])
def test_no_text_becomes_markup(text: str) -> None:
    page, source = reported(text)
    # Long names leave no room for the words within a bar, and more of them than there is room for are no labels.
    assert shapes(page) <= tame_shapes() | {("h1", frozenset()), ("p", frozenset({"class"}))}
    assert _CANNOT_BE_SEEN.search(source) is None
    shown = " ".join(str(visible(text)).split())
    assert shown[:200] in page.one("h1").text or not shown


def test_what_cannot_be_seen_is_written_out() -> None:
    assert visible("a\x00b\u202ec\td\n") == "a\\u0000b\\u202ec\td\n"
    assert visible(7) == 7
