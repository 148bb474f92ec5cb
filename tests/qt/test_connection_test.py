"""“Test connection”: the steps are listed as they are made, on the window's own loop, and nothing else is done."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from helios_desktop.client.address import Address
from helios_desktop.monitor.check import Outcome, Result, Step
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Cause
from helios_desktop.profiles.profile import Profile
from helios_desktop.qt.connect_dialog import ConnectDialog
from helios_desktop.qt.connection_test import Check, check_briefly
from helios_desktop.qt.tasks import Tasks
from helios_desktop.qt.theme import DARK, LIGHT, apply_theme
from helios_gateway.embedded import embedded_gateway
from tests.qt.scene import FakeHost
from tests.real_gateway.gateway import RealGateway

Until = Callable[[Callable[[], bool]], Awaitable[None]]
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)

WELL = Result("", Step.ADDRESS, Outcome.OK, 0.012, "The name is known.")
REFUSED = Result("", Step.TLS, Outcome.FAILED, 2.5, "Nothing listens there.", "Check the port.", Cause.REFUSED)
SKIPPED = Result("", Step.HTTP, Outcome.SKIPPED, 0.0, "Not tried, since the step “TLS” failed.")
SLOW_CLOCK = Result("", Step.CLOCK, Outcome.NOTE, 0.0, "The clock is 5 s late.", "Set it.")


class Bench:
    """A dialog whose checks give what the test lays down: a result each time that one is let go."""

    def __init__(self, host: FakeHost, *, check_one: Check | None = None, known: Profile | None = None) -> None:
        self.host = host
        self.failures: list[BaseException] = []
        self.tasks = Tasks(self.failures.append)
        self.window = QWidget()
        self.dialog = ConnectDialog(
            host.profiles,
            self.window,
            self.tasks,
            known=known,
            only_saves=known is not None,
            check_one=check_one or self._check,
        )
        self.results: asyncio.Queue[Result | BaseException | None] = asyncio.Queue()
        self.asked: list[tuple[Target, Address]] = []
        self.ended = 0
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.dialog.show()

    @property
    def test(self) -> QWidget:
        """The part that shows the test."""
        return self.dialog.test

    @property
    def steps(self) -> str:
        """What the list shows."""
        return self.dialog.test.steps.toPlainText()

    def fill(self, addresses: str = "localhost:8080") -> None:
        """Type all that a test needs."""
        self.dialog.address.setText(addresses)
        self.dialog.username.setText("ops")
        self.dialog.password.setText("s3cret")

    def press(self) -> None:
        """Press the button."""
        self.dialog.test.button.click()

    def give(self, *results: Result | BaseException | None) -> None:
        """Let go of results; None ends a gateway's check."""
        for result in results:
            self.results.put_nowait(result)

    async def close(self) -> None:
        """Clear up, however the test left it."""
        self.may_end.set()
        if isValid(self.dialog):
            self.dialog.close()
        await self.tasks.close()
        self.window.deleteLater()

    async def _check(self, target: Target, address: Address) -> AsyncIterator[Result]:
        self.asked.append((target, address))
        try:
            while True:
                result = await self.results.get()
                if isinstance(result, BaseException):
                    raise result
                if result is None:
                    return
                yield replace(result, gateway=address.name)
        finally:
            await self.may_end.wait()  # as a socket that is closed properly
            self.ended += 1


@pytest.fixture
async def bench(qapp: QApplication, host: FakeHost) -> AsyncIterator[Bench]:
    made = Bench(host)
    yield made
    await made.close()
    assert made.failures == []


async def test_the_steps_are_listed_as_they_are_made_while_the_fields_stay_usable(bench: Bench, until: Until) -> None:
    assert not bench.test.isVisible()
    bench.fill()
    height = bench.dialog.height()
    bench.press()
    assert bench.test.isVisible()
    assert bench.dialog.height() > height
    await until(lambda: bench.dialog.test.sentence.text() == "Testing localhost:8080: Address…")
    assert bench.steps == ""
    bench.give(WELL)
    await until(lambda: bench.steps == "✓\tAddress  The name is known.  12 ms")
    assert bench.dialog.test.sentence.text() == "Testing localhost:8080: TLS…"
    for field in (bench.dialog.address, bench.dialog.password, bench.dialog.name, bench.dialog.buttons):
        assert field.isEnabled()
    bench.give(SLOW_CLOCK, None)
    await until(lambda: not bench.dialog.test.is_running)
    assert bench.steps.splitlines()[1:] == ["!\tClock  The clock is 5 s late.  0 ms", "Set it."]
    assert bench.dialog.test.sentence.text() == "This gateway can be watched."


