"""From a profile and credentials to whom the monitor asks, with a sentence for the field that is wrong."""

from pathlib import Path
from typing import Literal

from helios_desktop.client.address import AddressError, parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.monitor.target import Target
from helios_desktop.monitor.trust import TrustError, trust
from helios_desktop.profiles.profile import Profile
from helios_desktop.words import _

Field = Literal["address", "ca_file", "plain_text"]


class TargetError(ValueError):
    """The profile cannot be used as it is: `field` is to blame, the message is a sentence for the user."""

    def __init__(self, field: Field, sentence: str) -> None:
        super().__init__(sentence)
        self.field: Field = field


def make_target(profile: Profile, credentials: Credentials) -> Target:
    """Make the target of a profile's first address. A profile without a name is called by its host. Reads the CA file.

    Raises `TargetError`.
    """
    try:
        address = parse_address(profile.addresses[0])
    except AddressError as error:
        raise TargetError("address", str(error)) from None
    if not (address.is_encrypted or address.is_loopback or profile.allows_plain_text):
        raise TargetError("plain_text", plain_text_warning(address.host))
    try:
        tls = trust(address, Path(profile.ca_file) if profile.ca_file else None)
    except TrustError as error:
        raise TargetError("ca_file", str(error)) from None
    return Target(
        profile.name or address.host_and_port,
        address,
        credentials,
        environment=profile.environment,
        topics=profile.topics,
        tls=tls,
        allows_plain_text=profile.allows_plain_text,
        opaque_token_life_s=profile.opaque_token_life_s,
    )


def plain_text_warning(host: str) -> str:
    """What it means to sign in there without encryption."""
    return _(
        "{host} is another machine and http:// is not encrypted: whoever is on the way can read the password. "
        "Use https://, or allow it below."
    ).format(host=host)
