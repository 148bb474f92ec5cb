"""Where a gateway may be served, and from where somebody asks."""

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


def rate_key(host: str) -> str:
    """What an address is counted under: itself, or the first 64 bits of an IPv6 one, which one household has."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


def forwarded_for(chain: str) -> str | None:
    """Whom a proxy speaks for, by X-Forwarded-For: the last address that is not this machine's; None without one.

    Those before it are what the asker itself claims.
    """
    for entry in reversed(chain.split(",")):
        host = _bare(entry.strip())
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return None
        if not address.is_loopback:
            return host
    return None


def _bare(entry: str) -> str:
    """Without the port that some proxies write, and the brackets of an IPv6 address."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry
