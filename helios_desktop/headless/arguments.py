"""The command line of `helios-desktop`."""

import argparse
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from helios_desktop.export.lines import Format
from helios_desktop.export.meta import program_version
from helios_desktop.headless.options import (
    CheckOptions,
    Command,
    DemoOptions,
    ExportOptions,
    Options,
    SourceOptions,
    TailOptions,
    WindowOptions,
)
from helios_desktop.words import _

PROGRAM: Final = "helios-desktop"
MAX_NODES: Final = 9
MAX_SPEED: Final = 50.0
MAX_SIDE: Final = 16_384
_SIZE: Final = re.compile(r"(\d{2,5})[x×](\d{2,5})", re.ASCII)


def parse(argv: Sequence[str]) -> Options:
    """Read the arguments, without the program's name.

    Ends the process by SystemExit as argparse does: 0 after `--help` and `--version`, 2 with a sentence on stderr
    where they cannot be followed. No sentence repeats a secret.
    """
    match list(argv):
        case ["tail", *rest]:
            return _tail(rest)
        case ["export", *rest]:
            return _export(rest)
        case ["check", *rest]:
            return _check(rest)
        case arguments:
            return _window(arguments)


def _window(arguments: list[str]) -> Options:
    parser = _parser(PROGRAM, _("Watch a Helios Raft cluster."), _commands_help())
    _add_source(parser)
    picture = parser.add_argument_group(_("a picture instead of a window"))
    picture.add_argument("--screenshot", metavar="FILE", type=Path, help=_("draw the window into FILE (.png) and end"))
    picture.add_argument("--after", metavar="S", type=_seconds, help=_("seconds to wait before, 5 by default"))
    picture.add_argument("--size", metavar="WxH", type=_size, help=_("of the window, 1280x800 by default"))
    parser.add_argument("--theme", choices=("dark", "light"), default="", help=_("colours of the window"))
    parser.add_argument("--or-terminal", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {program_version()}")
    found = parser.parse_args(arguments)
    source = _source(parser, found)
    if found.screenshot is None and (found.after is not None or found.size is not None):
        parser.error(_("--after and --size belong to --screenshot: name its FILE."))
    if found.screenshot is not None and not source.is_given:
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
    return Options(Command.WINDOW, source, _demo(parser, found), window=window)


def _tail(arguments: list[str]) -> Options:
    parser = _parser(f"{PROGRAM} tail", _("Print what a cluster tells, a line an event."), _codes_help())
    _add_source(parser)
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help=_("one JSON object a line"))
    shape.add_argument("--raw", action="store_true", help=_("frames as they were received, and nothing else"))
    _add_only(parser)
    parser.add_argument("--for", dest="for_s", metavar="S", type=_seconds, help=_("end after S seconds"))
    found = parser.parse_args(arguments)
    source = _required_source(parser, found)
    tail = TailOptions(found.json, found.raw, found.only, found.for_s)
    return Options(Command.TAIL, source, _demo(parser, found), tail=tail)


def _export(arguments: list[str]) -> Options:
    parser = _parser(f"{PROGRAM} export", _("Write what a cluster tells into a file."), _codes_help())
    _add_source(parser)
    parser.add_argument(
        "--for", dest="for_s", metavar="S", type=_seconds, required=True, help=_("gather for S seconds")
    )
    parser.add_argument(
        "--format",
        choices=[kind.value for kind in Format],
        default=Format.EVENTS.value,
        help=_("events (JSON Lines, the default), csv, or log (the plain lines of the guide's Go logger)"),
    )
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help=_("the file; replaced if it is there"))
    parser.add_argument("--utc", action="store_true", help=_("times of csv and log in UTC instead of this machine's"))
    _add_only(parser)
    found = parser.parse_args(arguments)
    source = _required_source(parser, found)
    export = ExportOptions(found.out, Format(found.format), found.for_s, found.only, found.utc)
    return Options(Command.EXPORT, source, _demo(parser, found), export=export)


def _check(arguments: list[str]) -> Options:
    parser = _parser(f"{PROGRAM} check", _("Say step by step whether a cluster can be watched."), _codes_help())
    _add_source(parser)
    parser.add_argument(
        "--watch", metavar="S", type=_seconds, default=CheckOptions.watch_s, help=_("seconds to listen, 6 by default")
    )
    parser.add_argument("--json", action="store_true", help=_("one JSON object a line"))
    found = parser.parse_args(arguments)
    source = _required_source(parser, found)
    return Options(Command.CHECK, source, _demo(parser, found), check=CheckOptions(found.watch, found.json))


