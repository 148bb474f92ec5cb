"""SOURCE on the command line: a cluster, as whom, and the demo; or a recording."""

import argparse
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from helios_desktop.headless import argument_kinds as kinds
from helios_desktop.headless.options import DemoOptions, SourceOptions
from helios_desktop.journal.place import RECORDING_SUFFIX
from helios_desktop.words import _

MAX_NODES: Final = 9
MAX_SPEED: Final = 50.0


@dataclass(frozen=True)
class Named:
    """What the command line names: a recording, or else a cluster, where it names any."""

    cluster: SourceOptions = field(default_factory=SourceOptions)
    demo: DemoOptions = field(default_factory=DemoOptions)
    recording: Path | None = None

    @property
    def is_given(self) -> bool:
        """False where it names nothing."""
        return self.recording is not None or self.cluster.is_given


def recording_of(name: str) -> Path | None:
    """The recording that SOURCE names; None where it names a cluster.

    A recording is whatever ends in .helios, and each file that is there. `--connect` always names a cluster.
    """
    if "://" in name:
        return None
    path = Path(name)
    with suppress(OSError, ValueError):  # too long for a name of a file, or with a zero in it
        if path.suffix == RECORDING_SUFFIX or path.is_file():
            return path
    return None


def add_source(parser: argparse.ArgumentParser, *, takes_recording: bool = True) -> None:
    """Add all that `named` reads."""
    which = parser.add_argument_group(_("which cluster, or which recording") if takes_recording else _("which cluster"))
    cluster_help = _("a URL like localhost:8080, several with commas between them, or a profile's name")
    recording_help = _("; or a recording: a name that ends in .helios, or any file that is there")
    which.add_argument(
        "source", metavar="SOURCE", nargs="?", help=cluster_help + (recording_help if takes_recording else "")
    )
    which.add_argument("--connect", metavar="SOURCE", help=_("a cluster, whatever its name looks like"))
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
    demo.add_argument("--nodes", metavar="N", type=kinds.number(int, 1, MAX_NODES), help=_("3 by default"))
    demo.add_argument(
        "--seed", metavar="N", type=kinds.number(int, 0, 2**63 - 1), help=_("the same seed, the same story")
    )
    demo.add_argument(
        "--speed", metavar="X", type=kinds.number(float, 1, MAX_SPEED), help=_("simulated seconds a second")
    )
    demo.add_argument("--calm", action="store_true", help=_("no faults of its own"))


def named(parser: argparse.ArgumentParser, found: argparse.Namespace) -> Named:
    """Read what `add_source` added; what does not fit together ends the process by `parser.error`."""
    if found.source is not None and found.connect is not None:
        parser.error(_("SOURCE and --connect are both given: leave one out."))
    name = found.connect if found.connect is not None else found.source
    if name is not None and not name.strip():
        parser.error(_("SOURCE is empty: name a URL or a profile."))
    if found.demo and name is not None:
        parser.error(_("--demo needs no other source: leave one of the two out."))
    has_access = bool(found.user or found.password_file or found.token_file or found.ca_file)
    if found.demo and has_access:
        parser.error(_("--demo makes its own account: leave out --user, --password-file, --token-file and --ca-file."))
    recording = None if found.source is None else recording_of(found.source.strip())
    if recording is not None and (has_access or found.allow_plain_text):
        sentence = _("{path} is a recording, which needs no account. To mean a cluster of that name, use --connect.")
        parser.error(sentence.format(path=recording))
    demo = _demo(parser, found)
    if recording is not None:
        return Named(recording=recording)
    cluster = SourceOptions(
        is_demo=found.demo,
        name=(name or "").strip(),
        username=found.user,
        password_file=found.password_file,
        token_file=found.token_file,
        ca_file=found.ca_file,
        allows_plain_text=found.allow_plain_text,
    )
    return Named(cluster, demo)


def required(parser: argparse.ArgumentParser, found: argparse.Namespace) -> Named:
    """The same, where something must be named."""
    given = named(parser, found)
    if not given.is_given:
        parser.error(_("which cluster? Add --demo, a URL like localhost:8080, or a profile's name."))
    return given


def required_cluster(parser: argparse.ArgumentParser, found: argparse.Namespace) -> Named:
    """The same, where only a cluster will do."""
    given = required(parser, found)
    if given.recording is not None:
        sentence = _("{path} is a recording, and this needs a cluster. To mean a cluster of that name, use --connect.")
        parser.error(sentence.format(path=given.recording))
    return given


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


class _RefuseSecret(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_found: Any, **_named: Any) -> NoReturn:
        parser.error(
            _(
                "a password or token is never an argument, since everybody on this machine could read it: use "
                "HELIOS_PASSWORD or HELIOS_TOKEN, --password-file or --token-file, or the prompt."
            )
        )
