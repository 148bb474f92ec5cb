"""From what the command line names to whom the monitor asks."""

import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from helios_desktop.client.address import Address, AddressError, parse_addresses, short_name
from helios_desktop.client.causes import explain
from helios_desktop.client.credentials import Credentials
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.options import SourceOptions
from helios_desktop.monitor.target import Target
from helios_desktop.monitor.trust import TrustError, trust
from helios_desktop.observation import Cause
from helios_desktop.profiles.file import Profiles
from helios_desktop.profiles.profile import Profile, ProfileError
from helios_desktop.profiles.secrets import Secrets
from helios_desktop.words import _

PASSWORD_VARIABLE: Final = "HELIOS_PASSWORD"  # noqa: S105 - the variable's name
TOKEN_VARIABLE: Final = "HELIOS_TOKEN"  # noqa: S105 - the variable's name
MAX_SECRET_BYTES: Final = 64 * 1024

Prompt = Callable[[str], str]
"""Asks a person, with the question given, for a text that is not shown."""


async def target(
    source: SourceOptions,
    *,
    demo: Target | None,
    profiles: Profiles,
    secrets: Secrets,
    environment: Mapping[str, str],
    prompt: Prompt | None,
) -> Target:
    """Find addresses and credentials of `source`; `demo` is what `--demo` means.

    A secret comes from a file that was named, else from the environment, else from the profile's entry in the
    keyring, else from `prompt`, which is None where nobody is there to ask. It is asked for last, when all else is
    known to be well. Raises `CommandError`.
    """
    if source.is_demo:
        if demo is None:
            raise CommandError(ExitCode.FAILURE, _("The demo cluster is not there."))
        return demo
    profile = _profile(source.name, profiles)
    addresses = _addresses(source.name, profile, profiles)
    username = source.username or ("" if profile is None else profile.username)
    allows_plain_text = source.allows_plain_text or (profile is not None and profile.allows_plain_text)
    tls = _tls(source, profile, addresses)
    if not allows_plain_text:
        _refuse_plain_text(addresses)
    credentials = _given(source, username, environment)
    if credentials is None and profile is not None:
        credentials = await _kept(profile, username, secrets)
    if credentials is None:
        credentials = _asked(username, short_name(addresses), prompt)
    if profile is None:
        return Target(short_name(addresses), addresses, credentials, tls=tls, allows_plain_text=allows_plain_text)
    return Target(
        profile.name,
        addresses,
        credentials,
        environment=profile.environment,
        topics=profile.topics,
        tls=tls,
        allows_plain_text=allows_plain_text,
        opaque_token_life_s=profile.opaque_token_life_s,
        login_path=profile.login_path,
        profile_id=profile.id,
    )


def _profile(name: str, profiles: Profiles) -> Profile | None:
    try:
        return profiles.get(name)
    except ProfileError as error:
        if _looks_like_address(name):
            return None  # a broken file must not stop what does not need it
        raise CommandError(ExitCode.FAILURE, str(error)) from None


def _looks_like_address(name: str) -> bool:
    return any(mark in name for mark in ("://", ":", ".", "@", "?", ",")) or name == "localhost"


def _addresses(name: str, profile: Profile | None, profiles: Profiles) -> tuple[Address, ...]:
    if profile is None and not _looks_like_address(name):
        known = ", ".join(profile.name for profile in profiles.list())
        sentence = _("There is no profile “{name}”.").format(name=name)
        others = _("Known are: {known}.").format(known=known) if known else _("None is saved yet.")
        step = _("A host is named with its scheme or port, like http://{name}:8080.").format(name=name)
        raise CommandError(ExitCode.USAGE, f"{sentence} {others} {step}")
    try:
        return parse_addresses(name if profile is None else "\n".join(profile.addresses))
    except AddressError as error:
        raise CommandError(ExitCode.USAGE, str(error)) from None


def _refuse_plain_text(addresses: Sequence[Address]) -> None:
    for address in addresses:
        if not (address.is_encrypted or address.is_loopback):
            sentence = explain(Cause.PLAIN_TEXT, address.name)
            raise CommandError(ExitCode.USAGE, f"{sentence} " + _("(The option is --allow-plain-text.)"))


def _tls(source: SourceOptions, profile: Profile | None, addresses: Sequence[Address]) -> ssl.SSLContext | None:
    if source.ca_file is not None and not any(address.is_encrypted for address in addresses):
        raise CommandError(
            ExitCode.USAGE,
            _("A CA file is of no use with {address}: write https:// or leave it out.").format(
                address=", ".join(str(address) for address in addresses)
            ),
        )
    ca_file = source.ca_file or (Path(profile.ca_file) if profile is not None and profile.ca_file else None)
    try:
        return trust(addresses, ca_file)
    except TrustError as error:
        raise CommandError(ExitCode.FAILURE, str(error)) from None


def _given(source: SourceOptions, username: str, environment: Mapping[str, str]) -> Credentials | None:
    """What the caller said in so many words; a file counts more than a variable."""
    password = _secret_in(source.password_file)
    token = _secret_in(source.token_file)
    if password is None and token is None:
        password = environment.get(PASSWORD_VARIABLE)
        token = environment.get(TOKEN_VARIABLE)
    if password is not None and not username:
        if not token:
            raise CommandError(
                ExitCode.USAGE, _("A password is there, but whose? Add --user NAME, or give a token instead.")
            )
        password = None
    if password is None and not token:
        return None
    # Without its password a name could not log in; the token is all there is.
    return Credentials(username if password is not None else "", password or "", token or "")


async def _kept(profile: Profile, username: str, secrets: Secrets) -> Credentials | None:
    if username != profile.username:
        return None  # the keyring has the secrets of another user
    token = await secrets.get(profile.id, "token")
    password = await secrets.get(profile.id, "password") if username else None
    if password is None and token is None:
        return None
    return Credentials(username if password is not None else "", password or "", token or "")


def _asked(username: str, where: str, prompt: Prompt | None) -> Credentials:
    if not username:
        raise CommandError(
            ExitCode.USAGE,
            _("Who signs in at {address}? Add --user NAME, or give a token by {variable} or --token-file.").format(
                address=where, variable=TOKEN_VARIABLE
            ),
        )
    if prompt is None:
        raise CommandError(
            ExitCode.USAGE,
            _("No password for {user}, and no terminal to ask at: set {variable}, or use --password-file.").format(
                user=username, variable=PASSWORD_VARIABLE
            ),
        )
    question = _("Password of {user} at {address}: ").format(user=username, address=where)
    try:
        return Credentials(username, prompt(question))
    except EOFError:
        raise CommandError(ExitCode.USAGE, _("No password was given, so nothing was sent.")) from None


def _secret_in(path: Path | None) -> str | None:
    """The first line of a file; None where no file was named."""
    if path is None:
        return None
    try:
        # Not by size: it may be a pipe, as from a shell's <(…).
        with path.open("rb") as file:
            first = file.read(MAX_SECRET_BYTES)
        secret = first.decode("utf-8-sig").partition("\n")[0].rstrip("\r")
    except UnicodeDecodeError:
        raise CommandError(
            ExitCode.FAILURE, _("{path} is no text: its first line must be the secret.").format(path=path)
        ) from None
    except OSError as error:
        reason = error.strerror or os.strerror(error.errno or 0)
        sentence = _("{path} cannot be read: {reason}. Check its name and rights.")
        raise CommandError(ExitCode.FAILURE, sentence.format(path=path, reason=reason)) from None
    if not secret:
        raise CommandError(ExitCode.FAILURE, _("{path} is empty: its first line must be the secret.").format(path=path))
    return secret
