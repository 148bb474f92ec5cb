"""Recordings made of observations, their reports, and these read again as a browser reads them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from helios_desktop.export.report import write_report
from helios_desktop.journal.database import open_recording
from helios_desktop.journal.note import Note, put
from helios_desktop.journal.writer import Checkpoint, Item, Seen, Unrecorded, Writer
from helios_desktop.monitor.picture import Picture, blank_picture
from helios_desktop.observation import Observation
from helios_desktop.store.checkpoint import FOLD_VERSION, store
from helios_desktop.store.samples import Versions, new_samples, versions

ABOUT = {"cluster": "prod-eu", "environment": "PROD", "sources": "https://node1:8443"}
CHECKPOINT_EVERY = 5_000
_BATCH = 500
_EMPTY = frozenset({"meta", "br", "link", "img", "input", "hr"})


def record(path: Path, *runs: Sequence[Observation], about: dict[str, str] | None = None) -> Path:
    """Write each run as a monitor's recorder does."""
    connection = open_recording(path)
    writer = Writer(connection)
    writer.describe(ABOUT if about is None else about)
    for run in runs:
        first = max(run[0].received_ns // 1_000, writer.last_event + 1)
        writer.begin_run(run[0].received_ns, first, "0.1.0", FOLD_VERSION)
        fold_into(writer, blank_picture(run[0].received_ns, first), run)
        writer.end_run(run[-1].received_ns)
    while writer.index():
        pass
    connection.close()
    return path


def record_with_a_hole(
    path: Path, before: Sequence[Observation], lost: Sequence[Observation], after: Sequence[Observation]
) -> Path:
    """One run, of which the middle could not be written, with the state kept after the first that could again."""
    connection = open_recording(path)
    writer = Writer(connection)
    writer.describe(ABOUT)
    first = before[0].received_ns // 1_000
    writer.begin_run(before[0].received_ns, first, "0.1.0", FOLD_VERSION)
    picture = blank_picture(before[0].received_ns, first)
    fold_into(writer, picture, before)
    for observation in lost:
        picture.see(observation)
    writer.write([Unrecorded(lost[0].received_ns, after[0].received_ns, "disk full", len(lost))])
    fold_into(writer, picture, after[:1])
    writer.write([_checkpoint(picture, {})])
    fold_into(writer, picture, after[1:])
    connection.close()
    return path


def fold_into(writer: Writer, picture: Picture, seen: Sequence[Observation]) -> None:
    """Fold and write them, with a state now and then."""
    kept: Versions = {}
    waiting: list[Item] = []
    for number, observation in enumerate(seen, start=1):
        waiting.append(Seen(observation, *picture.see(observation)))
        if number % CHECKPOINT_EVERY == 0:
            waiting.append(_checkpoint(picture, kept))
            kept = versions(picture.series)
        if len(waiting) >= _BATCH:
            writer.write(waiting)
            waiting = []
    writer.write(waiting)


def _checkpoint(picture: Picture, kept: Versions) -> Checkpoint:
    samples = new_samples(picture.series, kept)
    return Checkpoint(picture.state.now_ns, picture.log.end, FOLD_VERSION, store(picture.state), samples)


def write_note(path: Path, note: Note) -> None:
    """Into a recording that is closed."""
    import sqlite3  # noqa: PLC0415

    with sqlite3.connect(path) as connection:
        put(connection, note)
    connection.close()


@dataclass
class Element:
    """One element; `parts` are its texts and elements in their order."""

    tag: str
    attributes: dict[str, str]
    parts: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What is read of it, with single blanks."""
        return " ".join("".join(self._texts()).split())

    def all(self, tag: str = "", **attributes: str) -> list["Element"]:
        """Those within, in their order, with that tag and those attributes (`class_` has that word)."""
        return [one for one in self._within() if one._is(tag, attributes)]

    def one(self, tag: str = "", **attributes: str) -> "Element":
        """The only one."""
        (found,) = self.all(tag, **attributes)
        return found

    def classes(self) -> set[str]:
        """The words of its class."""
        return set(self.attributes.get("class", "").split())

    def _is(self, tag: str, attributes: dict[str, str]) -> bool:
        if tag and self.tag != tag:
            return False
        words = attributes.get("class_")
        rest = {name: value for name, value in attributes.items() if name != "class_"}
        return (words is None or words in self.classes()) and all(
            self.attributes.get(name) == value for name, value in rest.items()
        )

    def _within(self) -> Iterator["Element"]:
        for part in self.parts:
            if isinstance(part, Element):
                yield part
                yield from part._within()

    def _texts(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, str):
                yield part
            else:
                yield from part._texts()
                yield " " if part.tag in ("td", "th", "li", "p", "dt", "dd", "title", "desc", "text") else ""


class _Reader(HTMLParser):
    """Reads a page whose elements all end where they should."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].parts.append(element)
        if tag not in _EMPTY:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].parts.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> ends a <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].parts.append(data)

    def end(self) -> Element:
        """The whole page."""
        assert self._open == [self.root], f"<{self._open[-1].tag}> has no end"
        return self.root


def read_page(text: str) -> Element:
    """Parse it; fails where an element does not end where it should."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.end()


def report(
    recording: Path,
    *,
    progress: Callable[[float], None] = lambda _share: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    **more: Any,
) -> Element:
    """Write the report beside the recording, in UTC by default, and read it."""
    path = recording.with_suffix(".html")
    write_report(path, recording, **({"zone": UTC} | more), progress=progress, is_cancelled=is_cancelled)
    return read_page(path.read_text(encoding="utf-8"))


def section(page: Element, heading: str) -> Element:
    """The section of that heading."""
    return next(one for one in page.all("section") if any(h2.text == heading for h2 in one.all("h2")))


def sentences(page: Element) -> list[str]:
    """What happened, each with the time of day."""
    (story,) = page.all("ol", class_="story")
    return [f"{li.one('time').text} {li.one('span', class_='told').text}" for li in story.all("li")]
