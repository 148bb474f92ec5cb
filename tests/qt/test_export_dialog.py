"""The export dialog: what it counts, shows, writes, and says when it cannot."""

import asyncio
import json
import os
import random
from pathlib import Path

import pytest
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import Event
from helios_desktop.export.lines import Format
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Kind, Observation
from helios_desktop.protocol.messages import PeerChange
from helios_desktop.qt.export_dialog import ExportDialog
from helios_desktop.qt.theme import DARK
from helios_desktop.qt.timeline_filter import CHANGES, EVERYTHING, TimelineFilter
from helios_desktop.qt.times import TimeStyle

AT_NS = 1_700_000_000_000_000_000
NBSP = "\N{NO-BREAK SPACE}"


def event(number: int, event_type: str = "peer_change") -> Event:
    at_ns = AT_NS + number * 1_000_000_000
    observation = Observation("node1", 1, at_ns, Kind.FRAME, json.dumps({"type": event_type, "data": {}}))
    return Event(event_type, at_ns, "2023-11-14T22:13:20Z", "node1", "", PeerChange(f"p{number}", "added"), observation)


@pytest.fixture
def monitor() -> Monitor:
    target = Target("Demo / one", (parse_address("http://127.0.0.1:8080"),), Credentials())
    made = Monitor(target, now_ns=lambda: AT_NS, rng=random.Random(1))
    made.log.extend([event(0), event(1, "pong"), event(2), event(3, "pong")])
    return made


def dialog_of(qtbot: QtBot, monitor: Monitor, chosen: TimelineFilter = CHANGES) -> ExportDialog:
    dialog = ExportDialog(monitor, chosen, TimeStyle.UTC, DARK)
    qtbot.addWidget(dialog)
    dialog.open()
    return dialog


async def written(dialog: ExportDialog) -> None:
    """Wait until it wrote or failed."""
    over = asyncio.Event()
    dialog.written.connect(lambda _count: over.set())
    dialog.failed.connect(lambda _sentence: over.set())
    await over.wait()
    assert not dialog.is_writing


def choose(dialog: ExportDialog, file_format: Format) -> None:
    row = dialog.format.findData(file_format.value)
    dialog.format.setCurrentIndex(row)
    dialog.format.activated.emit(row)


def test_it_counts_all_and_the_filtered(qtbot: QtBot, monitor: Monitor) -> None:
    dialog = dialog_of(qtbot, monitor)
    assert dialog.as_filtered.text() == "As filtered: 2 events"
    assert dialog.all_events.text() == "All that is kept: 4 events"
    assert dialog.as_filtered.isChecked()
    assert dialog_of(qtbot, monitor, EVERYTHING).all_events.isChecked()


def test_the_preview_is_the_first_rows_of_the_file(qtbot: QtBot, monitor: Monitor) -> None:
    dialog = dialog_of(qtbot, monitor)
    rows = [json.loads(line) for line in dialog.preview.toPlainText().splitlines()]
    assert [row["summary"] for row in rows] == ["p0 added", "p2 added"]
    dialog.all_events.click()
    assert len(dialog.preview.toPlainText().splitlines()) == 4
    choose(dialog, Format.CSV)
    assert dialog.preview.toPlainText().startswith("timestamp,")
    choose(dialog, Format.LOG)
    assert dialog.preview.toPlainText().startswith("2023/11/14 22:13:20 {")


def test_the_suggested_name_has_the_cluster_and_the_ending_of_the_format(qtbot: QtBot, monitor: Monitor) -> None:
    dialog = dialog_of(qtbot, monitor)
    assert Path(dialog.path.text()).name.startswith("Demo-one-2023-11-1")
    assert dialog.path.text().endswith(".jsonl")
    choose(dialog, Format.CSV)
    assert dialog.path.text().endswith(".csv")
    assert dialog.zone.isEnabled()
    choose(dialog, Format.EVENTS)
    assert not dialog.zone.isEnabled()


async def test_it_writes_what_was_chosen_and_says_how_much(qtbot: QtBot, monitor: Monitor, tmp_path: Path) -> None:
    dialog = dialog_of(qtbot, monitor)
    path = tmp_path / "out.jsonl"
    dialog.path.setText(str(path))
    done = QSignalSpy(dialog.written)
    dialog.export.click()
    assert dialog.cancel.text() == "Cancel"
    await written(dialog)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["type"] == "meta"
    assert lines[0]["filter"]["hidden_types"] == sorted(CHANGES.events.hidden_types)
    assert [line["summary"] for line in lines[1:]] == ["p0 added", "p2 added"]
    assert dialog.message.text() == f"Wrote 2 events to {path}"
    assert done.at(0) == [2]
    assert dialog.isVisible()


async def test_all_is_all(qtbot: QtBot, monitor: Monitor, tmp_path: Path) -> None:
    dialog = dialog_of(qtbot, monitor)
    dialog.all_events.click()
    choose(dialog, Format.CSV)
    dialog.path.setText(str(tmp_path / "out.csv"))
    dialog.start()
    await written(dialog)
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 5
    assert json.loads((tmp_path / "out.csv.meta.json").read_text())["filter"] is None


async def test_a_folder_that_is_not_there_is_said_inline_and_another_try_is_possible(
    qtbot: QtBot, monitor: Monitor, tmp_path: Path
) -> None:
    dialog = dialog_of(qtbot, monitor)
    path = tmp_path / "absent" / "out.jsonl"
    dialog.path.setText(str(path))
    failed = QSignalSpy(dialog.failed)
    dialog.start()
    await written(dialog)
    assert failed.count() == 1
    assert str(path.parent) in dialog.message.text()
    assert dialog.message.property("kind") == "problem"
    assert dialog.export.isEnabled()
    dialog.path.setText(str(tmp_path / "out.jsonl"))
    dialog.start()
    await written(dialog)
    assert (tmp_path / "out.jsonl").is_file()


async def test_cancel_ends_the_writing_first_and_leaves_the_old_file(
    qtbot: QtBot, monitor: Monitor, tmp_path: Path
) -> None:
    monitor.log.extend([event(n) for n in range(20_000)])
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    dialog = dialog_of(qtbot, monitor)
    dialog.path.setText(str(path))
    assert "will be replaced" in dialog.message.text()
    dialog.start()
    await asyncio.sleep(0)
    dialog.cancel.click()
    assert dialog.isVisible()
    await written(dialog)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.jsonl"]  # noqa: PTH208 - a listing of one folder, in a test
    assert "cancelled" in dialog.message.text()
    assert dialog.message.property("kind") == "dim"
    dialog.cancel.click()
    assert not dialog.isVisible()


def test_a_name_is_asked_for(qtbot: QtBot, monitor: Monitor) -> None:
    dialog = dialog_of(qtbot, monitor)
    dialog.path.clear()
    dialog.export.click()
    assert not dialog.is_writing
    assert dialog.message.text() == "Name the file to write to."


def test_with_nothing_to_export_the_button_is_off_and_says_why(qtbot: QtBot, monitor: Monitor) -> None:
    dialog = dialog_of(qtbot, monitor, EVERYTHING.with_only_type("absent"))
    assert not dialog.export.isEnabled()
    assert "nothing to export" in dialog.preview.toPlainText()
