"""The command line of `helios-desktop`."""

import argparse
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from helios_desktop.export.lines import Format
from helios_desktop.headless import argument_kinds as kinds
from helios_desktop.headless.bounds import Bounds
from helios_desktop.headless.instants import BeforeEnd
from helios_desktop.headless.options import (
    CheckOptions,
    Command,
    CutOptions,
    ExportOptions,
    InfoOptions,
    Options,
    RecordOptions,
    TailOptions,
    WindowOptions,
)
from helios_desktop.headless.source_arguments import Named, add_source, named, required, required_cluster
from helios_desktop.version import program_version
from helios_desktop.words import _

PROGRAM: Final = "helios-desktop"
_TIMES: Final = ("--since", "--until")
_BEFORE_END: Final = re.compile(r"-\d.*", re.ASCII)


def parse(argv: Sequence[str]) -> Options:
    """Read the arguments, without the program's name.

    Ends the process by SystemExit as argparse does: 0 after `--help` and `--version`, 2 with a sentence on stderr
    where they cannot be followed. No sentence repeats a secret.
    """
    match list(_joined(argv)):
        case ["tail", *rest]:
            return _tail(rest)
        case ["export", *rest]:
            return _export(rest)
        case ["report", *rest]:
            return _report(rest)
        case ["record", *rest]:
            return _record(rest)
        case ["check", *rest]:
            return _check(rest)
        case ["replay", *rest]:
            return _window(rest, is_replay=True)
        case ["info", *rest]:
            return _info(rest)
        case ["trim", *rest]:
            return _trim(rest)
        case ["merge", *rest]:
            return _merge(rest)
        case arguments:
            return _window(arguments, is_replay=False)


