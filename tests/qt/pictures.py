"""Pictures of the window on what real gateways tell, the same at each run: `python -m tests.qt.pictures docs/`.

`--light` takes the light theme, and calls them so.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSettings
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.rest import RestCall
from helios_desktop.qt import loop
from helios_desktop.qt.theme import DARK, LIGHT, Theme, load_fonts
from helios_desktop.qt.window import MainWindow
from tests.qt.real_cluster import GATEWAYS, RAFT_OFF, RealCluster, pong, replay
from tests.qt.scene import NS, FakeHost, Story
from tests.unit.store.scene import START_S

SIZE_PX: Final = (1280, 800)
_TURNS: Final = 30


def follower() -> Story:
    """One gateway, of a follower: it knows neither its leader nor anything of the others."""
    story = Story("http://10.20.0.11:8443", name="10.20.0.11:8443", environment="", start_s=START_S)
    replay(story, "steady_follower_60s_header.jsonl", GATEWAYS["node-1"], 60.0)
    return story


def three() -> Story:
    """A gateway a node, all well."""
    cluster = RealCluster()
    cluster.open()
    cluster.run(178)
    return cluster.story


def disagreement() -> Story:
    """Two nodes claim one term."""
    cluster = RealCluster()
    cluster.open()
    cluster.run(120)
    cluster.leaders = ("node-1", "node-3")
    cluster.run(17)
    return cluster.story


def node_down() -> Story:
    """A node stops with its gateway; another gateway refuses the user."""
    cluster = RealCluster()
    cluster.open()
    cluster.run(120)
    cluster.lose("node-2", Cause.REFUSED)
    cluster.down = frozenset({"node-2"})
    cluster.run(17)
    cluster.lose("node-2", Cause.REFUSED)
    return cluster.story


def silence() -> Story:
    """A gateway whose node runs without Raft."""
    cluster = RealCluster("node-1", name="staging", environment="STAGE")
    cluster.open()
    for _second in range(20):
        cluster.story.now_s += 1
        cluster.story.tick()
        pong(cluster.story, GATEWAYS["node-1"])
    cluster.story.rest(GATEWAYS["node-1"], RestCall.STATUS, RAFT_OFF, status=503)
    cluster.story.tick()
    return cluster.story


def polling() -> Story:
    """A leader behind a proxy that lets no WebSocket through."""
    cluster = RealCluster("node-3")
    cluster.polled = frozenset({"node-3"})
    expires_ns = cluster.story.now_ns + 900 * NS
    detail = "HTTP 500: response does not implement http.Hijacker"
    cluster.story.phase(GATEWAYS["node-3"], Phase.AUTHENTICATING)
    cluster.story.phase(GATEWAYS["node-3"], Phase.CONNECTING)
    cluster.story.phase(
        GATEWAYS["node-3"], Phase.POLLING, Cause.SOCKET_BLOCKED, detail=detail, token_expires_at_ns=expires_ns
    )
    cluster.run(148)
    return cluster.story


PICTURES: Final[dict[str, Callable[[], Story]]] = {
    "real-follower": follower,
    "real-three": three,
    "real-disagreement": disagreement,
    "real-node-down": node_down,
    "real-silence": silence,
    "real-polling": polling,
}


async def take(app: QApplication, folder: Path, theme: Theme) -> None:
    """Write all of them into that folder."""
    ending = "" if theme is DARK else f"-{theme.name}"
    for name, tell in PICTURES.items():
        with tempfile.TemporaryDirectory(prefix="helios-") as home:
            settings = QSettings(f"{home}/window.ini", QSettings.Format.IniFormat)
            window = MainWindow(FakeHost(Path(home)), app, settings, theme)
            window.resize(*SIZE_PX)
            window.show_monitor(tell().monitor)
            window.show()
            # Layouts settle within a few turns of the loop; each refresh draws the same instant.
            for _turn in range(_TURNS):
                await asyncio.sleep(0)
                window.pacer.refresh()
            # Quality 0 is the strongest compression; an alpha channel would only cost.
            picture = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
            picture.save(str(folder / f"{name}{ending}.png"), quality=0)
            window.close()
            await window.shut_down()
            window.deleteLater()


def main(arguments: list[str]) -> int:
    """Take the folder, and `--light`."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    theme = LIGHT if "--light" in arguments else DARK
    (folder,) = (Path(argument) for argument in arguments if not argument.startswith("-"))
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication(["helios-desktop"])
    load_fonts()
    return loop.run(lambda: _take(app, folder, theme), app)


async def _take(app: QApplication, folder: Path, theme: Theme) -> int:
    await take(app, folder, theme)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
