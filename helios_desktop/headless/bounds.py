"""Which part of a recording a command line names."""

from dataclasses import dataclass

from helios_desktop.headless.instants import Instant


@dataclass(frozen=True)
class Bounds:
    """From `since` on, and before `until`; None for no bound."""

    since: Instant | None = None
    until: Instant | None = None

    @property
    def is_open(self) -> bool:
        """True where all is wanted."""
        return self.since is None and self.until is None
