"""The window as a whole: choices, hold, keys, themes, and a clean end."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLineEdit,
    QMenu,
    QMessageBox,
    QWidget,
)

from helios_desktop.observation import Cause, Phase
from helios_desktop.profiles.profile import Profile
from helios_desktop.qt.connect_dialog import ConnectDialog
from helios_desktop.qt.theme import DARK, LIGHT
from helios_desktop.qt.window import MainWindow
from tests.qt.scene import FakeDemo, FakeHost, Story

Until = Callable[[Callable[[], bool]], Awaitable[None]]
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


@pytest.fixture
async def window(qapp: QApplication, host: FakeHost, settings: QSettings) -> AsyncIterator[MainWindow]:
    """Give a window that is shown and watches nothing."""
    made = MainWindow(host, qapp, settings, theme=DARK)
    made.show()
    yield made
    made.close()
    await made.shut_down()
    made.deleteLater()


@pytest.fixture
async def watching(window: MainWindow, live: Story, until: Until) -> MainWindow:
    """Give a window that watches a cluster that is well."""
    window.show_monitor(live.monitor)
    await until(lambda: len(window.overview.cards) == 3)
    return window


def open_dialog(window: MainWindow) -> ConnectDialog | None:
    """Find the Connect dialog, if it is open."""
    return next((dialog for dialog in window.findChildren(ConnectDialog) if dialog.isVisible()), None)


# Choices


async def test_the_first_run_offers_what_one_can_do(window: MainWindow, host: FakeHost, until: Until) -> None:
    assert window.pages.currentWidget() is window.welcome
    assert window.windowTitle() == "Helios"
    window.welcome.demo.click()
    await until(lambda: host.demos == 1)


async def test_saved_clusters_are_listed_and_ask_for_a_missing_password(
    window: MainWindow, host: FakeHost, until: Until
) -> None:
    host.profiles.save(Profile(id="p1", name="prod", addresses=("https://gw.example.com",), username="ops"))
    window.show_monitor(None)
    assert [button.text() for button in window.welcome.profiles] == ["prod  ·  https://gw.example.com"]
    window.welcome.profiles[0].click()
    await until(lambda: open_dialog(window) is not None)
    dialog = open_dialog(window)
    assert dialog is not None
    assert (dialog.address.text(), dialog.username.text()) == ("https://gw.example.com", "ops")
    dialog.password.setText("pw")
    dialog.accept()
    await until(lambda: len(host.targets) == 1)
    assert host.targets[0].credentials.password == "pw"
    assert await host.secrets.get("p1", "password") == "pw"


async def test_a_cluster_of_several_gateways_is_listed_in_a_few_letters(window: MainWindow, host: FakeHost) -> None:
    gateways = ("https://a.example.com", "b.example.com:8443", "https://c.example.com")
    host.profiles.save(Profile(id="p1", name="R&D", addresses=gateways, environment="PROD"))
    window.show_monitor(None)
    (button,) = window.welcome.profiles
    assert button.text() == "R&&D  ·  a.example.com:443 + 2  ·  PROD"
    for menu, name in ((window.menus.saved, "R&&D"), (window.menus.editable, "R&&D…")):
        assert [action.text() for action in menu.actions()] == [f"{name}\ta.example.com:443 + 2"]


async def test_a_kept_password_is_used_without_asking(window: MainWindow, host: FakeHost, until: Until) -> None:
    host.profiles.save(Profile(id="p1", name="prod", addresses=("https://gw.example.com",), username="ops"))
    await host.secrets.set("p1", "password", "kept")
    window.show_monitor(None)
    window.welcome.profiles[0].click()
    await until(lambda: len(host.targets) == 1)
    assert (host.targets[0].name, host.targets[0].credentials.password) == ("prod", "kept")


async def test_a_token_replaces_the_password_that_was_kept(window: MainWindow, host: FakeHost, until: Until) -> None:
    host.profiles.save(Profile(id="p1", name="prod", addresses=("https://gw.example.com",), username="ops"))
    await host.secrets.set("p1", "password", "old")
    window.show_monitor(None)
    window.menus.editable.actions()[0].trigger()
    await until(lambda: open_dialog(window) is not None)
    dialog = open_dialog(window)
    assert dialog is not None
    dialog.token.setText("abc")
    dialog.accept()
    await until(window.welcome.demo.isEnabled)
    assert host.targets == []
    assert (await host.secrets.get("p1", "password"), await host.secrets.get("p1", "token")) == (None, "abc")
    window.welcome.profiles[0].click()
    await until(lambda: len(host.targets) == 1)
    assert (host.targets[0].credentials.token, host.targets[0].credentials.has_login) == ("abc", False)


async def test_a_saved_cluster_is_removed_with_its_secrets_once_confirmed(
    window: MainWindow, host: FakeHost, until: Until
) -> None:
    host.profiles.save(Profile(id="p1", name="prod", addresses=("https://gw.example.com",), username="ops"))
    await host.secrets.set("p1", "password", "kept")
    window.show_monitor(None)
    for is_sure in (False, True):
        window.menus.removable.actions()[0].trigger()
        await until(lambda: any(box.isVisible() for box in window.findChildren(QMessageBox)))
        box = next(box for box in window.findChildren(QMessageBox) if box.isVisible())
        assert "prod" in box.text()
        next(button for button in box.buttons() if (button.text() == "Remove") is is_sure).click()
        await until(window.welcome.demo.isEnabled)
        assert len(host.profiles.list()) == len(window.welcome.profiles) == int(not is_sure)
    assert await host.secrets.get("p1", "password") is None
    assert not window.menus.saved.isEnabled()


async def test_a_broken_profile_file_is_told_on_the_first_page(window: MainWindow, host: FakeHost) -> None:
    host.profiles.path.parent.mkdir(parents=True, exist_ok=True)
    host.profiles.path.write_text("nonsense")
    window.show_monitor(None)
    assert str(host.profiles.path) in window.welcome.problem.text()
    assert window.welcome.demo.isEnabled()


async def test_one_choice_at_a_time_and_a_dialog_that_is_cancelled_frees_the_next(
    window: MainWindow, until: Until
) -> None:
    window.welcome.connect_.click()
    await until(lambda: open_dialog(window) is not None)
    assert not window.welcome.demo.isEnabled()
    dialog = open_dialog(window)
    assert dialog is not None
    dialog.reject()
    await until(window.welcome.demo.isEnabled)


async def test_a_failure_of_the_program_is_a_sentence_in_the_window(
    window: MainWindow, host: FakeHost, until: Until
) -> None:
    host.error = "The demo cannot start: no free port."
    window.welcome.demo.click()
    await until(window.banner.isVisible)
    assert window.banner.text.text() == host.error


async def test_refused_credentials_lead_back_to_the_dialog_with_the_rest_filled_in(
    watching: MainWindow, live: Story, host: FakeHost, until: Until
) -> None:
    live.phase("node1", Phase.REJECTED, Cause.BAD_CREDENTIALS)
    await until(watching.banner.isVisible)
    watching.banner.sign_in.click()
    await until(lambda: open_dialog(watching) is not None)
    dialog = open_dialog(watching)
    assert dialog is not None
    assert (dialog.address.text(), dialog.username.text()) == ("http://127.0.0.1:8080", "admin")
    assert dialog.password.text() == ""
    dialog.reject()


# Watching


async def test_what_comes_is_shown_at_the_pace(watching: MainWindow, live: Story, until: Until) -> None:
    assert watching.windowTitle() == "Demo [DEMO] · Helios"
    live.status("node2", commit=300_000)
    await until(lambda: watching.overview.cards["node2"].commit.text().startswith("300"))


async def test_a_banner_appears_by_itself_and_reconnects(watching: MainWindow, live: Story, until: Until) -> None:
    for node in ("node1", "node2", "node3"):
        live.phase(node, Phase.BACKOFF, Cause.REFUSED, attempt=1, retry_at_ns=live.now_ns + 5)
    await until(watching.banner.isVisible)
    watching.banner.reconnect.click()
    assert live.monitor.reconnects == 1


async def test_another_monitor_takes_the_place_of_the_first(watching: MainWindow, live: Story, until: Until) -> None:
    other = Story()
    other.phase("node1", Phase.CONNECTING)
    watching.show_monitor(other.monitor)
    await until(lambda: watching.top_bar.phase.text() == "Connecting")
    live.phase("node1", Phase.REJECTED, Cause.NOT_ADMIN)
    watching.pacer.refresh()
    assert watching.top_bar.phase.text() == "Connecting"


async def test_the_demo_panel_is_there_for_our_own_gateway_only(
    watching: MainWindow, live: Story, host: FakeHost, demo: FakeDemo
) -> None:
    assert not watching.demo_panel.isVisible()
    host.demo = demo
    watching.show_monitor(live.monitor)
    assert watching.demo_panel.isVisible()


# Hold


async def test_space_holds_and_l_goes_back_to_live(watching: MainWindow, live: Story) -> None:
    watching.frame.setFocus()
    QTest.keyClick(watching, Qt.Key.Key_Space)
    assert watching.top_bar.hold.isChecked()
    live.now_s += 10
    live.status("node2", commit=400_000)
    watching.pacer.refresh()
    assert watching.overview.cards["node2"].commit.text().startswith("104")
    QTest.keyClick(watching, Qt.Key.Key_L)
    assert not watching.top_bar.hold.isChecked()
    assert watching.overview.cards["node2"].commit.text().startswith("400")


async def test_space_belongs_to_the_control_that_has_the_focus(watching: MainWindow, live: Story) -> None:
    switch = next(iter(watching.subscriptions.switches.values()))
    switch.setFocus()
    QTest.keyClick(switch, Qt.Key.Key_Space)
    assert not switch.isChecked()
    assert not watching.top_bar.hold.isChecked()
    assert len(live.monitor.asked) == 1


async def test_the_button_holds_and_says_how_to_go_back(watching: MainWindow) -> None:
    watching.top_bar.hold.click()
    assert watching.top_bar.hold.text() == "Back to live"
    assert watching.top_bar.held.text().startswith("Held at ")
    watching.top_bar.hold.click()
    assert watching.top_bar.hold.text() == "Hold"


async def test_choosing_an_event_shows_it_in_the_inspector(watching: MainWindow, live: Story) -> None:
    watching.timeline.event_activated.emit(live.monitor.log.first)
    assert watching.inspector.shown is live.monitor.log[live.monitor.log.first]


# Looks and layout


async def test_the_theme_is_changed_kept_and_worn_by_all(
    qapp: QApplication, watching: MainWindow, settings: QSettings
) -> None:
    watching.menus.themes["light"].trigger()
    label = watching.overview.cards["node1"].commit
    assert label.palette().windowText().color() == LIGHT.text
    assert qapp.palette().window().color() == LIGHT.panel
    assert settings.value("theme") == "light"


async def test_the_time_convention_is_changed_for_all(watching: MainWindow, settings: QSettings) -> None:
    watching.hold()
    action = next(action for style, action in watching.menus.times.items() if style.value == "local")
    action.trigger()
    assert "UTC+" in watching.top_bar.held.text() or "UTC-" in watching.top_bar.held.text()
    assert settings.value("times") == "local"


async def test_a_hidden_panel_comes_back_with_reset_layout(watching: MainWindow) -> None:
    watching.menus.panels["inspector"].trigger()
    assert not watching.inspector.isVisible()
    watching.menus.reset_layout.trigger()
    assert watching.inspector.isVisible()


async def test_the_layout_is_the_same_in_the_next_run(
    qapp: QApplication, watching: MainWindow, host: FakeHost, settings: QSettings, live: Story
) -> None:
    # The offscreen platform's screen is 800 pixels wide, and a window is never restored wider than its screen.
    watching.resize(960, 700)
    watching.panels.columns.setSizes([320, 390, 250])
    watching.panels.centre.setSizes([160, 400])
    QApplication.processEvents()
    sizes = (watching.panels.columns.sizes(), watching.panels.centre.sizes())
    watching.close()
    again = MainWindow(host, qapp, settings, theme=DARK)
    again.show_monitor(live.monitor)
    again.show()
    QApplication.processEvents()
    assert again.height() == 700
    assert (again.panels.columns.sizes(), again.panels.centre.sizes()) == sizes
    again.close()
    await again.shut_down()
    again.deleteLater()


async def test_at_its_usual_size_nothing_is_cut_off(watching: MainWindow, live: Story) -> None:
    watching.resize(1280, 800)
    for node in ("node1", "node2", "node3"):
        live.status(node, commit=1_104_221)
        live.frame(node, "uptime", {"current_uptime": "24h30m0s", "total_sessions": 5, "total_uptime": "720h15m30s"})
    stats = {"count": 9, "avg_value_ms": 12.51, "min_value_ms": 1, "max_value_ms": 400, "p99_value_ms": 312.5}
    peers = {peer: {"peer_id": peer, "append_entries": stats} for peer in ("node2", "node3")}
    live.frame("node1", "latency", {"aggregated": {"append_entries": stats}, "peers": peers})
    watching.pacer.refresh()
    QApplication.processEvents()
    assert watching.overview.cards["node2"].p99.text().startswith("312")
    for card in watching.overview.cards.values():
        for label in (card.name, card.role, card.commit, card.applied, card.term, card.lag, card.uptime, card.p99):
            assert label.width() >= label.sizeHint().width(), label.text()
    ground = watching.panels.left.widget()
    assert ground is not None
    assert ground.width() <= watching.panels.left.viewport().width()


# Keyboard and screen readers


async def test_every_control_has_a_name_and_can_be_reached_by_keyboard(
    watching: MainWindow, live: Story, host: FakeHost, demo: FakeDemo
) -> None:
    host.demo = demo
    watching.show_monitor(live.monitor)
    nameless = [
        control
        for kind in (QAbstractButton, QComboBox, QLineEdit)
        for control in watching.findChildren(kind)
        if control.isVisible() and not _name(control)
    ]
    assert nameless == []
    own = (watching.subscriptions, watching.demo_panel, watching.top_bar)
    for panel in own:
        for button in panel.findChildren(QAbstractButton):
            assert button.focusPolicy() & Qt.FocusPolicy.TabFocus, button.text()


def _name(control: QWidget) -> str:
    text = control.text() if isinstance(control, QAbstractButton) else ""
    owner = control.parentWidget()
    return text or control.accessibleName() or control.toolTip() or (owner.accessibleName() if owner else "")


async def test_no_two_actions_share_a_shortcut(watching: MainWindow) -> None:
    keys = [
        action.shortcut().toString()
        for menu in watching.menuBar().findChildren(QMenu)
        for action in menu.actions()
        if not action.shortcut().isEmpty()
    ]
    assert len(keys) == len(set(keys)) > 3


# The end


async def test_closing_hides_at_once_and_lets_the_program_end(window: MainWindow) -> None:
    waiter = asyncio.create_task(window.wait_closed())
    window.close()
    assert not window.isVisible()
    async with asyncio.timeout(5):
        await waiter


async def test_closing_ends_a_question_that_is_open(window: MainWindow, until: Until) -> None:
    window.welcome.connect_.click()
    await until(lambda: open_dialog(window) is not None)
    window.close()
    await window.shut_down()
    assert open_dialog(window) is None


async def test_a_window_that_is_gone_leaves_nothing_behind(
    qapp: QApplication, host: FakeHost, settings: QSettings, live: Story, until: Until
) -> None:
    window = MainWindow(host, qapp, settings, theme=DARK)
    window.show()
    window.show_monitor(live.monitor)
    window.close()
    await window.shut_down()
    window.deleteLater()
    gone = weakref.ref(window)
    del window
    await asyncio.sleep(0)
    live.status("node1")  # nobody listens any more

    def is_gone() -> bool:
        gc.collect()
        return gone() is None

    await until(is_gone)
