"""One cluster that the user knows, as the profile file holds it."""

from typing import Annotated

from msgspec import Meta, Struct

from helios_desktop.protocol.auth import OPAQUE_TOKEN_LIFE_S
from helios_desktop.protocol.subscription import ALL_TOPICS, Topic

Colour = Annotated[str, Meta(pattern=r"\A(#[0-9A-Fa-f]{6})?\Z")]
"""`#rrggbb`, or "" for none."""
LoginPath = Annotated[str, Meta(pattern=r"\A(/[^\s?#]*)?\Z")]
"""`/like/this`, or "" for none."""
TokenLife = Annotated[float, Meta(gt=0, le=31_536_000)]


class Profile(Struct, frozen=True, kw_only=True):
    """A cluster by name. No secret is in here: see `Secrets`, which keeps it under `id`.

    id:          never changes, also when the name does; `Profiles.new_id` makes one
    addresses:   of its gateways, as the user wrote them, one a node; at least one
    environment: the word on the window (PROD, STAGE, DEV), "" for none
    ca_file:     certificates to trust instead of the system's, "" for the system's
    allows_plain_text: secrets may go over http to a host other than this machine
    topics:      what to subscribe to
    opaque_token_life_s: how long a token lives that does not say so
    login_path:  where a login worked last, tried before the known paths; "" for none. The program writes it
    """

    id: str
    name: str
    addresses: tuple[str, ...]
    username: str = ""
    environment: str = ""
    colour: Colour = ""
    ca_file: str = ""
    allows_plain_text: bool = False
    topics: frozenset[Topic] = ALL_TOPICS
    opaque_token_life_s: TokenLife = OPAQUE_TOKEN_LIFE_S
    login_path: LoginPath = ""


class ProfileError(Exception):
    """A profile or its file cannot be read or written; the message is a sentence with what to do next."""
