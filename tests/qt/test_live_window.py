"""The window on the real embedded gateway: from socket to pixel, and a fault from a click to a sentence."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.demo import DemoAccess
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Phase
from helios_desktop.qt.theme import DARK
from helios_desktop.qt.window import MainWindow
from helios_gateway.embedded import embedded_gateway
from tests.qt.scene import FakeHost

Until = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)
async def test_a_stopped_leader_is_seen_replaced_and_a_dead_gateway_is_said_in_words(
    qapp: QApplication, host: FakeHost, settings: QSettings, until: Until
) -> None:
    window = MainWindow(host, qapp, settings, theme=DARK)
    window.show()
    async with embedded_gateway(seed=4, is_calm=True, speed=5) as gateway:
        host.demo = DemoAccess(gateway.url, gateway.username, gateway.password)
        target = Target(
            "Demo",
            (parse_address(gateway.url),),
            Credentials(gateway.username, gateway.password),
            environment="DEMO",
            follows_members=True,
            first_members=gateway.members(),
        )
        monitor = Monitor(target, now_ns=make_clock(), rng=random.Random(1))
        running = asyncio.create_task(monitor.run())
        window.show_monitor(monitor)
        await until(lambda: window.overview.verdict.text() == "3 of 3 healthy: can lose 1")
        assert window.top_bar.phase.text() == "Live"
        first = monitor.state.leader
        assert first is not None
        assert window.overview.cards[first].role.text() == "Leader"

        window.demo_panel.buttons["Stop"].click()
        await until(lambda: window.demo_panel.answer.text() == f"Stop: {first} ✓")
        await until(lambda: window.overview.cards[first].role.text() == "Unreachable")
        await until(lambda: monitor.state.leader not in {None, first})
        await until(lambda: window.top_bar.leader.text().startswith(f"{monitor.state.leader} leads term"))
        assert window.top_bar.phase.text() == "Live"

    await until(lambda: window.top_bar.phase.text().startswith("Reconnecting"))
    await until(lambda: window.banner.text.text().startswith("Nothing listens at that address"))
    assert window.overview.verdict.text().startswith("Unknown")
    assert Phase.LIVE not in {observer.phase for observer in monitor.state.observers.values()}
    window.close()
    await window.wait_closed()
    await window.shut_down()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    window.deleteLater()
