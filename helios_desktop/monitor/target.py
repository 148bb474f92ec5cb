"""Whom a monitor asks, and as whom."""

import ssl
from dataclasses import dataclass, field

from helios_desktop.client.address import Address
from helios_desktop.client.credentials import Credentials
from helios_desktop.protocol.auth import OPAQUE_TOKEN_LIFE_S
from helios_desktop.protocol.subscription import ALL_TOPICS, Topic


@dataclass(frozen=True)
class Target:
    """One cluster as a source names it.

    name:              what the window calls it: the profile's name, host:port of a URL, "Demo"
    environment:       the word on the window (PROD, STAGE, DEV, DEMO), "" for none
    addresses:         of its gateways, one a node, at least one; each gets a session of its own
    follows_members:   open one session a member by `?node=`, members added later too; only our own gateway knows
                       `?node=`, so only the demo asks for it
    first_members:     the members to begin with, where `follows_members`
    opaque_token_life_s: how long a token lives that does not say so
    login_path:        where a login worked before; it is tried first, "" for the usual order
    profile_id:        of the profile that it is made from, "" for none
    tls:               None for the system's own certificate store
    """

    name: str
    addresses: tuple[Address, ...]
    credentials: Credentials = field(repr=False)
    environment: str = ""
    topics: frozenset[Topic] = ALL_TOPICS
    tls: ssl.SSLContext | None = None
    allows_plain_text: bool = False
    opaque_token_life_s: float = OPAQUE_TOKEN_LIFE_S
    follows_members: bool = False
    first_members: tuple[str, ...] = ()
    login_path: str = ""
    profile_id: str = ""

    @property
    def address(self) -> Address:
        """The first of them."""
        return self.addresses[0]
