"""What the strip shows, in words: for the pointer, for screen readers, and for its table."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from helios_desktop.journal.note import Note
from helios_desktop.monitor.survey import Blind, Missing, Survey
from helios_desktop.qt.quantities import UNKNOWN, count_text, latency_text
from helios_desktop.qt.strip import problems_in_view
from helios_desktop.qt.time_scale import TimeScale
from helios_desktop.qt.times import NS, TimeStyle, second_text, span_text, zone_label
from helios_desktop.store.leadership_spans import Lead
from helios_desktop.words import _, ngettext

_REACH_PX: Final = 4
_NS_PER_MS: Final = 1_000_000


class SpanRow(NamedTuple):
    """One stretch of the recording, for the table: `problems` None where nothing is told of it."""

    since_ns: int
    until_ns: int
    what: str
    problems: int | None


def span_rows(survey: Survey) -> list[SpanRow]:
    """Who led, who did not, and what is missing, oldest first."""
    rows = [
        SpanRow(lead.since_ns, lead.until_ns, _lead_words(lead), _problems_within(survey, lead.since_ns, lead.until_ns))
        for lead in survey.leads
    ]
    rows += [SpanRow(blind.since_ns, blind.until_ns, blind_words(blind), None) for blind in survey.blinds]
    return sorted(rows)


def instant_words(at_ns: int, survey: Survey | None, notes: Sequence[Note], scale: TimeScale, style: TimeStyle) -> str:
    """What was at that instant: its time, who led, what is missing, problems and notes within a few pixels."""
    # A relative style has no clock.
    clock = TimeStyle.LOCAL if style is TimeStyle.RELATIVE else style
    lines = [f"{second_text(at_ns, clock)} {zone_label(clock, at_ns)}"]
    if survey is None:
        return lines[0]
    blind = next((one for one in survey.blinds if one.since_ns <= at_ns < one.until_ns), None)
    lead = next((one for one in survey.leads if one.since_ns <= at_ns < one.until_ns), None)
    if blind is not None:
        lines.append(blind_words(blind))
    elif lead is not None:
        lines.append(_lead_words(lead))
    reach_ns = round(scale.span_ns / scale.width_px * _REACH_PX)
    near = TimeScale(at_ns - reach_ns, at_ns + reach_ns, 1)
    problems = len(problems_in_view(survey, near))
    if problems:
        lines.append(ngettext("{n} problem here", "{n} problems here", problems).format(n=count_text(problems)))
    lines += [note_words(note) for note in notes if _touches(note, near)]
    return "\n".join(lines)


def note_words(note: Note) -> str:
    """A note in one line."""
    first, _newline, _rest = note.text.partition("\n")
    return _("Note: {text}").format(text=first) if first else _("Bookmark")


def blind_words(blind: Blind) -> str:
    """Why nothing is told of a stretch."""
    match blind.why:
        case Missing.NOT_RECORDED:
            reason = blind.reason
            return _("Not recorded: {reason}").format(reason=reason) if reason else _("Not recorded")
        case Missing.NOT_RUNNING:
            return _("Nothing recorded: the program did not run")
        case Missing.NOT_HEARD:
            return _("No connection: nothing is known")


def length_text(length_ns: int) -> str:
    """As `span_text`, and below a second in milliseconds: an election is no longer."""
    return span_text(length_ns) if length_ns >= NS else latency_text(length_ns // _NS_PER_MS)


def survey_words(survey: Survey) -> str:
    """How long the recording is, and how much of it."""
    return span_text(survey.last_ns - survey.first_ns)


def _lead_words(lead: Lead) -> str:
    if lead.leader is None:
        return _("No leader for {span}").format(span=length_text(lead.duration_ns))
    term = UNKNOWN if lead.term is None else count_text(lead.term)
    return _("{node} leads term {term}").format(node=lead.leader, term=term)


def _problems_within(survey: Survey, since_ns: int, until_ns: int) -> int:
    known, density = survey.problems, survey.density
    begin, end = np.searchsorted(known, (since_ns, until_ns))
    starts = density.since_ns + np.arange(len(density.problems)) * density.width_ns
    is_older = (starts >= since_ns) & (starts < until_ns)
    if len(known):
        is_older &= starts + density.width_ns <= known[0]
    return int(end - begin) + int(density.problems[is_older].sum())


def _touches(note: Note, near: TimeScale) -> bool:
    until_ns = note.at_ns if note.until_ns is None else note.until_ns
    return note.at_ns <= near.until_ns and until_ns >= near.since_ns
