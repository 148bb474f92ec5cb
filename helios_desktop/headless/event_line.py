"""An event as a line for the eye."""

from datetime import UTC, datetime, tzinfo
from typing import Final

from helios_desktop.event import Event, Severity
from helios_desktop.headless.contact import printable
from helios_desktop.protocol.timestamps import NS
from helios_desktop.summary import summary

_MARKS: Final = {Severity.INFO: " ", Severity.NOTICE: "•", Severity.WARNING: "!", Severity.PROBLEM: "✖"}
_COLOURS: Final = {
    Severity.INFO: "",
    Severity.NOTICE: "\x1b[36m",
    Severity.WARNING: "\x1b[33m",
    Severity.PROBLEM: "\x1b[1;31m",
}
_DIM: Final = "\x1b[2m"
_RESET: Final = "\x1b[0m"
DERIVED_MARK: Final = "ƒ"
TYPE_WIDTH: Final = 18
MAX_NAME_WIDTH: Final = 32
ROOM_FOR_NODE: Final = len(" node1")
"""Kept free behind an observer whose node is not known yet, so that the columns stay where they are."""


class LineWriter:
    """Aligned columns: time, severity mark, who told it and of whom, type, summary with a mark where it is derived.

    The column of names grows with the names that come. A zone of None is this machine's.
    """

    def __init__(self, zone: tzinfo | None, *, is_coloured: bool) -> None:
        self._zone = zone
        self._is_coloured = is_coloured
        self._width = 0

    def line(self, event: Event) -> str:
        """One event, without the end of the line, with nothing in it that could steer a terminal."""
        name = printable(event.observer)
        if event.node and event.node != event.observer:
            # A gateway's name says nothing of the node that it speaks for.
            name = f"{name} {printable(event.node)}"
        if len(name) > MAX_NAME_WIDTH:
            name = name[: MAX_NAME_WIDTH - 1] + "…"
        self._width = max(self._width, len(name) + (0 if event.node else ROOM_FOR_NODE))
        moment = datetime.fromtimestamp(event.at_ns // NS, UTC).astimezone(self._zone)
        time = f"{moment:%Y-%m-%d %H:%M:%S}.{event.at_ns % NS // 1_000_000:03d}"
        mark = _MARKS[event.severity]
        kind = printable(event.type)[:64].ljust(TYPE_WIDTH)
        text = f"{DERIVED_MARK} {summary(event)}" if event.is_derived else summary(event)
        if not self._is_coloured:
            return f"{time} {mark} {name.ljust(self._width)}  {kind}  {text}".rstrip()
        colour = _COLOURS[event.severity]
        if colour:
            mark, kind = f"{colour}{mark}{_RESET}", f"{colour}{kind}{_RESET}"
        return f"{_DIM}{time}{_RESET} {mark} {name.ljust(self._width)}  {kind}  {text}".rstrip()
