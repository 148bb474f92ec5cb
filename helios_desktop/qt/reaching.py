"""What the user asks of the cluster that is watched, in one place: in a replay there is nobody to ask."""

from collections.abc import Callable

from helios_desktop.monitor.monitor import Monitor
from helios_desktop.qt.connecting import Connecting


class Reaching:
    """Asks the monitor given to `take`; without one, nothing happens. `done` is called after each request."""

    def __init__(self, connecting: Connecting, done: Callable[[], None]) -> None:
        self._connecting = connecting
        self._done = done
        self._monitor: Monitor | None = None

    def take(self, monitor: Monitor | None) -> None:
        """Ask this one from now on."""
        self._monitor = monitor

    def reconnect(self) -> None:
        """Try at once."""
        if self._monitor is not None:
            self._monitor.reconnect_now()
            self._done()

    def disconnect(self) -> None:
        """Stay offline until `reconnect`."""
        if self._monitor is not None:
            self._monitor.disconnect()
            self._done()

    def sign_in(self) -> None:
        """Ask again for what the gateway refused."""
        if self._monitor is not None:
            self._connecting.sign_in_again(self._monitor.target)
