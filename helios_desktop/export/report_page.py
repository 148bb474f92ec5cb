"""The page of a report: what was found out, filled into the template, part by part."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from jinja2 import DictLoader, Environment, StrictUndefined

from helios_desktop.event import Severity
from helios_desktop.export.report_drawing import CHART_HEIGHT, PATH_WIDTH, Drawings, kind_text
from helios_desktop.export.report_events import EventRow, visible
from helios_desktop.export.report_lanes import Kind, Span
from helios_desktop.export.report_sentences import Sentence
from helios_desktop.export.report_tables import NoteRow, Table
from helios_desktop.export.report_verdicts import Stretch
from helios_desktop.export.report_words import Clock, count_text, span_text
from helios_desktop.store.verdict import Level, Verdict
from helios_desktop.words import _, ngettext

TEMPLATE: Final = "report.html.j2"
STYLE: Final = "report.css"
_PARTS: Final = 100
"""So many pieces of the template are given at once."""


@dataclass(frozen=True)
class Page:
    """All that the template shows.

    span:      first and last instant
    asked:     the range that was asked for, where less than that was recorded; None where it is the same
    worst_count: how many stretches were as bad as the worst
    leads:     who led when, the table beside the lanes; `more_leads` are left out
    is_of_notable: no filter names types or severities, so that only notable events are shown
    by_type:   how many events were chosen, by type
    """

    cluster: str
    environment: str
    program: str
    made_ns: int
    clock: Clock
    span: tuple[int, int]
    asked: str | None
    observations: int
    verdict: Verdict
    quorum: str
    worst: Stretch | None
    worst_count: int
    story: Sequence[Sentence]
    more_story: str
    drawings: Drawings
    leads: Sequence[Span]
    more_leads: int
    more_lanes: int
    events: Sequence[EventRow]
    events_in_all: int
    by_type: Mapping[str, int]
    is_of_notable: bool
    missing: Table
    gaps: Table
    quality: Table
    notes: Sequence[NoteRow]
    more_notes: int
    filters: Sequence[tuple[str, str]]
    origin: Sequence[tuple[str, str]]


def render(page: Page) -> Iterator[str]:
    """The HTML, in parts. No text can become markup: all are escaped, and what cannot be seen is written out."""
    resources = files("helios_resources")
    sources = {name: (resources / name).read_text(encoding="utf-8") for name in (TEMPLATE, STYLE)}
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible,
    )
    environment.globals.update(
        _=_,
        ngettext=ngettext,
        count_text=count_text,
        span_text=span_text,
        kind_text=kind_text,
        Kind=Kind,
        level_words=level_words,
        level_glyphs=_LEVEL_GLYPHS,
        severity_words=severity_words,
        severity_glyphs=_SEVERITY_GLYPHS,
        chart_height=CHART_HEIGHT,
        path_width=PATH_WIDTH,
    )
    environment.globals.update(page=page, clock=page.clock)
    stream = environment.get_template(TEMPLATE).stream()
    stream.enable_buffering(_PARTS)
    yield from stream


_LEVEL_GLYPHS: Final = {Level.WELL: "●", Level.WARNING: "▲", Level.PROBLEM: "✕", Level.UNKNOWN: "◌"}
_SEVERITY_GLYPHS: Final = {Severity.INFO: "·", Severity.NOTICE: "●", Severity.WARNING: "▲", Severity.PROBLEM: "✕"}


def level_words(level: Level) -> str:
    """How well, as a word."""
    match level:
        case Level.WELL:
            return _("Well")
        case Level.WARNING:
            return _("Warning")
        case Level.PROBLEM:
            return _("Problem")
        case Level.UNKNOWN:
            return _("Unknown")


def severity_words(severity: Severity) -> str:
    """How grave, as a word."""
    match severity:
        case Severity.INFO:
            return _("info")
        case Severity.NOTICE:
            return _("notice")
        case Severity.WARNING:
            return _("warning")
        case Severity.PROBLEM:
            return _("problem")
