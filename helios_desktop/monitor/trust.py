"""Whom TLS trusts: the one place that reads a CA file, for the window and the commands alike."""

import os
import ssl
from collections.abc import Iterable
from pathlib import Path

from helios_desktop.client.address import Address
from helios_desktop.words import _


class TrustError(ValueError):
    """The CA file cannot be used; the message is a sentence for the user, with the path and what to do."""


def trust(addresses: Iterable[Address], ca_file: Path | None) -> ssl.SSLContext | None:
    """Make what `Target.tls` needs for `addresses`: the certificates of `ca_file` instead of the system's.

    None, which is the system's, without a CA file; and where the way to none of them is encrypted, since then nobody
    asks and the file is not read. Raises `TrustError`.
    """
    if ca_file is None or not any(address.is_encrypted for address in addresses):
        return None
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except ssl.SSLError:
        raise TrustError(_("{path} holds no certificates: choose a PEM file.").format(path=ca_file)) from None
    except OSError as error:
        raise _unreadable(ca_file, error.strerror or os.strerror(error.errno or 0)) from None
    except ValueError:
        # A profile file can hold a zero in the path, by an escape.
        raise _unreadable(ca_file, _("no file can have this name")) from None


def _unreadable(ca_file: Path, reason: str) -> TrustError:
    return TrustError(
        _("{path} cannot be read: {reason}. Check its name and rights.").format(path=ca_file, reason=reason)
    )
