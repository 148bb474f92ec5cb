"""Where a gateway may be served."""

import ipaddress
from typing import Final

HIGHEST_PORT: Final = 65_535


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine and nothing else."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