class _Version(argparse.Action):
    """argparse's own wants the version before anybody asks for it."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002 - argparse's name
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_found: Any, **_named: Any) -> NoReturn:
        print(f"{PROGRAM} {program_version()}")
        parser.exit()


def _joined(argv: Sequence[str]) -> Iterable[str]:
    """With `--since -30m` as `--since=-30m`: argparse takes what begins with a dash for an option."""
    arguments = iter(argv)
    for argument in arguments:
        following = next(arguments, None) if argument in _TIMES else None
        if following is None:
            yield argument
        elif _BEFORE_END.fullmatch(following):
            yield f"{argument}={following}"
        else:
            yield from (argument, following)


def _window(arguments: list[str], *, is_replay: bool) -> Options:
    if is_replay:
        parser = _parser(f"{PROGRAM} replay", _("Show a recording in the window."), _codes_help())
        parser.add_argument("recording", metavar="RECORDING", type=Path)
    else:
        parser = _parser(PROGRAM, _("Watch a Helios Raft cluster."), _commands_help())
        add_source(parser)
    picture = parser.add_argument_group(_("a picture instead of a window"))
    picture.add_argument("--screenshot", metavar="FILE", type=Path, help=_("draw the window into FILE (.png) and end"))
    picture.add_argument("--after", metavar="S", type=kinds.seconds, help=_("seconds to wait before, 5 by default"))
    picture.add_argument("--size", metavar="WxH", type=kinds.size, help=_("of the window, 1280x800 by default"))
    parser.add_argument("--theme", choices=("dark", "light"), default="", help=_("colours of the window"))
    parser.add_argument("--or-terminal", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--version", action=_Version, help=_("show which version this is, and end"))
    found = parser.parse_args(arguments)
    given = Named(recording=found.recording) if is_replay else named(parser, found)
    if found.screenshot is None and (found.after is not None or found.size is not None):
        parser.error(_("--after and --size belong to --screenshot: name its FILE."))
    if found.screenshot is not None and not given.is_given:
        parser.error(_("a screenshot needs something to show: add --demo, a URL or a profile's name."))
    width, height = found.size or (WindowOptions.width, WindowOptions.height)
    window = WindowOptions(
        screenshot=found.screenshot,
        after_s=WindowOptions.after_s if found.after is None else found.after,
        width=width,
        height=height,
        theme=found.theme,
        falls_back_to_terminal=found.or_terminal,
    )
    return Options(Command.WINDOW, given.cluster, given.recording, given.demo, window=window)


def _tail(arguments: list[str]) -> Options:
    parser = _parser(
        f"{PROGRAM} tail", _("Print what a cluster tells, or a recording has, a line an event."), _codes_help()
    )
    add_source(parser)
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help=_("one JSON object a line"))
    shape.add_argument("--raw", action="store_true", help=_("frames as they were received, and nothing else"))
    _add_only(parser)
    parser.add_argument("--for", dest="for_s", metavar="S", type=kinds.seconds, help=_("end after S seconds"))
    _add_bounds(parser)
    found = parser.parse_args(arguments)
    given = required(parser, found)
    bounds = _bounds(parser, found, given)
    if given.recording is not None and found.for_s is not None:
        parser.error(_("--for belongs to a cluster: of a recording choose by --since and --until."))
    tail = TailOptions(found.json, found.raw, found.only, found.for_s, bounds)
    return Options(Command.TAIL, given.cluster, given.recording, given.demo, tail=tail)


def _export(arguments: list[str]) -> Options:
    parser = _parser(
        f"{PROGRAM} export", _("Write what a recording has, or a cluster tells, into a file."), _codes_help()
    )
    parser.add_argument(
        "--format",
        choices=[kind.value for kind in Format],
        default=Format.EVENTS.value,
        help=_(
            "events (JSON Lines, the default), csv, log (the plain lines of the guide's Go logger), parquet, "
            "or frames (what was received, as it came)"
        ),
    )
    return _made(parser, arguments, Command.EXPORT)


def _report(arguments: list[str]) -> Options:
    parser = _parser(
        f"{PROGRAM} report", _("Write the incident report of a recording, or of a cluster, as HTML."), _codes_help()
    )
    return _made(parser, arguments, Command.REPORT)


def _made(parser: argparse.ArgumentParser, arguments: list[str], command: Command) -> Options:
    add_source(parser)
    parser.add_argument(
        "--for", dest="for_s", metavar="S", type=kinds.seconds, help=_("of a cluster: gather for S seconds")
    )
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help=_("the file; replaced if it is there"))
    parser.add_argument("--utc", action="store_true", help=_("times in UTC instead of this machine's"))
    _add_only(parser)
    _add_bounds(parser)
    found = parser.parse_args(arguments)
    given = required(parser, found)
    bounds = _bounds(parser, found, given)
    if given.recording is None and found.for_s is None:
        parser.error(_("how long? Add --for S: the cluster is listened to for so many seconds."))
    if given.recording is not None and found.for_s is not None:
        parser.error(_("--for belongs to a cluster: of a recording choose by --since and --until."))
    file_format = Format(found.format) if command is Command.EXPORT else None
    export = ExportOptions(found.out, file_format, found.for_s, found.only, found.utc, bounds)
    return Options(command, given.cluster, given.recording, given.demo, export=export)


def _record(arguments: list[str]) -> Options:
    parser = _parser(
        f"{PROGRAM} record", _("Record all that a cluster tells into one file, until Ctrl-C or SIGTERM."), _codes_help()
    )
    add_source(parser, takes_recording=False)
    parser.add_argument("--for", dest="for_s", metavar="S", type=kinds.seconds, help=_("end after S seconds"))
    _add_recording_out(parser)
    _add_anonymise(parser)
    found = parser.parse_args(arguments)
    given = required_cluster(parser, found)
    record = RecordOptions(found.out, found.for_s, found.replace, found.anonymise)
    return Options(Command.RECORD, given.cluster, demo=given.demo, record=record)


def _check(arguments: list[str]) -> Options:
    parser = _parser(f"{PROGRAM} check", _("Say step by step whether a cluster can be watched."), _codes_help())
    add_source(parser, takes_recording=False)
    parser.add_argument(
        "--watch",
        metavar="S",
        type=kinds.seconds,
        default=CheckOptions.watch_s,
        help=_("seconds to listen, 6 by default"),
    )
    parser.add_argument("--json", action="store_true", help=_("one JSON object a line"))
    found = parser.parse_args(arguments)
    given = required_cluster(parser, found)
    return Options(Command.CHECK, given.cluster, demo=given.demo, check=CheckOptions(found.watch, found.json))


def _info(arguments: list[str]) -> Options:
    parser = _parser(f"{PROGRAM} info", _("Say what a recording holds, and what is missing."), _codes_help())
    parser.add_argument("recording", metavar="RECORDING", type=Path)
    parser.add_argument("--check", action="store_true", help=_("look through the whole file for damage"))
    parser.add_argument("--json", action="store_true", help=_("as one JSON object"))
    found = parser.parse_args(arguments)
    return Options(Command.INFO, recording=found.recording, info=InfoOptions(found.json, found.check))


def _trim(arguments: list[str]) -> Options:
    parser = _parser(f"{PROGRAM} trim", _("Save a part of a recording as one of its own."), _codes_help())
    parser.add_argument("recording", metavar="RECORDING", type=Path)
    _add_bounds(parser)
    parser.add_argument(
        "--last", metavar="SPAN", type=kinds.span_ns, help=_("the end of it: seconds, or like 30m or 1h30m")
    )
    parser.add_argument("--rescue", action="store_true", help=_("all that can still be read of a damaged recording"))
    parser.add_argument("--utc", action="store_true", help=_("a time of the day is in UTC instead of this machine's"))
    _add_recording_out(parser)
    _add_anonymise(parser)
    found = parser.parse_args(arguments)
    bounds = Bounds(found.since, found.until)
    if found.last is not None:
        if not bounds.is_open:
            parser.error(_("--last says it all: leave out --since and --until."))
        bounds = Bounds(since=BeforeEnd(found.last))
    if found.rescue and (found.anonymise or not bounds.is_open):
        parser.error(_("--rescue makes one whole recording first: cut or anonymise that afterwards."))
    if bounds.is_open and not found.anonymise and not found.rescue:
        parser.error(_("which part? Add --since and --until, or --last."))
    cut = CutOptions(
        (found.recording,),
        found.out,
        bounds,
        is_utc=found.utc,
        is_anonymised=found.anonymise,
        is_rescue=found.rescue,
        is_replacing=found.replace,
    )
    return Options(Command.TRIM, recording=found.recording, cut=cut)


def _merge(arguments: list[str]) -> Options:
    parser = _parser(f"{PROGRAM} merge", _("Make one recording of several of one cluster."), _codes_help())
    parser.add_argument("recordings", metavar="RECORDING", type=Path, nargs="+")
    parser.add_argument(
        "--one-cluster", action="store_true", help=_("they are of one cluster, although it has different names")
    )
    _add_recording_out(parser)
    found = parser.parse_args(arguments)
    cut = CutOptions(tuple(found.recordings), found.out, is_one_cluster=found.one_cluster, is_replacing=found.replace)
    return Options(Command.MERGE, recording=found.recordings[0], cut=cut)


def _parser(program: str, description: str, epilog: str) -> argparse.ArgumentParser:
    # Without abbreviations: "--password" must not come to mean "--password-file".
    return argparse.ArgumentParser(
        program,
        description=description,
        epilog=epilog,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_only(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--only",
        metavar="TYPES",
        type=kinds.types,
        help=_("event types, comma-separated, like state_change,leader_change"),
    )


def _add_bounds(parser: argparse.ArgumentParser) -> None:
    within = parser.add_argument_group(
        _("of a recording"),
        _("T is like 2024-01-15T10:30:00+01:00, 10:30 or 10:30:15 of its day, or -30m before its end."),
    )
    within.add_argument("--since", metavar="T", type=kinds.instant, help=_("from then on"))
    within.add_argument("--until", metavar="T", type=kinds.instant, help=_("before then"))


def _bounds(parser: argparse.ArgumentParser, found: argparse.Namespace, given: Named) -> Bounds:
    bounds = Bounds(found.since, found.until)
    if given.recording is None and not bounds.is_open:
        parser.error(_("--since and --until belong to a recording."))
    return bounds


def _add_recording_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help=_("the recording to make (.helios)"))
    parser.add_argument("--replace", action="store_true", help=_("even where FILE is there already"))


def _add_anonymise(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--anonymise", action="store_true", help=_("put made-up host names and addresses in the place of the real ones")
    )


def _commands_help() -> str:
    return (
        _(
            "commands:\n"
            "  helios-desktop [SOURCE]         the window\n"
            "  helios-desktop tail SOURCE      its events in the terminal\n"
            "  helios-desktop export SOURCE    its events in a file\n"
            "  helios-desktop report SOURCE    an incident report in a file\n"
            "  helios-desktop record SOURCE    all that it tells, as a recording\n"
            "  helios-desktop check SOURCE     whether it can be watched, and if not, why\n"
            "  helios-desktop replay RECORDING a recording in the window\n"
            "  helios-desktop info RECORDING   what it holds, and what is missing\n"
            "  helios-desktop trim RECORDING   a part of it\n"
            "  helios-desktop merge RECORDING… several in one\n"
            "Each has a --help of its own. A recording as SOURCE is a name that ends in .helios, or any file.\n"
        )
        + "\n"
        + _codes_help()
    )


def _codes_help() -> str:
    return _(
        "exit codes:\n"
        "  0 well   1 a file or other failure   2 usage   3 cannot connect   4 credentials refused\n"
        "  5 not an administrator   6 connected, but no valid status came   130 Ctrl-C   143 SIGTERM\n"
    )
