"""The tables of a report: what is missing, how good the rest is, notes, and what the report itself is of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from helios_desktop.event_filter import EventFilter
from helios_desktop.export.report_picture import MOST_GAPS, Missed, Range
from helios_desktop.export.report_words import UNKNOWN, Clock, count_text, span_text
from helios_desktop.journal.manifest import BETWEEN_RUNS, LET_GO, Manifest, MissingSpan
from helios_desktop.journal.note import Note
from helios_desktop.words import _

MOST_NOTES: Final = 500
MOST_OBSERVERS: Final = 100


@dataclass(frozen=True)
class Table:
    """`more` rows are left out. Of a row, the first cell is its head; cells of numbers are `is_number`."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    is_number: Sequence[bool]
    more: int = 0


def gap_table(missed: Sequence[Missed], clock: Clock) -> Table:
    """What observers missed although the recorder ran."""
    head = (_("Observer"), _("What is missing"), _("From"), _("To"), _("Length"), _("Messages lost"))
    rows = [
        (
            one.gap.observer,
            _gap_words(one),
            clock.time(one.gap.since_ns),
            _("lasts at the end") if one.lasts else clock.time(one.until_ns),
            span_text(one.until_ns - one.gap.since_ns),
            UNKNOWN if one.gap.lost is None else count_text(one.gap.lost),
        )
        for one in missed[:MOST_GAPS]
    ]
    return Table(head, rows, (False, False, False, False, True, True), len(missed) - len(rows))


def _gap_words(one: Missed) -> str:
    match one.gap.cause:
        case "disconnected" if one.gap.lost == 0:
            return _("nothing, it came once the connection was there again")
        case "disconnected":
            return _("all, there was no connection")
        case "lost":
            return _("messages that the gateway sent")
        case "topic_off":
            topic = "" if one.gap.topic is None else one.gap.topic.value
            return _("“{topic}”, which was switched off").format(topic=topic)
        case cause:
            return cause


def missing_table(missing: Sequence[MissingSpan], clock: Clock) -> Table:
    """What was not recorded, or is not kept any more."""
    head = (_("Why"), _("From"), _("To"), _("Length"), _("Observations lost"))
    reasons = {BETWEEN_RUNS: _("the program did not run"), LET_GO: _("let go of, to keep the journal small")}
    rows = [
        (
            reasons.get(one.reason, one.reason),
            clock.time(one.since_ns),
            clock.time(one.until_ns),
            span_text(one.until_ns - one.since_ns),
            count_text(one.lost) if one.lost else UNKNOWN,
        )
        for one in missing[:MOST_GAPS]
    ]
    return Table(head, rows, (False, False, False, True, True), len(missing) - len(rows))


_COUNTED: Final = (
    ("messages", _("Messages")),
    ("lost", _("Lost, by the numbers of the gateway")),
    ("lost_estimated", _("Lost, by missed beats, about")),
    ("malformed", _("Malformed")),
    ("unknown", _("Of an unknown type")),
    ("partly_unread", _("Partly unread")),
    ("out_of_order", _("Out of order")),
    ("gaps", _("Gaps")),
    ("pushed", _("Changes that were pushed")),
    ("derived", _("Changes that were derived")),
    ("derived_and_pushed", _("Of these, both")),
    ("rest_answers", _("Answers over REST")),
    ("rest_refused", _("Of these, refused")),
)


def quality_table(quality: Mapping[str, Any]) -> Table:
    """The ledgers, a column an observer."""
    shown = list(quality["observers"].items())[:MOST_OBSERVERS]
    ledgers = [told for _name, told in shown]
    rows = [
        (_("Node"), *(told["node_id"] or UNKNOWN for told in ledgers)),
        (_("Dialect"), *(told["dialect"] or UNKNOWN for told in ledgers)),
        *(
            (words, *(UNKNOWN if told[key] is None else count_text(told[key]) for told in ledgers))
            for key, words in _COUNTED
        ),
        (_("Clock of the server, to ours"), *(_offset_text(told["clock_offset_ms"]) for told in ledgers)),
    ]
    head = (_("Observer"), *(name for name, _told in shown))
    return Table(
        head, rows if shown else (), (False, *(True for _one in shown)), len(quality["observers"]) - len(shown)
    )


def _offset_text(offset_ms: float | None) -> str:
    return UNKNOWN if offset_ms is None else f"{offset_ms:+.0f} ms"


@dataclass(frozen=True)
class NoteRow:
    """A bookmark where `text` is ""; `event` is the number of its event where this report shows that."""

    at_ns: int
    until_ns: int | None
    text: str
    event: int | None


def note_rows(notes: Sequence[Note], span: Range, shown: frozenset[int]) -> list[NoteRow]:
    """Those that touch the range, by time."""
    since_ns, until_ns = span
    return [
        NoteRow(note.at_ns, note.until_ns, note.text, note.event if note.event in shown else None)
        for note in sorted(notes, key=lambda note: note.at_ns)
        if note.at_ns < until_ns and (note.until_ns or note.at_ns) >= since_ns
    ]


def filter_lines(chosen: EventFilter, clock: Clock) -> list[tuple[str, str]]:
    """How events were chosen: what is chosen by, and what for. Nothing where it is the notable ones alone."""
    severities = None if chosen.severities is None else [one.name.lower() for one in sorted(chosen.severities)]
    parts = (
        (_("of the types"), None if chosen.types is None else sorted(chosen.types)),
        (_("not of the types"), sorted(chosen.hidden_types) or None),
        (_("of the severities"), severities),
        (_("about the nodes"), None if chosen.nodes is None else sorted(chosen.nodes)),
        (_("not about the nodes"), sorted(chosen.hidden_nodes) or None),
        (_("told by the observers"), None if chosen.observers is None else sorted(chosen.observers)),
        (_("not told by the observers"), sorted(chosen.hidden_observers) or None),
        (_("with the words"), [chosen.text] if chosen.text else None),
        (_("with the pattern"), [chosen.pattern] if chosen.pattern else None),
        (_("from"), None if chosen.since_ns is None else [clock.full(chosen.since_ns)]),
        (_("before"), None if chosen.until_ns is None else [clock.full(chosen.until_ns)]),
    )
    return [(label, ", ".join(values) or UNKNOWN) for label, values in parts if values is not None]


def origin_lines(source: Path, manifest: Manifest, clock: Clock) -> list[tuple[str, str]]:
    """Where the report is from."""
    lines = [(_("Recording"), source.name)]
    if manifest.sources:
        lines.append((_("Gateways"), ", ".join(manifest.sources)))
    if manifest.observers:
        lines.append((_("Observers"), ", ".join(manifest.observers[:MOST_OBSERVERS])))
    if manifest.first_ns is not None and manifest.last_ns is not None:
        recorded = _("{first} to {last}").format(first=clock.full(manifest.first_ns), last=clock.full(manifest.last_ns))
        lines.append((_("Recorded"), recorded))
    lines.append((_("Recorded by"), _("Helios Desktop {version}").format(version=manifest.program or UNKNOWN)))
    if manifest.is_anonymised:
        lines.append((_("Anonymised"), _("host names and addresses in it are made up")))
    return lines
