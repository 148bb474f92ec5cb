"""Passwords and tokens of profiles: in the keyring of the operating system, or in memory; never in a file of ours."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, Final, Literal, Protocol, TypeVar

from helios_desktop.words import _

SecretKind = Literal["password", "token"]
T = TypeVar("T")

SERVICE: Final = "helios-desktop"
REAL_KEYRINGS: Final = frozenset(
    {
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.libsecret.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.kwallet.DBusKeyringKWallet4",
        "keyring.backends.macOS.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
    }
)
"""All others write plain text, or nowhere; with keyrings.alt installed, keyring would take one of those silently."""


class Keyring(Protocol):
    """The part of keyring's backends that we use. Each call may block for as long as the user looks at a prompt."""

    def get_password(self, service: str, username: str) -> str | None:
        """Give the secret, or None."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the secret."""

    def delete_password(self, service: str, username: str) -> None:
        """Remove the secret; an error where there is none."""


def find_keyring() -> Keyring | None:
    """The operating system's keyring, if it has one that encrypts. Slow, and may block: call it in a thread."""
    # Late, since it looks for every backend there is.
    import keyring  # noqa: PLC0415 (see above)
    from keyring.backends.chainer import ChainerBackend  # noqa: PLC0415 (see above)

    chosen = keyring.get_keyring()
    # A chain would write to its first member, whatever that is.
    candidates: list[Any] = list(chosen.backends) if isinstance(chosen, ChainerBackend) else [chosen]
    for candidate in candidates:
        if f"{type(candidate).__module__}.{type(candidate).__qualname__}" in REAL_KEYRINGS:
            found: Keyring = candidate
            return found
    return None


class Secrets:
    """The secrets of all profiles. A keyring that fails is followed by memory, which lasts as long as this object.

    `prepare` first, to know `where`; the other calls do it by themselves. Calls wait for one another.
    """

    def __init__(self, find: Callable[[], Keyring | None] = find_keyring) -> None:
        self._find = find
        self._keyring: Keyring | None = None
        self._is_prepared = False
        self._is_refusing = False
        self._memory: dict[tuple[str, SecretKind], str] = {}
        self._turn = asyncio.Lock()

    @property
    def is_persistent(self) -> bool:
        """True where a secret outlives the program. False before `prepare`, and while the keyring refuses."""
        return self._keyring is not None and not self._is_refusing

    @property
    def where(self) -> str:
        """A sentence for the dialog that asks for the secret."""
        if self.is_persistent:
            return _("Passwords and tokens are kept in this system's keyring.")
        return _("No keyring is available here: a password or token is kept for this session only.")

    async def prepare(self) -> None:
        """Look for the keyring, once."""
        async with self._turn:
            await self._prepare()

    async def get(self, profile_id: str, kind: SecretKind) -> str | None:
        """Give a secret, or None where there is none or the keyring stays locked."""
        async with self._turn:
            kept = self._memory.get((profile_id, kind))
            if kept is not None:
                return kept
            keyring = await self._prepare()
            if keyring is None:
                return None
            name = _name(profile_id, kind)
            return await _attempt(lambda: keyring.get_password(SERVICE, name), None)

    async def set(self, profile_id: str, kind: SecretKind, secret: str) -> None:
        """Keep a secret as well as this system can; `is_persistent` and `where` say how well it was."""
        async with self._turn:
            keyring = await self._prepare()
            name = _name(profile_id, kind)

            def keep() -> bool:
                if keyring is not None:
                    keyring.set_password(SERVICE, name, secret)
                return keyring is not None

            is_kept = await _attempt(keep, False)
            self._is_refusing = keyring is not None and not is_kept
            if is_kept:
                self._memory.pop((profile_id, kind), None)
            else:
                self._memory[profile_id, kind] = secret

    async def forget(self, profile_id: str, kind: SecretKind) -> None:
        """Remove a secret, if there is one."""
        async with self._turn:
            self._memory.pop((profile_id, kind), None)
            keyring = await self._prepare()
            if keyring is not None:
                name = _name(profile_id, kind)
                await _attempt(lambda: keyring.delete_password(SERVICE, name), None)

    async def _prepare(self) -> Keyring | None:
        if not self._is_prepared:
            self._keyring = await _attempt(self._find, None)
            self._is_prepared = True
        return self._keyring


def _name(profile_id: str, kind: SecretKind) -> str:
    return f"{profile_id}/{kind}"


async def _attempt(call: Callable[[], T], otherwise: T) -> T:
    """Run a call of the keyring in a thread of its own; give `otherwise` where it fails.

    A daemon thread, since a prompt that nobody answers must not keep the program from ending.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T) -> None:
        if not done.done():
            done.set_result(result)

    def work() -> None:
        try:
            result = call()
        except Exception:  # noqa: BLE001 (backends let through whatever their D-Bus library raises)
            result = otherwise
        # The program may have ended while a prompt was open; then nobody waits for the answer.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=work, name="keyring", daemon=True).start()
    return await done