def _parser(program: str, description: str, epilog: str) -> argparse.ArgumentParser:
    # Without abbreviations: "--password" must not come to mean "--password-file".
    return argparse.ArgumentParser(
        program,
        description=description,
        epilog=epilog,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_source(parser: argparse.ArgumentParser) -> None:
    which = parser.add_argument_group(_("which cluster"))
    source_help = _("a URL like localhost:8080, several with commas between them, or a profile's name")
    which.add_argument("source", metavar="SOURCE", nargs="?", help=source_help)
    which.add_argument("--connect", metavar="SOURCE", help=_("the same, whatever its name looks like"))
    which.add_argument("--demo", action="store_true", help=_("a cluster of this program's own, simulated"))
    access = parser.add_argument_group(
        _("as whom"),
        _("Passwords: by prompt, HELIOS_PASSWORD, file or keyring. Tokens: by HELIOS_TOKEN, file or keyring."),
    )
    access.add_argument("--user", metavar="NAME", default="", help=_("name to log in with"))
    access.add_argument("--password-file", metavar="FILE", type=Path, help=_("its first line is the password"))
    access.add_argument("--token-file", metavar="FILE", type=Path, help=_("its first line is the token"))
    access.add_argument("--ca-file", metavar="FILE", type=Path, help=_("trust these certificates (PEM)"))
    access.add_argument(
        "--allow-plain-text", action="store_true", help=_("send a secret over http to another machine all the same")
    )
    for secret in ("--password", "--token"):
        access.add_argument(secret, action=_RefuseSecret, nargs="?", help=argparse.SUPPRESS)
    demo = parser.add_argument_group(_("the demo cluster"))
    demo.add_argument("--nodes", metavar="N", type=_number(int, 1, MAX_NODES), help=_("3 by default"))
    demo.add_argument("--seed", metavar="N", type=_number(int, 0, 2**63 - 1), help=_("the same seed, the same story"))
    demo.add_argument("--speed", metavar="X", type=_number(float, 1, MAX_SPEED), help=_("simulated seconds a second"))
    demo.add_argument("--calm", action="store_true", help=_("no faults of its own"))


def _add_only(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--only", metavar="TYPES", type=_types, help=_("event types, comma-separated, like state_change,leader_change")
    )


class _RefuseSecret(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_found: Any, **_named: Any) -> NoReturn:
        parser.error(
            _(
                "a password or token is never an argument, since everybody on this machine could read it: use "
                "HELIOS_PASSWORD or HELIOS_TOKEN, --password-file or --token-file, or the prompt."
            )
        )


def _source(parser: argparse.ArgumentParser, found: argparse.Namespace) -> SourceOptions:
    if found.source is not None and found.connect is not None:
        parser.error(_("SOURCE and --connect are both given: leave one out."))
    name = found.connect if found.connect is not None else found.source
    if name is not None and not name.strip():
        parser.error(_("SOURCE is empty: name a URL or a profile."))
    if found.demo and name is not None:
        parser.error(_("--demo needs no other source: leave one of the two out."))
    if found.demo and (found.user or found.password_file or found.token_file or found.ca_file):
        parser.error(_("--demo makes its own account: leave out --user, --password-file, --token-file and --ca-file."))
    return SourceOptions(
        is_demo=found.demo,
        name=(name or "").strip(),
        username=found.user,
        password_file=found.password_file,
        token_file=found.token_file,
        ca_file=found.ca_file,
        allows_plain_text=found.allow_plain_text,
    )


def _required_source(parser: argparse.ArgumentParser, found: argparse.Namespace) -> SourceOptions:
    source = _source(parser, found)
    if not source.is_given:
        parser.error(_("which cluster? Add --demo, a URL like localhost:8080, or a profile's name."))
    return source


def _demo(parser: argparse.ArgumentParser, found: argparse.Namespace) -> DemoOptions:
    given = (found.nodes, found.seed, found.speed)
    # The window can start the demo later, by its button.
    needs_demo = found.source is not None or found.connect is not None
    if needs_demo and (found.calm or any(value is not None for value in given)):
        parser.error(_("--nodes, --seed, --speed and --calm belong to --demo."))
    return DemoOptions(
        nodes=DemoOptions.nodes if found.nodes is None else found.nodes,
        seed=found.seed,
        speed=DemoOptions.speed if found.speed is None else found.speed,
        is_calm=found.calm,
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(_("“{text}” is no number of seconds above 0.").format(text=text))
    return seconds


def _number(kind: Callable[[str], int | float], least: float, most: float) -> Callable[[str], int | float]:
    def read(text: str) -> int | float:
        try:
            number = kind(text)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(
                _("“{text}” is no number from {least} to {most}.").format(text=text, least=least, most=most)
            )
        return number

    return read


def _size(text: str) -> tuple[int, int]:
    match = _SIZE.fullmatch(text)
    size = (0, 0) if match is None else (int(match[1]), int(match[2]))
    if not all(0 < side <= MAX_SIDE for side in size):
        raise argparse.ArgumentTypeError(_("“{text}” is no size like 1280x800.").format(text=text))
    return size


def _types(text: str) -> frozenset[str]:
    types = frozenset(name.strip() for name in text.split(",")) - {""}
    if not types:
        raise argparse.ArgumentTypeError(_("TYPES is empty: name one at least, like state_change."))
    return types


def _commands_help() -> str:
    return (
        _(
            "commands:\n"
            "  helios-desktop [SOURCE]         the window\n"
            "  helios-desktop tail SOURCE      its events in the terminal (see tail --help)\n"
            "  helios-desktop export SOURCE    its events in a file (see export --help)\n"
            "  helios-desktop check SOURCE     whether it can be watched, and if not, why (see check --help)\n"
        )
        + "\n"
        + _codes_help()
    )


def _codes_help() -> str:
    return _(
        "exit codes:\n"
        "  0 well   1 a file or other failure   2 usage   3 cannot connect   4 credentials refused\n"
        "  5 not an administrator   6 connected, but no valid status came   130 Ctrl-C\n"
    )
