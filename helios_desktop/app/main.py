"""The composition root: reads the command line, builds what it asks for, and joins the parts."""

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from helios_desktop.app.demo import demo_cluster
from helios_desktop.app.named import named_target
from helios_desktop.headless.arguments import parse
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.options import Command, Options
from helios_desktop.monitor.target import Target
from helios_desktop.profiles.file import Profiles
from helios_desktop.profiles.secrets import Secrets
from helios_desktop.words import _

SWITCH_S: Final = 0.001
"""After so long a thread that computes lets another go on. By Python's 5 ms the loop, which waits for the network at
each turn, would wait for the thread that writes the journal as often: measured, a quarter of the rate."""

COLLECT_AFTER: Final = 20_000
"""New containers from one collection to the next. A message makes a few, and hardly ever a cycle."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `helios-desktop` and give its exit code. SystemExit comes from `--help`, `--version` and usage errors."""
    options = parse(sys.argv[1:] if argv is None else argv)
    tune()
    try:
        if options.command is Command.WINDOW:
            return _window(options)
        return asyncio.run(_command(options))
    except CommandError as error:
        print(_("helios-desktop: {sentence}").format(sentence=error), file=sys.stderr)
        return error.code


def tune() -> None:
    """Set up the interpreter for what this program does."""
    sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(COLLECT_AFTER, 10, 10)


async def _command(options: Options) -> int:
    # The window needs none of it, and is to be there soon.
    from helios_desktop.app.commands import on_cluster, on_recording  # noqa: PLC0415 - see above

    if options.recording is not None:
        return await on_recording(options, options.recording)
    async with _target(options) as target:
        return await on_cluster(options, target, Profiles())


@asynccontextmanager
async def _target(options: Options) -> AsyncIterator[Target]:
    """Find whom to ask, and start the demo cluster where that is it."""
    if options.source.is_demo:
        async with demo_cluster(options.demo) as demo:
            yield demo.target()
    else:
        yield await named_target(options.source, Profiles(), Secrets())


def _window(options: Options) -> int:
    is_offscreen = options.window.screenshot is not None
    if not is_offscreen and not _has_display():
        if not options.window.falls_back_to_terminal:
            raise CommandError(
                ExitCode.FAILURE,
                _(
                    "There is no display to open a window on. Use “helios-desktop tail” in this terminal, "
                    "or --screenshot FILE for a picture."
                ),
            )
        is_offscreen = True
    if is_offscreen:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        from helios_desktop.app import desktop  # noqa: PLC0415 - Qt is optional, and takes a while to load
    except ModuleNotFoundError as error:
        raise CommandError(
            ExitCode.FAILURE,
            _("The window needs the packages of the extra “gui” ({name} is missing): {command}").format(
                name=error.name, command='pip install "helios-desktop[gui]"'
            ),
        ) from None
    except ImportError as error:
        raise CommandError(
            ExitCode.FAILURE,
            _("Qt cannot be loaded: {reason}. On Debian or Ubuntu, install libgl1 and libegl1.").format(reason=error),
        ) from None
    return desktop.run(options, is_offscreen=is_offscreen)


def _has_display() -> bool:
    # Without one Qt ends the process by abort(), which nobody could explain to the user.
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
