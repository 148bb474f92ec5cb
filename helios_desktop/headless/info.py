"""`helios-desktop info`: what a recording holds, and whether it is whole."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final, TextIO

from helios_desktop.event import Gap
from helios_desktop.export.background import IsCancelled, Progress
from helios_desktop.export.event_data import gap_record, instant
from helios_desktop.export.lines import json_line
from helios_desktop.export.meta import notes_record, span_record, states_of
from helios_desktop.export.source import EVERYTHING
from helios_desktop.headless.contact import printable
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.job import run_job
from helios_desktop.headless.output import Output
from helios_desktop.headless.watch import Outcome
from helios_desktop.journal.manifest import Manifest, MissingSpan, find_manifest, read_manifest
from helios_desktop.journal.note import Note
from helios_desktop.journal.passage import Passage, snapshot
from helios_desktop.journal.reader import Reader, RunRow
from helios_desktop.journal.recording import RecordingError, open_reader, unreadable
from helios_desktop.journal.scribe import size_of
from helios_desktop.words import _, ngettext

MOST_LINES: Final = 20
"""Of gaps, runs and notes each, for the eye; `--json` has all."""
MOST_FAULTS: Final = 10
_NS: Final = 1_000_000_000
_MB: Final = 1_000_000


@dataclass(frozen=True)
class Info:
    """What was found out of a file.

    is_ended: its last run ended well
    faults:   what SQLite's check of the whole file found; None where it was not asked for
    """

    path: Path
    size_bytes: int
    manifest: Manifest
    by_type: dict[str, int]
    runs: Sequence[RunRow]
    gaps: Sequence[Gap]
    notes: Sequence[Note]
    is_ended: bool
    faults: Sequence[str] | None


async def info(path: Path, *, as_json: bool, is_checked: bool, out: TextIO, err: TextIO) -> int:
    """Write what is found to `out`. Raises `CommandError`, also where the check finds faults."""
    found = await run_job(
        lambda progress, is_cancelled: look(path, progress, is_cancelled, is_checked=is_checked),
        _("checking") if is_checked else _("reading"),
        failures=(RecordingError,),
        err=err,
    )
    endings: list[Outcome] = []
    output = Output(out, endings.append)
    if as_json:
        is_ascii = (out.encoding or "utf-8").lower() not in ("utf-8", "utf8")
        output.write(json_line(info_record(found), is_ascii=is_ascii).rstrip("\n"))
    else:
        for line in info_lines(found, None):
            output.write(line)
    output.flush()
    for ending in endings:
        if ending.error is not None:
            raise ending.error
    if found.faults:
        sentence = _("{path} is damaged. What can still be read of it is saved by “helios-desktop trim --rescue”.")
        raise CommandError(ExitCode.FAILURE, sentence.format(path=path))
    return ExitCode.WELL


def look(path: Path, progress: Progress, is_cancelled: IsCancelled, *, is_checked: bool) -> Info:
    """Find out all. For a thread: to check a large file takes a while. Raises `RecordingError`."""
    with open_reader(path) as reader:
        try:
            # The check is one call of SQLite; this is asked between its steps.
            reader.connection.set_progress_handler(is_cancelled, 100_000)
            faults = _faults(reader) if is_checked else None
            progress(0.5)
            with snapshot(reader):
                runs = reader.runs()
                is_live = bool(runs) and runs[-1].ended_ns is None
                gaps = [gap for state in states_of(reader, EVERYTHING) for gap in state.gaps]
                return Info(
                    path,
                    size_of(path),
                    find_manifest(reader) if is_live else read_manifest(reader),
                    _counts(reader),
                    runs,
                    gaps,
                    reader.notes(),
                    not is_live,
                    faults,
                )
        except sqlite3.Error as error:
            raise unreadable(path, error) from error


def info_record(found: Info) -> dict[str, object]:
    """As one JSON object: its keys are a contract. Instants are RFC 3339 in UTC."""
    manifest = found.manifest
    return {
        "type": "info",
        "path": str(found.path),
        "size_bytes": found.size_bytes,
        "format": manifest.format,
        "program": manifest.program,
        "created_at": instant(manifest.created_ns),
        "cluster": manifest.cluster,
        "environment": manifest.environment,
        "sources": list(manifest.sources),
        "anonymised": manifest.is_anonymised,
        "observers": list(manifest.observers),
        "range": {"from": instant(manifest.first_ns), "to": instant(manifest.last_ns)},
        "observations": manifest.observations,
        "events": manifest.events,
        "by_type": found.by_type,
        "runs": [
            {"started_at": instant(run.started_ns), "ended_at": instant(run.ended_ns), "program": run.program}
            for run in found.runs
        ],
        "ended_well": found.is_ended,
        "not_recorded": [span_record(span) for span in manifest.gaps],
        "gaps": [gap_record(gap) for gap in found.gaps],
        "notes": notes_record(found.notes),
        "integrity": None if found.faults is None else {"ok": not found.faults, "faults": list(found.faults)},
    }


def info_lines(found: Info, zone: tzinfo | None) -> Iterator[str]:
    """For the eye; times in `zone`, None for this machine's."""
    manifest = found.manifest
    rows = [
        (_("file"), _("{path}, {size:.1f} MB").format(path=found.path, size=found.size_bytes / _MB)),
        (_("cluster"), " ".join(part for part in (manifest.cluster, manifest.environment) if part) or "—"),
        (_("gateways"), ", ".join(manifest.sources) or "—"),
        (_("told by"), ", ".join(manifest.observers) or "—"),
        (_("range"), _range_text(manifest, zone)),
        (_("observations"), str(manifest.observations)),
        (_("events"), str(manifest.events)),
        (_("program"), _("{program}, format {format}").format(program=manifest.program or "—", format=manifest.format)),
    ]
    if manifest.is_anonymised:
        rows.append((_("names"), _("host names and addresses are made up")))
    if not found.is_ended:
        rows.append((_("end"), _("cut from a longer one, still being written, or its writer was killed")))
    if found.faults is not None:
        rows.append((_("integrity"), "; ".join(found.faults) or _("whole")))
    width = max(len(name) for name, _text in rows)
    for name, text in rows:
        yield f"{name.ljust(width)}  {printable(text)}"
    types = [f"  {count:>9}  {printable(name)}" for name, count in sorted(found.by_type.items(), key=_most_first)]
    yield from _section(_("types"), types, most=len(types))
    yield from _section(_("runs"), [_run_text(run, zone) for run in found.runs])
    yield from _section(_("not recorded"), [_span_text(span, zone) for span in manifest.gaps])
    yield from _section(_("gaps"), [_gap_text(gap, zone) for gap in found.gaps])
    yield from _section(_("notes"), [_note_text(note, zone) for note in found.notes])


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    name, count = counted
    return -count, name


