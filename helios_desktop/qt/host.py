"""What the window asks of the program that it is part of."""

from pathlib import Path
from typing import Protocol

from helios_desktop.monitor.demo import DemoAccess
from helios_desktop.monitor.target import Target
from helios_desktop.profiles.file import Profiles
from helios_desktop.profiles.secrets import Secrets


class Host(Protocol):
    """Given by `app.py`. The calls come on the window's loop, each as a task of its own that closing the window ends.

    Whoever connects shows the new monitor by `MainWindow.show_monitor`, and ends the one before it.
    """

    @property
    def profiles(self) -> Profiles:
        """The user's clusters."""

    @property
    def secrets(self) -> Secrets:
        """Their passwords and tokens."""

    @property
    def demo(self) -> DemoAccess | None:
        """The gateway that this program started; None unless the shown monitor watches it."""

    async def start_demo(self) -> str | None:
        """Start the demo cluster where it does not run, and watch it. Gives None, or the sentence why it cannot be."""

    async def connect(self, target: Target) -> str | None:
        """Watch this cluster instead. Gives None as soon as it is being tried, or the sentence why it cannot be."""

    async def open_recording(self, path: Path) -> str | None:
        """Show a recording by `MainWindow.show_replay`; what is live goes on beneath.

        Gives None, or the sentence why it cannot be. The window closes the replay when it shows something else.
        """
