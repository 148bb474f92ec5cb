"""The command line, read: what the program was asked to do."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from helios_desktop.export.lines import Format
from helios_desktop.monitor.check import WATCH_S


class Command(StrEnum):
    """What to do with the source."""

    WINDOW = "window"
    TAIL = "tail"
    EXPORT = "export"
    CHECK = "check"


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
    """only: the types that are wanted, None for all; for_s: when to end, None for never."""

    as_json: bool = False
    is_raw: bool = False
    only: frozenset[str] | None = None
    for_s: float | None = None


@dataclass(frozen=True)
class ExportOptions:
    """Which file to make of the events of the next `for_s` seconds."""

    path: Path
    format: Format
    for_s: float
    only: frozenset[str] | None = None
    is_utc: bool = False


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
    """All of it; of the last four, the one that `command` names counts."""

    command: Command
    source: SourceOptions
    demo: DemoOptions = field(default_factory=DemoOptions)
    window: WindowOptions = field(default_factory=WindowOptions)
    tail: TailOptions = field(default_factory=TailOptions)
    export: ExportOptions | None = None
    check: CheckOptions = field(default_factory=CheckOptions)
