"""From a profile and credentials to whom the monitor asks, with a sentence for the field that is wrong."""

from pathlib import Path
from typing import Literal

from helios_desktop.client.address import AddressError, parse_addresses, short_name
from helios_desktop.client.credentials import Credentials
from helios_desktop.monitor.target import Target
from helios_desktop.monitor.trust import TrustError, trust
from helios_desktop.profiles.profile import Profile
from helios_desktop.words import _

Field = Literal["address", "ca_file", "plain_text", "token"]


class TargetError(ValueError):
    """Profile and credentials cannot be used as they are. `field` is to blame; the message is for the user."""

    def __init__(self, field: Field, sentence: str) -> None:
        super().__init__(sentence)
        self.field: Field = field


def make_target(profile: Profile, credentials: Credentials) -> Target:
    """Make the target of all of a profile's gateways. A profile without a name is called by them. Reads the CA file.

    Raises `TargetError`.
    """
    try:
        addresses = parse_addresses("\n".join(profile.addresses))
    except AddressError as error:
        raise TargetError("address", str(error)) from None
    for address in addresses:
        if not (address.is_encrypted or address.is_loopback or profile.allows_plain_text):
            raise TargetError("plain_text", plain_text_warning(address.host))
    token = credentials.token
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise TargetError("token", _("The token holds a character that no token has: copy it again, as one line."))
    try:
        tls = trust(addresses, Path(profile.ca_file) if profile.ca_file else None)
    except TrustError as error:
        raise TargetError("ca_file", str(error)) from None
    return Target(
        profile.name or short_name(addresses),
        addresses,
        credentials,
        environment=profile.environment,
        topics=profile.topics,
        tls=tls,
        allows_plain_text=profile.allows_plain_text,
        opaque_token_life_s=profile.opaque_token_life_s,
        login_path=profile.login_path,
        profile_id=profile.id,
    )


def gateways_text(profile: Profile) -> str:
    """The gateways of a profile in a few letters, whatever stands there."""
    first, *others = profile.addresses
    if not others:
        return first
    try:
        return short_name(parse_addresses("\n".join(profile.addresses)))
    except AddressError:
        return f"{first} + {len(others)}"


def plain_text_warning(host: str) -> str:
    """What it means to sign in there without encryption."""
    return _(
        "{host} is another machine and http:// is not encrypted: whoever is on the way can read the password. "
        "Use https://, or allow it below."
    ).format(host=host)
