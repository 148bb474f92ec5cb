"""The incident report of the demo with a stopped leader, in a real browser: on a desk, on a telephone and on paper."""

import asyncio
import random
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import Event
from helios_desktop.export.report import write_report
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.scribe import Run
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.demo import DemoAccess
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Observation
from helios_desktop.store.checkpoint import FOLD_VERSION
from helios_gateway.embedded import embedded_gateway
from tests.unit.export.reported import Element, read_page, section, sentences

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")
MEASURE = """<!DOCTYPE html><title>measuring</title>
<iframe src="{url}" style="width:{width}px;height:800px;border:0"></iframe>
<script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument.documentElement;
  document.title = "measured " + page.scrollWidth + " of " + page.clientWidth;
}};
</script>"""


class Demo:
    """A recorded demo cluster."""

    def __init__(self, monitor: Monitor) -> None:
        self.told: list[Event] = []
        self._news = asyncio.Event()
        monitor.listen(self._see)

    def _see(self, _observation: Observation, told: tuple[Event, ...]) -> None:
        self.told += told
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for it, looking after each observation."""
        async with asyncio.timeout(40):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def count(self, event_type: str) -> int:
        """How often it was told."""
        return sum(event.type == event_type for event in self.told)


async def record_an_election(path: Path) -> str:
    """Record the demo until its stopped leader is replaced, started again and in reach; gives who it was."""
    now = make_clock()
    async with embedded_gateway(seed=11, speed=10) as gateway:
        recorder = Recorder(path, Run(now(), "0.1.0", FOLD_VERSION, {"cluster": "Demo", "environment": "DEMO"}))
        await recorder.open()
        credentials = Credentials(gateway.username, gateway.password)
        address, members = parse_address(gateway.url), gateway.members()
        target = Target("Demo", (address,), credentials, follows_members=True, first_members=members)
        monitor = Monitor(target, now_ns=now, rng=random.Random(1), recorder=recorder)
        demo = Demo(monitor)
        watching = asyncio.create_task(monitor.run())
        access = DemoAccess(gateway.url, gateway.username, gateway.password)
        await demo.until(lambda: demo.count("leader_change") == 1 and demo.count("latency") > 3)
        stopped = str(monitor.state.leader)
        await access.fault({"fault": "stop", "node": stopped})
        await demo.until(lambda: demo.count("leader_change") == 2 and demo.count("peer_unreachable") > 0)
        await access.fault({"fault": "start", "node": stopped})
        await demo.until(lambda: demo.count("peer_reachable") > 0)
        watching.cancel()
        await asyncio.wait({watching})
        assert await monitor.close_recording() == 0
    return stopped


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The report's file, and who was stopped."""
    path = tmp_path_factory.mktemp("demo") / "demo.helios"
    stopped = asyncio.run(record_an_election(path))
    report = path.with_suffix(".html")
    write_report(report, path, zone=UTC, progress=lambda _share: None, is_cancelled=lambda: False)
    return report, stopped


def chromium(folder: Path, *arguments: str) -> str:
    """Run it without a screen; gives what it prints."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
            f"--user-data-dir={folder / 'profile'}", *arguments,
        ],
        capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    return done.stdout


def test_the_report_of_the_demo_tells_the_election(recorded: tuple[Path, str]) -> None:
    report, stopped = recorded
    page = read_page(report.read_text(encoding="utf-8"))
    story = sentences(page)
    assert re.search(rf"{stopped} is found to lead term \d+\.$", story[0])
    (election,) = [one for one in story if f"{stopped} stopped leading term" in one]
    assert re.search(
        r"\(its gateway says that the node is stopped\) and is out of reach; "
        r"no leader for \d+ ms; \S+ node\d leads term \d+\.$",
        election,
    )
    assert any(re.search(rf"{stopped} is in reach again, after [\d.]+ m?s\.$", one) for one in story)
    names = [text.text for text in section(page, "Who led").one("svg", class_="lanes").all("text", class_="name")]
    assert names == ["Cluster", "node1", "node2", "node3"]


@needs_chromium
def test_a_browser_reads_the_same_elements_and_runs_nothing(recorded: tuple[Path, str], tmp_path: Path) -> None:
    report, _stopped = recorded
    read = read_page(chromium(tmp_path, "--dump-dom", report.as_uri()))
    written = read_page(report.read_text(encoding="utf-8"))
    assert _tags(read) == _tags(written)


def _tags(page: Element) -> list[str]:
    return [one.tag for one in page.all()]


@needs_chromium
@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_no_width_of_a_page_needs_scrolling_sideways(recorded: tuple[Path, str], tmp_path: Path, width: int) -> None:
    report, _stopped = recorded
    frame = tmp_path / "frame.html"
    frame.write_text(MEASURE.format(url=report.as_uri(), width=width))
    arguments = ("--allow-file-access-from-files", "--window-size=1400,900", "--dump-dom")
    measured = re.search(r"measured (\d+) of (\d+)", chromium(tmp_path, *arguments, frame.as_uri()))
    assert measured is not None
    assert measured.groups() == (str(width), str(width))


@needs_chromium
def test_it_is_drawn_and_prints_on_few_pages(recorded: tuple[Path, str], tmp_path: Path) -> None:
    report, _stopped = recorded
    picture, paper = tmp_path / "report.png", tmp_path / "report.pdf"
    chromium(tmp_path, f"--screenshot={picture}", "--window-size=1280,1600", report.as_uri())
    assert struct.unpack(">II", picture.read_bytes()[16:24]) == (1280, 1600)
    assert picture.stat().st_size > 50_000
    chromium(tmp_path, f"--print-to-pdf={paper}", "--no-pdf-header-footer", report.as_uri())
    pages = len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))
    assert 2 <= pages <= 8
