"""`helios-desktop tail`: what a cluster tells, a line an event, as it happens."""

import difflib
from collections.abc import Callable
from typing import Final, TextIO

from helios_desktop.event import SEVERITIES, Event
from helios_desktop.export.event_json import event_record
from helios_desktop.export.lines import json_line
from helios_desktop.headless.event_line import LineWriter
from helios_desktop.headless.output import Output
from helios_desktop.headless.tally import Tally
from helios_desktop.headless.watch import Ending, Watch
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.observation import Kind, Observation
from helios_desktop.words import _

Listener = Callable[[Observation, tuple[Event, ...]], None]
_UTF_8: Final = frozenset({"utf-8", "utf8"})


async def tail(
    monitor: Monitor,
    *,
    as_json: bool,
    is_raw: bool,
    only: frozenset[str] | None,
    for_s: float | None,
    out: TextIO,
    err: TextIO,
    colour: bool,
) -> int:
    """Run `monitor`, write its events to `out` until the end, and a summary to `err`. Gives the exit code.

    The first connection decides whether there is anything to follow; what is lost later is a line, and tried again.
    """
    note = unknown_types_note(only)
    if note:
        err.write(note + "\n")
    watch = Watch(monitor)
    output = Output(out, watch.end)
    tally = Tally(monitor)
    if is_raw:
        printer = _raw_printer(output, only, is_terminal=colour or out.isatty())
    else:
        printer = _event_printer(output, line_maker(out, as_json=as_json, colour=colour), only)
    stop = [monitor.listen(printer), monitor.listen(tally.take)]
    try:
        outcome = await watch.run(for_s)
    finally:
        for stop_listening in stop:
            stop_listening()
    output.flush()
    if outcome.ending is Ending.INTERRUPTED and err.isatty():
        err.write("\n")  # behind the ^C that the terminal shows
    if outcome.error is not None:
        err.write(_("helios-desktop: {sentence}").format(sentence=outcome.error) + "\n")
    elif outcome.ending is not Ending.NO_READER:
        err.write(tally.summary() + "\n")
    err.flush()
    return outcome.code


def unknown_types_note(only: frozenset[str] | None, *, is_live: bool = True) -> str:
    """A line about types that nobody knows, "" where there are none. A server may send them all the same."""
    unknown = sorted((only or frozenset()) - SEVERITIES.keys())
    if not unknown:
        return ""
    hints = []
    for name in unknown:
        nearest = difflib.get_close_matches(name, SEVERITIES, 1)
        hints.append(_("“{name}” (did you mean {nearest}?)").format(name=name, nearest=nearest[0]) if nearest else name)
    sentence = (
        _("helios-desktop: no type is known by the name {names}; waiting for it all the same.")
        if is_live
        else _("helios-desktop: no type is known by the name {names}; looking for it all the same.")
    )
    return sentence.format(names=", ".join(hints))


def line_maker(out: TextIO, *, as_json: bool, colour: bool) -> Callable[[Event], str]:
    """What makes the line of an event, without its end: for the eye, or for programs."""
    if not as_json:
        return LineWriter(None, is_coloured=colour).line
    is_utf_8 = (out.encoding or "utf-8").lower() in _UTF_8
    return lambda event: json_line(event_record(event), is_ascii=not is_utf_8).rstrip("\n")


def _event_printer(output: Output, make_line: Callable[[Event], str], only: frozenset[str] | None) -> Listener:
    def show(_observation: Observation, events: tuple[Event, ...]) -> None:
        for event in events:
            # What completes an earlier event was told by that one's line.
            if event.completes is None and (only is None or event.type in only):
                output.write(make_line(event))

    return show


def _raw_printer(output: Output, only: frozenset[str] | None, *, is_terminal: bool) -> Listener:
    def show(observation: Observation, events: tuple[Event, ...]) -> None:
        if observation.kind is not Kind.FRAME:
            return
        if only is None or any(event.type in only and not event.is_derived for event in events):
            output.write(raw_line(observation, is_terminal=is_terminal))

    return show


def raw_line(frame: Observation, *, is_terminal: bool) -> str:
    """A frame as it came, without its end; what could steer a terminal is written otherwise there."""
    text = frame.text.rstrip("\r\n")
    return _harmless(text) if is_terminal else text


def _harmless(text: str) -> str:
    # What JSON allows steers no terminal; a malformed frame may try.
    return "".join(sign if sign.isprintable() or sign in "\n\t" else f"\\x{ord(sign):02x}" for sign in text)
