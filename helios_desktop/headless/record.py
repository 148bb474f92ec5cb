"""`helios-desktop record`: what a cluster tells, as a recording."""

from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from secrets import token_hex
from typing import TextIO

from helios_desktop.export.replacement import PARTS
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.gather import Cluster, Gathered, gather
from helios_desktop.headless.job import run_job
from helios_desktop.headless.recordings import CUTTING, check_target
from helios_desktop.journal.database import open_journal
from helios_desktop.journal.failure import FAILURES, reason_of
from helios_desktop.journal.manifest import (
    BETWEEN_RUNS,
    LET_GO,
    MANIFEST,
    Manifest,
    MissingSpan,
    encoded,
    find_manifest,
)
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recording import unreadable
from helios_desktop.journal.writer import Writer
from helios_desktop.monitor.recordings import Maker, save
from helios_desktop.version import program_version
from helios_desktop.words import _, ngettext


async def record(
    cluster: Cluster,
    path: Path,
    *,
    for_s: float | None,
    is_replacing: bool,
    is_anonymised: bool,
    err: TextIO,
) -> int:
    """Record `cluster` into `path` for so long, or until Ctrl-C or SIGTERM; all that is said goes to `err`.

    Killed, the file is read as it is: `info`, `tail` and the window need nothing else. Without a first contact there
    is no file. Gives the exit code; raises `CommandError`.
    """
    check_target(path, is_replacing=is_replacing)
    connected = (
        _("connected; recording until Ctrl-C")
        if for_s is None
        else _("connected; recording for {seconds:g} s, or until Ctrl-C").format(seconds=for_s)
    )
    old = _set_aside(path)
    journal = path.with_name(f".{path.name[:100]}.{token_hex(4)}.part") if is_anonymised else path
    try:
        gathered = await _gather(cluster, journal, for_s, connected, err)
        if is_anonymised:
            manifest = await _anonymise(journal, path, Maker(program_version(), cluster.now_ns()), err)
        else:
            manifest = _finish(path, gathered, err)
    except CommandError as error:
        if old is None or _has_put_back(old, path):
            raise
        kept = _("What was there before is in {path}.").format(path=old)
        raise CommandError(error.code, f"{error} {kept}") from None
    if old is not None:
        remove_recording(old)
    return _say(path, gathered, manifest, err)


def remove_recording(path: Path) -> None:
    """With all that SQLite keeps beside it."""
    for ending in PARTS:
        with suppress(OSError):
            Path(f"{path}{ending}").unlink(missing_ok=True)


async def _gather(cluster: Cluster, path: Path, for_s: float | None, connected: str, err: TextIO) -> Gathered:
    """Say at the end what was seen. Where nothing is recorded, nothing is left at `path`."""
    try:
        gathered = await gather(
            cluster,
            path,
            for_s=for_s,
            doing=_("recording"),
            connected=connected,
            elsewhere=_("Choose another file name or folder."),
            err=err,
        )
        if gathered.outcome.error is not None:
            raise gathered.outcome.error
    except CommandError:
        remove_recording(path)
        raise
    err.write(f"{gathered.summary}\n")
    return gathered


async def _anonymise(journal: Path, path: Path, maker: Maker, err: TextIO) -> Manifest:
    try:
        manifest = await run_job(
            lambda progress, is_cancelled: save(
                journal, path, maker, is_anonymised=True, progress=progress, is_cancelled=is_cancelled
            ),
            _("anonymising"),
            failures=CUTTING,
            err=err,
        )
    except CommandError as error:
        kept = _("What was recorded is in {path}, with its names.").format(path=journal)
        raise CommandError(error.code, f"{error} {kept}") from None
    remove_recording(journal)
    return manifest


def _finish(path: Path, gathered: Gathered, err: TextIO) -> Manifest:
    """Make one file of it, that describes itself. Where only that fails it is read all the same.

    Raises `CommandError` where it cannot be read.
    """
    try:
        with Reader(path) as reader:
            manifest = find_manifest(reader)
    except FAILURES as error:
        sentences = (str(unreadable(path, error)), *_lacks(path, gathered, ()))
        raise CommandError(ExitCode.FAILURE, " ".join(sentences)) from None
    try:
        with closing(open_journal(path)) as connection:
            Writer(connection).describe({MANIFEST: encoded(manifest)})
            connection.execute("PRAGMA journal_mode = DELETE")
    except FAILURES as error:
        sentence = _("{path} is not one file yet ({reason}): keep what stands beside it, and open it again later.")
        said = sentence.format(path=path, reason=reason_of(error))
        err.write(_("helios-desktop: {sentence}").format(sentence=said) + "\n")
    return manifest


def _set_aside(path: Path) -> Path | None:
    """Keep what was there under another name; None where nothing was."""
    if not path.exists():
        return None
    old = path.with_name(f".{path.name[:100]}.{token_hex(4)}.old")
    _rename(path, old)
    return old


def _has_put_back(old: Path, path: Path) -> bool:
    """Give what was there its name again; False where something else has it now, or it cannot be done."""
    if path.exists():
        return False
    try:
        _rename(old, path)
    except OSError:
        return False
    return path.exists()


def _rename(path: Path, new: Path) -> None:
    for ending in PARTS:
        with suppress(FileNotFoundError):
            Path(f"{path}{ending}").rename(f"{new}{ending}")


def _say(path: Path, gathered: Gathered, manifest: Manifest, err: TextIO) -> int:
    count = manifest.events
    written = ngettext("{n} event in {path}", "{n} events in {path}", count).format(n=count, path=path)
    err.write(_("helios-desktop: {sentence}").format(sentence=written) + "\n")
    lacks = _lacks(path, gathered, manifest.gaps)
    if lacks:
        raise CommandError(ExitCode.FAILURE, " ".join(lacks))
    return gathered.outcome.code


def _lacks(path: Path, gathered: Gathered, gaps: Sequence[MissingSpan]) -> list[str]:
    """Sentences that say what is missing, and where it may be; none where the recording is whole."""
    sentences = [] if gathered.is_whole else [gathered.lack]
    if gathered.set_aside is not None:
        sentence = _("It is now {path}; “helios-desktop trim --rescue” saves what can be read of it.")
        sentences.append(sentence.format(path=gathered.set_aside))
    missing = sum(gap.reason not in (BETWEEN_RUNS, LET_GO) for gap in gaps)
    if missing and not sentences:
        sentence = ngettext(
            "{path} has a gap: “helios-desktop info” says when and why.",
            "{path} has {n} gaps: “helios-desktop info” says when and why.",
            missing,
        )
        sentences.append(sentence.format(path=path, n=missing))
    return sentences
