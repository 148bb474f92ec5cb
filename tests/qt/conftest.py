"""What the tests of the window share: Qt's loop under asyncio, a monitor that is fed by hand, a host that remembers."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from helios_desktop.qt.loop import new_loop
from helios_desktop.qt.theme import load_fonts
from tests.qt.scene import FakeDemo, FakeHost, Story


def _qt_loop() -> asyncio.AbstractEventLoop:
    app = QApplication.instance()
    assert isinstance(app, QApplication), "a coroutine that uses Qt's loop asks for `qapp`"
    return new_loop(app)


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Coroutines that ask for `qapp`, in whatever way, run on Qt's loop."""
    needs_qt = "qapp" in getattr(item, "fixturenames", ())
    return {"qt": _qt_loop} if needs_qt else {"asyncio": asyncio.new_event_loop}


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """Give the application with its fonts; closing a window never ends it."""
    load_fonts()
    qapp.setQuitOnLastWindowClosed(False)
    return qapp


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect cycles in this thread alone, as the program does (`qt.garbage`): windows come and go here."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture
def story() -> Story:
    """Give a cluster of which nothing is known yet."""
    return Story()


@pytest.fixture
def live(story: Story) -> Story:
    """Give a cluster that is live and well."""
    story.go_live()
    return story


@pytest.fixture
def demo() -> FakeDemo:
    """Give a demo gateway."""
    return FakeDemo()


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    """Give a program without profiles and without a keyring."""
    return FakeHost(tmp_path / "config")


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    """Give settings of this test only."""
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Give the way to wait for a condition on the running loop."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - what Qt does has no event to wait for
                await asyncio.sleep(0.005)

    return wait
