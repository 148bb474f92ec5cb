"""Secrets: which keyrings are trusted with them, and what happens without one."""

import asyncio
import sys
import threading
import types

import keyring
import pytest
from keyring.backends import SecretService, chainer, fail, null

from helios_desktop.profiles.secrets import Secrets, find_keyring


class _FakeKeyring:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.threads: set[str] = set()
        self.error: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        self._called()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._called()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._called()
        del self.kept[service, username]

    def _called(self) -> None:
        self.threads.add(threading.current_thread().name)
        if self.error is not None:
            raise self.error


async def test_a_keyring_keeps_secrets_apart_and_off_the_loops_thread() -> None:
    backend = _FakeKeyring()
    secrets = Secrets(lambda: backend)
    await secrets.set("prod", "password", "p")
    await secrets.set("prod", "token", "t")
    assert backend.kept == {("helios-desktop", "prod/password"): "p", ("helios-desktop", "prod/token"): "t"}
    assert await secrets.get("prod", "token") == "t"
    assert await secrets.get("dev", "token") is None
    await secrets.forget("prod", "token")
    assert await secrets.get("prod", "token") is None
    assert backend.threads == {"keyring"}
    assert secrets.is_persistent
    assert "keyring" in secrets.where


async def test_without_a_keyring_a_secret_lasts_for_the_session_and_the_dialog_is_told() -> None:
    secrets = Secrets(lambda: None)
    await secrets.prepare()
    assert not secrets.is_persistent
    assert "this session only" in secrets.where
    await secrets.set("prod", "password", "p")
    assert await secrets.get("prod", "password") == "p"
    await secrets.forget("prod", "password")
    assert await secrets.get("prod", "password") is None


async def test_a_keyring_that_refuses_is_followed_by_memory() -> None:
    backend = _FakeKeyring()
    backend.error = RuntimeError("the user closed the prompt")
    secrets = Secrets(lambda: backend)
    assert await secrets.get("prod", "password") is None
    await secrets.set("prod", "password", "p")
    await secrets.forget("prod", "token")
    assert backend.kept == {}
    assert not secrets.is_persistent
    assert await secrets.get("prod", "password") == "p"
    backend.error = None
    await secrets.set("prod", "password", "q")
    assert "in this system's keyring" in secrets.where
    assert await secrets.get("prod", "password") == "q"


async def test_a_prompt_that_nobody_answers_can_be_given_up() -> None:
    released = threading.Event()

    def find() -> None:
        released.wait(30)

    task = asyncio.create_task(Secrets(find).prepare())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    released.set()


@pytest.mark.parametrize("backend", [null.Keyring, fail.Keyring])
def test_a_keyring_that_keeps_nothing_is_none(monkeypatch: pytest.MonkeyPatch, backend: type) -> None:
    monkeypatch.setattr(keyring, "get_keyring", backend)
    assert find_keyring() is None


def test_a_keyring_that_writes_plain_text_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("keyrings.alt.file")
    plain = type("PlaintextKeyring", (_FakeKeyring,), {"__module__": "keyrings.alt.file"})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(keyring, "get_keyring", plain)
    assert find_keyring() is None


def test_a_real_keyring_is_taken_also_out_of_a_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    real = object.__new__(SecretService.Keyring)
    monkeypatch.setattr(keyring, "get_keyring", lambda: real)
    assert find_keyring() is real
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [_FakeKeyring(), real])
    monkeypatch.setattr(keyring, "get_keyring", lambda: object.__new__(chainer.ChainerBackend))
    assert find_keyring() is real
