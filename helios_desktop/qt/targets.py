"""From a profile and credentials to whom the monitor asks, with a sentence for the field that is wrong."""

import os
import ssl
from typing import Literal

from helios_desktop.client.address import AddressError, parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.monitor.target import Target
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
    return Target(
        profile.name or address.host_and_port,
        address,
        credentials,
        environment=profile.environment,
        topics=profile.topics,
        tls=_tls(profile.ca_file) if address.is_encrypted and profile.ca_file else None,
        allows_plain_text=profile.allows_plain_text,
        opaque_token_life_s=profile.opaque_token_life_s,
    )


def plain_text_warning(host: str) -> str:
    """What it means to sign in there without encryption."""
    return _(
        "{host} is another machine and http:// is not encrypted: whoever is on the way can read the password. "
        "Use https://, or allow it below."
    ).format(host=host)


def _tls(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        raise TargetError(
            "ca_file", _("{path} holds no certificates: choose a PEM file.").format(path=ca_file)
        ) from None
    except OSError as error:
        reason = error.strerror or os.strerror(error.errno or 0)
        raise TargetError(
            "ca_file",
            _("{path} cannot be read: {reason}. Check its name and rights.").format(path=ca_file, reason=reason),
        ) from None
