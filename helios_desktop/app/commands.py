"""The commands that need no window, with what this process gives them: streams, a clock, and chance."""

import os
import random
import sys
from datetime import UTC, tzinfo
from pathlib import Path

from helios_desktop.app.remember import remember_login_path
from helios_desktop.event_filter import EventFilter
from helios_desktop.headless.check import check_all
from helios_desktop.headless.export import Chosen, export, report
from helios_desktop.headless.gather import Cluster
from helios_desktop.headless.info import info
from helios_desktop.headless.options import Command, ExportOptions, Options
from helios_desktop.headless.record import record
from helios_desktop.headless.recordings import join, rescue, trim
from helios_desktop.headless.tail import tail
from helios_desktop.headless.tail_recording import tail_recording
from helios_desktop.journal.recorder import Recorder
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.profiles.file import Profiles


async def on_cluster(options: Options, target: Target, profiles: Profiles) -> int:
    """Do what the command line asks of a cluster; gives the exit code. Raises `CommandError`."""
    now_ns = make_clock()

    def make_monitor(recorder: Recorder | None = None) -> Monitor:
        monitor = Monitor(target, now_ns=now_ns, rng=random.SystemRandom(), recorder=recorder)
        remember_login_path(monitor, profiles)
        return monitor

    cluster = Cluster(target, now_ns, make_monitor)
    if options.export is not None:
        return await _export(cluster, options.export)
    if options.record is not None:
        wanted = options.record
        return await record(
            cluster,
            wanted.path,
            for_s=wanted.for_s,
            is_replacing=wanted.is_replacing,
            is_anonymised=wanted.is_anonymised,
            err=sys.stderr,
        )
    if options.command is Command.CHECK:
        return await check_all(
            target,
            now_ns=now_ns,
            watch_s=options.check.watch_s,
            as_json=options.check.as_json,
            out=sys.stdout,
            err=sys.stderr,
        )
    return await tail(
        make_monitor(),
        as_json=options.tail.as_json,
        is_raw=options.tail.is_raw,
        only=options.tail.only,
        for_s=options.tail.for_s,
        out=sys.stdout,
        err=sys.stderr,
        colour=_has_colours(),
    )


async def on_recording(options: Options, path: Path) -> int:
    """The same of a recording."""
    if options.export is not None:
        return await _export(path, options.export)
    if options.cut is not None:
        wanted, now_ns = options.cut, make_clock()()
        if options.command is Command.MERGE:
            return await join(
                wanted.sources,
                wanted.path,
                now_ns=now_ns,
                is_one_cluster=wanted.is_one_cluster,
                is_replacing=wanted.is_replacing,
                err=sys.stderr,
            )
        if wanted.is_rescue:
            return await rescue(path, wanted.path, now_ns=now_ns, is_replacing=wanted.is_replacing, err=sys.stderr)
        return await trim(
            path,
            wanted.path,
            wanted.bounds,
            now_ns=now_ns,
            zone=_zone(is_utc=wanted.is_utc),
            is_anonymised=wanted.is_anonymised,
            is_replacing=wanted.is_replacing,
            err=sys.stderr,
        )
    if options.command is Command.INFO:
        return await info(
            path,
            as_json=options.info.as_json,
            is_checked=options.info.is_checked,
            out=sys.stdout,
            err=sys.stderr,
        )
    return await tail_recording(
        path,
        as_json=options.tail.as_json,
        is_raw=options.tail.is_raw,
        only=options.tail.only,
        bounds=options.tail.bounds,
        out=sys.stdout,
        err=sys.stderr,
        colour=_has_colours(),
    )


async def _export(source: Path | Cluster, wanted: ExportOptions) -> int:
    chosen = Chosen(EventFilter(types=wanted.only), _zone(is_utc=wanted.is_utc))
    if wanted.format is None:
        return await report(
            source, wanted.path, for_s=wanted.for_s, bounds=wanted.bounds, chosen=chosen, err=sys.stderr
        )
    return await export(
        source,
        wanted.path,
        format=wanted.format,
        for_s=wanted.for_s,
        bounds=wanted.bounds,
        chosen=chosen,
        now_ns=make_clock(),
        err=sys.stderr,
    )


def _zone(*, is_utc: bool) -> tzinfo | None:
    return UTC if is_utc else None


def _has_colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
