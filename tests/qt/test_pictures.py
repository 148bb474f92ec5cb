"""The pictures in docs/ are made anew by one command, and are the same each time."""

import hashlib
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from helios_desktop.qt.theme import DARK, LIGHT
from tests.qt import pictures
from tests.qt.real_cluster import GATEWAYS

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


async def test_a_picture_shows_the_whole_window_and_is_the_same_each_time(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "PICTURES", {"one": pictures.follower})
    for theme, folder in ((DARK, "a"), (DARK, "b"), (LIGHT, "b")):
        (tmp_path / folder).mkdir(exist_ok=True)
        await pictures.take(qapp, tmp_path / folder, theme)
    first, again, light = (tmp_path / name for name in ("a/one.png", "b/one.png", "b/one-light.png"))
    assert (QImage(str(first)).width(), QImage(str(first)).height()) == pictures.SIZE_PX
    assert _digest(first) == _digest(again) != _digest(light)
    assert first.stat().st_size < 200_000


def test_each_picture_is_of_what_its_name_says() -> None:
    states = {name: tell().monitor.state for name, tell in pictures.PICTURES.items()}
    assert states["real-follower"].leader is None
    assert all(not observer.is_stale for observer in states["real-three"].observers.values())
    assert [one.kind.value for one in states["real-disagreement"].disagreements] == ["two_leaders"]
    assert set(states["real-node-down"].unreachable) == {"node-2"}
    assert states["real-silence"].observers[GATEWAYS["node-1"]].raft_off is not None
    assert {observer.phase.value for observer in states["real-polling"].observers.values()} == {"polling"}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
