"""What systemd is told: sd_notify(3), and the watchdog of sd_watchdog_enabled(3), over the datagram socket."""

import os
import socket
from collections.abc import Mapping
from typing import Final

_PATIENCE_S: Final = 0.1


class Notifier:
    """Tells the service manager; without one (`NOTIFY_SOCKET` is not set) all of it does nothing."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        path = environment.get("NOTIFY_SOCKET", "")
        # "@" stands for the null byte of Linux's abstract names.
        self._address = f"\0{path[1:]}" if path.startswith("@") else path
        self.watchdog_s = _watchdog_s(environment)

    def tell(self, **states: str | int) -> None:
        """Send states in one datagram, as READY=1. A manager that does not listen is no failure of ours."""
        if not self._address:
            return
        told = "\n".join(f"{name}={value}" for name, value in states.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as teller:
            teller.settimeout(_PATIENCE_S)
            try:
                teller.sendto(told.encode(), self._address)
            except OSError:
                return


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """Within how many seconds WATCHDOG=1 must come again and again; None where nobody waits for it."""
    told = environment.get("WATCHDOG_USEC", "")
    if not (told.isascii() and told.isdigit() and int(told)):
        return None
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(told) / 1e6