async def test_a_failure_says_why_and_what_to_do(bench: Bench, until: Until) -> None:
    bench.fill()
    bench.press()
    bench.give(WELL, REFUSED, SKIPPED, None)
    await until(lambda: not bench.dialog.test.is_running)
    assert bench.steps.splitlines()[1:] == [
        "✗\tTLS  Nothing listens there.  2.5 s",
        "Check the port.",
        "–\tHTTP  Not tried, since the step “TLS” failed.",
    ]
    assert bench.dialog.test.problem.isVisible()
    assert bench.dialog.test.problem.text() == "A step failed: its ✗ says why, and what to do."


async def test_several_gateways_are_tested_one_after_the_other_each_under_its_name(bench: Bench, until: Until) -> None:
    bench.fill("localhost:1\nlocalhost:2\nlocalhost:3")
    bench.press()
    bench.give(WELL, None, WELL, REFUSED, None, WELL, None)
    await until(lambda: not bench.dialog.test.is_running)
    assert [address.name for _target, address in bench.asked] == ["localhost:1", "localhost:2", "localhost:3"]
    assert [line for line in bench.steps.splitlines() if line.startswith("localhost")] == [
        "localhost:1",
        "localhost:2",
        "localhost:3",
    ]
    said = bench.dialog.test.problem.text()
    assert said == "A step failed at 1 of 3 gateways: localhost:2."


async def test_a_long_list_ends_at_its_first_failure(bench: Bench, until: Until) -> None:
    bench.fill("localhost:1 localhost:2")
    bench.press()
    bench.give(*[WELL] * 20, REFUSED, *[SKIPPED] * 40, None, WELL, None)
    await until(lambda: not bench.dialog.test.is_running)
    steps = bench.dialog.test.steps
    top = steps.cursorForPosition(QPoint(10, 10))
    assert "Nothing listens there." in top.block().text()


@pytest.mark.parametrize("how", ["address", "username", "password", "token", "ca_file"])
async def test_a_field_that_changes_takes_the_list_away(bench: Bench, until: Until, how: str) -> None:
    bench.fill()
    bench.press()
    bench.give(WELL)
    await until(lambda: bool(bench.steps))
    match how:
        case "address":
            bench.dialog.address.setText("localhost:8081")
        case "username":
            bench.dialog.username.setText("x")
        case "password":
            bench.dialog.password.setText("x")
        case "token":
            bench.dialog.token.setText("x")
        case _:
            bench.dialog.more.ca_file.setText("x")
    assert not bench.test.isVisible()
    await until(lambda: bench.ended == 1)
    assert not bench.dialog.test.is_running


async def test_stopped_a_test_ends_its_check_and_keeps_what_it_found(bench: Bench, until: Until) -> None:
    bench.fill()
    bench.press()
    bench.give(WELL)
    await until(lambda: bool(bench.steps))
    assert bench.dialog.test.button.text() == "Stop the test"
    bench.press()
    await until(lambda: bench.ended == 1)
    assert bench.dialog.test.sentence.text() == "The test was stopped."
    assert "Address" in bench.steps
    bench.press()
    bench.give(None)
    await until(lambda: bench.ended == 2)
    assert bench.steps == ""


@pytest.mark.parametrize("how", ["reject", "accept", "close"])
async def test_a_dialog_that_closes_ends_the_check_and_may_be_gone_before_it(
    bench: Bench, until: Until, how: str
) -> None:
    bench.fill()
    bench.press()
    bench.give(WELL)
    await until(lambda: bool(bench.steps))
    bench.may_end.clear()
    match how:
        case "reject":
            bench.dialog.reject()
        case "accept":
            bench.dialog.accept()
        case _:
            bench.dialog.close()
    assert not bench.dialog.isVisible()
    bench.dialog.deleteLater()
    await until(lambda: not isValid(bench.dialog))
    assert bench.ended == 0
    bench.may_end.set()
    await until(lambda: bench.ended == 1)


