"""The command line, read: what the program was asked to do."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from helios_desktop.export.lines import Format
from helios_desktop.headless.bounds import Bounds
from helios_desktop.monitor.check import WATCH_S

OPEN: Final = Bounds()
"""All of a recording."""


class Command(StrEnum):
    """What to do with the source."""

    WINDOW = "window"
    TAIL = "tail"
    EXPORT = "export"
    CHECK = "check"
    RECORD = "record"
    REPORT = "report"
    INFO = "info"
    TRIM = "trim"
    MERGE = "merge"


@dataclass(frozen=True)
class SourceOptions:
    """Which cluster, and as whom.

    is_demo: the demo cluster of this program; `name` is "" then
    name:    a profile's name or an address, "" where none was given
    """

    is_demo: bool = False
    name: str = ""
    username: str = ""
    password_file: Path | None = None
    token_file: Path | None = None
    ca_file: Path | None = None
    allows_plain_text: bool = False

    @property
    def is_given(self) -> bool:
        """False where the window has to ask."""
        return self.is_demo or bool(self.name)


@dataclass(frozen=True)
class DemoOptions:
    """The cluster that `--demo` starts. speed: simulated seconds a second; is_calm: no faults of its own."""

    nodes: int = 3
    seed: int | None = None
    speed: float = 1.0
    is_calm: bool = False


@dataclass(frozen=True)
class TailOptions:
    """only: the types that are wanted, None for all; for_s: when to end, None for never; bounds: of a recording."""

    as_json: bool = False
    is_raw: bool = False
    only: frozenset[str] | None = None
    for_s: float | None = None
    bounds: Bounds = OPEN


@dataclass(frozen=True)
class ExportOptions:
    """Which file to make of a recording, or of what a cluster tells within the next `for_s` seconds.

    format: None for the incident report
    """

    path: Path
    format: Format | None
    for_s: float | None = None
    only: frozenset[str] | None = None
    is_utc: bool = False
    bounds: Bounds = OPEN


@dataclass(frozen=True)
class RecordOptions:
    """Which recording to make, for `for_s` seconds, None for until it is ended; `is_replacing` what is there."""

    path: Path
    for_s: float | None = None
    is_replacing: bool = False
    is_anonymised: bool = False


@dataclass(frozen=True)
class InfoOptions:
    """is_checked: look at the whole file for damage."""

    as_json: bool = False
    is_checked: bool = False


@dataclass(frozen=True)
class CutOptions:
    """Which recording to make of others: of one its part within `bounds`, of several all that they have.

    is_rescue:      of one that is damaged, what can still be read of it
    is_one_cluster: of several, they are of one, although their clusters have different names
    """

    sources: tuple[Path, ...]
    path: Path
    bounds: Bounds = OPEN
    is_utc: bool = False
    is_anonymised: bool = False
    is_rescue: bool = False
    is_one_cluster: bool = False
    is_replacing: bool = False


@dataclass(frozen=True)
class CheckOptions:
    """watch_s: how long to count the kinds of messages."""

    watch_s: float = WATCH_S
    as_json: bool = False


@dataclass(frozen=True)
class WindowOptions:
    """screenshot: draw the window into this file after `after_s` seconds, and end; theme: "" for the kept one."""

    screenshot: Path | None = None
    after_s: float = 5.0
    width: int = 1280
    height: int = 800
    theme: str = ""
    falls_back_to_terminal: bool = False


@dataclass(frozen=True)
class Options:
    """All of it; of the last ones, the one that `command` names counts.

    recording: what is read instead of a cluster; `source` names none then
    """

    command: Command
    source: SourceOptions = field(default_factory=SourceOptions)
    recording: Path | None = None
    demo: DemoOptions = field(default_factory=DemoOptions)
    window: WindowOptions = field(default_factory=WindowOptions)
    tail: TailOptions = field(default_factory=TailOptions)
    export: ExportOptions | None = None
    check: CheckOptions = field(default_factory=CheckOptions)
    record: RecordOptions | None = None
    info: InfoOptions = field(default_factory=InfoOptions)
    cut: CutOptions | None = None

    @property
    def replay(self) -> Path | None:
        """The recording that the window is to show; None for a cluster."""
        return self.recording if self.command is Command.WINDOW else None
