"""`helios-desktop export`: what a cluster tells within some time, as a file."""

from datetime import UTC
from pathlib import Path
from typing import TextIO

from helios_desktop.event import Event, keep
from helios_desktop.export.events_file import ExportError, check_writable, write_events
from helios_desktop.export.lines import Format
from helios_desktop.export.meta import meta_of
from helios_desktop.headless.exit_codes import ExitCode
from helios_desktop.headless.tail import unknown_types_note
from helios_desktop.headless.tally import Tally
from helios_desktop.headless.watch import Ending, Watch
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.observation import Observation
from helios_desktop.store.log import EventFilter
from helios_desktop.words import _, ngettext


async def export(
    monitor: Monitor,
    *,
    path: Path,
    format: Format,  # noqa: A002 - what it is
    for_s: float,
    only: frozenset[str] | None,
    is_utc: bool,
    err: TextIO,
) -> int:
    """Run `monitor` for `for_s` seconds and write its events to `path`; all that is said goes to `err`.

    Whether `path` can be written is found out first. Ctrl-C ends the gathering early, and what there is is written;
    pressed once more, nothing is. Gives the exit code.
    """
    note = unknown_types_note(only)
    if note:
        err.write(note + "\n")
    try:
        check_writable(path)
    except ExportError as error:
        err.write(_("helios-desktop: {sentence}").format(sentence=error) + "\n")
        return ExitCode.FAILURE
    events: list[Event] = []

    def gather(_observation: Observation, told: tuple[Event, ...]) -> None:
        keep(events, (event for event in told if only is None or event.type in only))

    def say_that_it_goes_on() -> None:
        said = _("connected; gathering for {seconds:g} s, or until Ctrl-C").format(seconds=for_s)
        err.write(_("helios-desktop: {sentence}").format(sentence=said) + "\n")
        err.flush()

    watch = Watch(monitor, say_that_it_goes_on)
    tally = Tally(monitor)
    stop = [monitor.listen(gather), monitor.listen(tally.take)]
    try:
        outcome = await watch.run(for_s)
    finally:
        for stop_listening in stop:
            stop_listening()
    if outcome.error is not None:
        err.write(_("helios-desktop: {sentence}").format(sentence=outcome.error) + "\n")
        return outcome.code
    meta = meta_of(
        monitor,
        filter=None if only is None else EventFilter(types=only),
        is_complete=outcome.ending is Ending.TIME_UP,
    )
    try:
        count = await write_events(
            path,
            events,
            format=format,
            meta=meta,
            zone=UTC if is_utc else None,
            progress=lambda _written: None,
            is_cancelled=lambda: False,
        )
    except ExportError as error:
        err.write(_("helios-desktop: {sentence}").format(sentence=error) + "\n")
        return ExitCode.FAILURE
    written = ngettext("{n} event in {path}", "{n} events in {path}", count).format(n=count, path=path)
    err.write(f"{tally.summary()}\nhelios-desktop: {written}\n")
    return outcome.code