def _section(name: str, lines: Sequence[str], most: int = MOST_LINES) -> Iterator[str]:
    if not lines:
        return
    yield name
    yield from lines[:most]
    rest = len(lines) - most
    if rest > 0:
        yield ngettext("  and {n} more: --json has all", "  and {n} more: --json has all", rest).format(n=rest)


def _range_text(manifest: Manifest, zone: tzinfo | None) -> str:
    if manifest.first_ns is None or manifest.last_ns is None:
        return _("nothing yet")
    return _("{first} to {last}, {seconds:.0f} s").format(
        first=_at(manifest.first_ns, zone),
        last=_at(manifest.last_ns, zone),
        seconds=(manifest.last_ns - manifest.first_ns) / _NS,
    )


def _run_text(run: RunRow, zone: tzinfo | None) -> str:
    ended = _("no end") if run.ended_ns is None else _at(run.ended_ns, zone)
    return _("  {since} to {until}, {program}").format(
        since=_at(run.started_ns, zone), until=ended, program=printable(run.program)
    )


def _span_text(span: MissingSpan, zone: tzinfo | None) -> str:
    return _("  {since} to {until}, {reason}, {n} lost").format(
        since=_at(span.since_ns, zone), until=_at(span.until_ns, zone), reason=printable(span.reason), n=span.lost
    )


def _gap_text(gap: Gap, zone: tzinfo | None) -> str:
    until = _("now") if gap.until_ns is None else _at(gap.until_ns, zone)
    what = gap.cause if gap.topic is None else f"{gap.cause} ({gap.topic.value})"
    if gap.lost is not None:
        what = _("{what}, {n} lost").format(what=what, n=gap.lost)
    return _("  {since} to {until}, {observer}, {what}").format(
        since=_at(gap.since_ns, zone), until=until, observer=printable(gap.observer), what=what
    )


def _note_text(note: Note, zone: tzinfo | None) -> str:
    until = "" if note.until_ns is None else _(" to {until}").format(until=_at(note.until_ns, zone))
    return f"  {_at(note.at_ns, zone)}{until}  {printable(note.text) or _('bookmark')}"


def _at(at_ns: int, zone: tzinfo | None) -> str:
    return f"{datetime.fromtimestamp(at_ns // _NS, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S%z}"


def _counts(reader: Reader) -> dict[str, int]:
    (counted,) = Passage(reader, EVERYTHING).count()
    return dict(sorted(counted.by_type.items()))


def _faults(reader: Reader) -> list[str]:
    rows = reader.connection.execute(f"PRAGMA integrity_check({MOST_FAULTS})").fetchall()
    return [str(row[0]) for row in rows if row[0] != "ok"]