async def test_a_test_saves_nothing_and_connects_nobody(bench: Bench, until: Until) -> None:
    bench.fill()
    bench.dialog.name.setText("prod")
    bench.press()
    bench.give(WELL, None)
    await until(lambda: not bench.dialog.test.is_running)
    assert bench.dialog.isVisible()
    assert bench.dialog.answer is None
    assert bench.host.profiles.list() == ()
    ((target, _address),) = bench.asked
    assert (target.credentials.username, target.credentials.password) == ("ops", "s3cret")


async def test_what_cannot_be_tried_is_told_beside_its_field(bench: Bench) -> None:
    bench.press()
    assert bench.dialog.address_error.isVisible()
    bench.dialog.address.setText("localhost:8080")
    bench.press()
    assert "Who signs in?" in bench.dialog.error.text()
    assert not bench.test.isVisible()
    assert bench.asked == []


async def test_a_saved_cluster_is_tested_with_the_secret_that_is_typed(qapp: QApplication, host: FakeHost) -> None:
    known = Profile(id="p1", name="prod", addresses=("localhost:8080",), username="ops")
    bench = Bench(host, known=known)
    bench.press()
    assert "type the password or a token" in bench.dialog.error.text()
    bench.dialog.password.setText("s3cret")
    bench.press()
    assert bench.dialog.test.is_running
    await bench.close()


async def test_a_fault_of_the_program_is_told_and_does_not_look_like_a_test_that_goes_on(
    qapp: QApplication, host: FakeHost, until: Until
) -> None:
    bench = Bench(host)
    bench.fill()
    bench.press()
    bench.give(ValueError("a fault of ours"))
    await until(lambda: not bench.dialog.test.is_running)
    assert bench.dialog.test.problem.text() == "The test did not come to its end."
    await until(lambda: [str(failure) for failure in bench.failures] == ["a fault of ours"])
    await bench.close()


async def test_the_list_takes_the_colours_of_another_theme(bench: Bench, qapp: QApplication, until: Until) -> None:
    apply_theme(qapp, DARK)
    bench.fill("localhost:1 localhost:2")
    bench.press()
    bench.give(WELL, None, REFUSED, None)
    await until(lambda: not bench.dialog.test.is_running)
    before = bench.steps
    apply_theme(qapp, LIGHT)
    cursor = bench.dialog.test.steps.textCursor()
    cursor.setPosition(before.index("✗") + 1)
    assert cursor.charFormat().foreground().color() == LIGHT.problem
    assert bench.steps == before


async def test_a_real_gateway_is_found_fit_to_be_watched(qapp: QApplication, host: FakeHost, until: Until) -> None:
    async with embedded_gateway(seed=4, is_calm=True) as gateway:
        bench = Bench(host, check_one=check_briefly)
        bench.fill(gateway.url)
        bench.dialog.username.setText(gateway.username)
        bench.dialog.password.setText(gateway.password)
        bench.press()
        await until(lambda: not bench.dialog.test.is_running)
        assert bench.dialog.test.sentence.text() == "This gateway can be watched."
        assert len([line for line in bench.steps.splitlines() if line[1:2] == "\t"]) == len(Step)
        assert gateway.password not in bench.steps
        await bench.close()
        assert bench.failures == []


async def test_closing_the_dialog_in_the_middle_of_a_test_does_the_real_gateway_no_harm(
    qapp: QApplication, host: FakeHost, until: Until
) -> None:
    async with RealGateway(first_status_s=0.2) as gateway:  # which fails this test if it would have died of it
        bench = Bench(host, check_one=check_briefly)
        bench.fill(gateway.url)
        bench.dialog.username.setText("admin")
        bench.dialog.password.setText("admin123")
        bench.press()
        await until(lambda: "✓\tWebSocket" in bench.steps)
        assert gateway.sockets
        await bench.close()
        await until(lambda: not gateway.sockets)
        assert bench.failures == []
