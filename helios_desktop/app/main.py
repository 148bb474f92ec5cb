"""The composition root: reads the command line, builds what it asks for, and joins the parts."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from helios_desktop.app.demo import demo_cluster
from helios_desktop.app.named import named_target
from helios_desktop.app.remember import remember_login_path
from helios_desktop.headless.arguments import parse
from helios_desktop.headless.check import check_all
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.export import export
from helios_desktop.headless.options import Command, Options
from helios_desktop.headless.tail import tail
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.profiles.file import Profiles
from helios_desktop.profiles.secrets import Secrets
from helios_desktop.words import _


def main(argv: Sequence[str] | None = None) -> int:
    """Run `helios-desktop` and give its exit code. SystemExit comes from `--help`, `--version` and usage errors."""
    options = parse(sys.argv[1:] if argv is None else argv)
    try:
        if options.command is Command.WINDOW:
            return _window(options)
        return asyncio.run(_command(options))
    except CommandError as error:
        print(_("helios-desktop: {sentence}").format(sentence=error), file=sys.stderr)
        return error.code


async def _command(options: Options) -> int:
    async with _target(options) as target:
        if options.command is Command.CHECK:
            return await check_all(
                target,
                now_ns=make_clock(),
                watch_s=options.check.watch_s,
                as_json=options.check.as_json,
                out=sys.stdout,
                err=sys.stderr,
            )
        monitor = Monitor(target, now_ns=make_clock(), rng=random.SystemRandom())
        remember_login_path(monitor, Profiles())
        if options.export is not None:
            wanted = options.export
            return await export(
                monitor,
                path=wanted.path,
                format=wanted.format,
                for_s=wanted.for_s,
                only=wanted.only,
                is_utc=wanted.is_utc,
                err=sys.stderr,
            )
        return await tail(
            monitor,
            as_json=options.tail.as_json,
            is_raw=options.tail.is_raw,
            only=options.tail.only,
            for_s=options.tail.for_s,
            out=sys.stdout,
            err=sys.stderr,
            colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"),
        )


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
