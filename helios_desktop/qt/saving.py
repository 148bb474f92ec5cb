"""From what is shown to a file of it: a recording to keep or give away, and an incident report."""

import re
import time
from collections.abc import Callable
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QWidget

from helios_desktop.export.background import BREATH_S, IsCancelled, Progress, in_background
from helios_desktop.export.replacement import ExportCancelled, ExportError
from helios_desktop.journal.manifest import Manifest
from helios_desktop.journal.place import RECORDING_SUFFIX
from helios_desktop.journal.recording import CancelledError, RecordingError
from helios_desktop.monitor.recordings import Maker, save
from helios_desktop.monitor.watched import Watched
from helios_desktop.qt.quantities import bytes_text, count_text
from helios_desktop.qt.save_dialog import Choice, Make, Order, Product, SaveDialog, SaveError
from helios_desktop.qt.tasks import Tasks
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.times import NS, TimeStyle, moment, second_text, zone_label, zone_of
from helios_desktop.version import program_version
from helios_desktop.words import _, ngettext

_NOT_IN_NAMES: Final = re.compile(r"[^\w.-]+")
REPORT_SUFFIX: Final = ".html"
_MINUTE_NS: Final = 60 * NS

Span = tuple[int, int]


class Saving:
    """Opens the dialogs. `say` is told where there is nothing to save."""

    def __init__(self, window: QWidget, tasks: Tasks, say: Callable[[str], None]) -> None:
        self._window = window
        self._tasks = tasks
        self._say = say
        self._watched: Watched | None = None
        self._style = TimeStyle.UTC

    def take(self, watched: Watched | None) -> None:
        """Save of this one from now on."""
        self._watched = watched

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention."""
        self._style = style

    def save_recording(self, theme: Theme, chosen: Span | None, view: Span | None) -> SaveDialog | None:
        """Ask what to save as a recording; None where nothing is recorded."""
        product = Product(
            _("Save a recording"),
            _("One file with all that was seen, and its bookmarks and notes. Passwords and tokens are never in it."),
            _("Save"),
            RECORDING_SUFFIX,
            can_disguise=True,
        )
        return self._open(product, lambda path: partial(_save, path), theme, chosen, view)

    def write_report(self, theme: Theme, chosen: Span | None, view: Span | None) -> SaveDialog | None:
        """Ask what to report; None where nothing is recorded."""
        product = Product(
            _("Incident report"),
            _("One page for people: what happened, who led, graphs, gaps and notes. Any browser shows and prints it."),
            _("Write"),
            REPORT_SUFFIX,
            can_disguise=False,
        )
        zone = zone_of(self._style)
        return self._open(product, lambda path: partial(_report, path, zone), theme, chosen, view)

    def _open(
        self,
        product: Product,
        make_from: Callable[[Path], Make],
        theme: Theme,
        chosen: Span | None,
        view: Span | None,
    ) -> SaveDialog | None:
        watched = self._watched
        history = None if watched is None else watched.history
        if watched is None or history is None:
            self._say(_("Nothing is recorded here, so there is nothing to save."))
            return None
        choices = choices_of(watched.now_ns(), chosen, view, self._style)
        path = _first_path(watched, product.suffix)
        dialog = SaveDialog(product, choices, path, make_from(history), self._tasks, theme, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
        return dialog


def choices_of(now_ns: int, chosen: Span | None, view: Span | None, style: TimeStyle) -> tuple[Choice, ...]:
    """What one can save: the range that was chosen, the last minutes, what is in view, everything."""
    style = TimeStyle.LOCAL if style is TimeStyle.RELATIVE else style
    # What was chosen is what is meant; else the last half hour, which an incident seldom exceeds.
    usual_minutes = 0 if chosen is not None else 30
    found = []
    if chosen is not None:
        found.append(Choice(_("The chosen range"), chosen, _span_words(chosen, style), is_first=True))
    for minutes in (5, 30):
        text = ngettext("The last {n} minute", "The last {n} minutes", minutes).format(n=minutes)
        since_ns = now_ns - minutes * _MINUTE_NS
        detail = _("until {until}").format(until=f"{second_text(now_ns, style)} {zone_label(style, now_ns)}")
        found.append(Choice(text, (since_ns, now_ns + 1), detail, is_first=minutes == usual_minutes))
    if view is not None:
        found.append(Choice(_("What the overview shows"), view, _span_words(view, style)))
    found.append(Choice(_("Everything that is recorded"), (None, None)))
    return tuple(found)


async def _save(source: Path, order: Order, progress: Progress, is_cancelled: IsCancelled) -> str:
    def work(tell: Progress, is_unwanted: IsCancelled) -> tuple[Manifest, int]:
        if order.path.resolve() == source.resolve():
            raise SaveError(_("This is the file that is read: name another one."))
        maker = Maker(program_version(), time.time_ns())
        since_ns, until_ns = order.span
        made = save(
            source,
            order.path,
            maker,
            since_ns=since_ns,
            until_ns=until_ns,
            is_anonymised=order.is_disguised,
            progress=tell,
            is_cancelled=is_unwanted,
        )
        return made, order.path.stat().st_size

    try:
        manifest, size = await in_background(work, progress=progress, is_cancelled=is_cancelled, breath_s=BREATH_S)
    except CancelledError:
        raise SaveError(_("Cancelled; no file was written."), is_wanted=True) from None
    except RecordingError as error:
        raise SaveError(str(error)) from error
    words = ngettext("Saved {n} event to {path} ({size}).", "Saved {n} events to {path} ({size}).", manifest.events)
    return words.format(n=count_text(manifest.events), path=order.path, size=bytes_text(size))


async def _report(
    source: Path, zone: tzinfo | None, order: Order, progress: Progress, is_cancelled: IsCancelled
) -> str:
    def work(tell: Progress, is_unwanted: IsCancelled) -> None:
        # What makes the page takes long to load, and few ask for one.
        from helios_desktop.export.report import write_report  # noqa: PLC0415 - see above

        since_ns, until_ns = order.span
        write_report(
            order.path,
            source,
            zone=zone,
            progress=tell,
            is_cancelled=is_unwanted,
            since_ns=since_ns,
            until_ns=until_ns,
        )

    try:
        await in_background(work, progress=progress, is_cancelled=is_cancelled, breath_s=BREATH_S)
    except ExportCancelled as error:
        raise SaveError(str(error), is_wanted=True) from None
    except (ExportError, RecordingError) as error:
        raise SaveError(str(error)) from error
    return _("Wrote the report to {path}.").format(path=order.path)


def _span_words(span: Span, style: TimeStyle) -> str:
    since, until = (second_text(at_ns, style) for at_ns in span)
    return _("{since} to {until} {zone}").format(since=since, until=until, zone=zone_label(style, span[1]))


def _first_path(watched: Watched, suffix: str) -> Path:
    documents = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
    folder = documents if documents.is_dir() else Path.home()
    name = _NOT_IN_NAMES.sub("-", watched.target.name).strip("-.") or "helios"
    at = moment(watched.now_ns(), TimeStyle.LOCAL)
    return folder / f"{name}-{at:%Y-%m-%d-%H%M}{suffix}"
