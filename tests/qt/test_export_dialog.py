"""The export dialog: what it counts, shows, writes, and says when it cannot."""

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from PySide6.QtCore import QDateTime
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import Event
from helios_desktop.export.lines import Format
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.replay import Replay, open_replay
from helios_desktop.monitor.target import Target
from helios_desktop.monitor.watched import Watched
from helios_desktop.observation import Kind, Observation
from helios_desktop.protocol.messages import PeerChange
from helios_desktop.qt.export_dialog import ExportDialog
from helios_desktop.qt.export_scope import Scope
from helios_desktop.qt.theme import DARK
from helios_desktop.qt.timeline_filter import CHANGES, EVERYTHING, TimelineFilter
from helios_desktop.qt.times import TimeStyle
from tests.unit.export.story import NS, START_NS, story, write_journal

Until = Callable[[Callable[[], bool]], Awaitable[None]]

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


def dialog_of(
    qtbot: QtBot, watched: Watched, chosen: TimelineFilter = CHANGES, visible: tuple[int, int] | None = None
) -> ExportDialog:
    dialog = ExportDialog(watched, chosen, TimeStyle.UTC, DARK, visible=visible)
    qtbot.addWidget(dialog, before_close_func=ExportDialog.reject)
    dialog.open()
    return dialog


@pytest_asyncio.fixture
async def replay(qapp: object, tmp_path: Path) -> AsyncIterator[Replay]:
    """A minute with an election, from its first second."""
    path = tmp_path / "a.helios"
    write_journal(path, story(60, elections=(30,)))
    made = await open_replay(path, Target("Test", (), Credentials()), START_NS + NS)
    yield made
    await made.close()


def preview_of(dialog: ExportDialog) -> str:
    return dialog.preview.toPlainText()


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


async def test_it_counts_all_and_the_filtered(qtbot: QtBot, monitor: Monitor, until: Until) -> None:
    dialog = dialog_of(qtbot, monitor)
    filtered, everything = (dialog.scopes.buttons[scope] for scope in (Scope.FILTERED, Scope.ALL))
    assert filtered.isChecked()
    await until(lambda: filtered.text() == "As filtered: 2 events")
    await until(lambda: everything.text() == "All that is kept: 4 events")
    assert dialog_of(qtbot, monitor, EVERYTHING).scopes.scope is Scope.ALL


async def test_the_preview_is_the_first_rows_of_the_file(qtbot: QtBot, monitor: Monitor, until: Until) -> None:
    dialog = dialog_of(qtbot, monitor)
    await until(lambda: len(preview_of(dialog).splitlines()) == 2)
    rows = [json.loads(line) for line in preview_of(dialog).splitlines()]
    assert [row["summary"] for row in rows] == ["p0 added", "p2 added"]
    dialog.scopes.buttons[Scope.ALL].click()
    await until(lambda: len(preview_of(dialog).splitlines()) == 4)
    choose(dialog, Format.CSV)
    await until(lambda: preview_of(dialog).startswith("timestamp,"))
    choose(dialog, Format.LOG)
    await until(lambda: preview_of(dialog).startswith("2023/11/14 22:13:20 {"))
    choose(dialog, Format.FRAMES)
    await until(lambda: preview_of(dialog).startswith('{"received_at":"2023-11-14T22:13:20'))


async def test_the_suggested_name_has_the_cluster_and_the_ending_of_the_format(qtbot: QtBot, monitor: Monitor) -> None:
    dialog = dialog_of(qtbot, monitor)
    assert Path(dialog.path.text()).name.startswith("Demo-one-2023-11-1")
    assert dialog.path.text().endswith(".jsonl")
    for file_format, has_zone in ((Format.CSV, True), (Format.PARQUET, False), (Format.LOG, True)):
        choose(dialog, file_format)
        assert dialog.path.text().endswith(file_format.suffix)
        assert dialog.zone.isEnabled() == has_zone


async def test_it_writes_what_was_chosen_and_says_how_much(
    qtbot: QtBot, monitor: Monitor, tmp_path: Path, until: Until
) -> None:
    dialog = dialog_of(qtbot, monitor)
    path = tmp_path / "out.jsonl"
    dialog.path.setText(str(path))
    done = QSignalSpy(dialog.written)
    await until(dialog.export.isEnabled)
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
    dialog.scopes.buttons[Scope.ALL].click()
    choose(dialog, Format.CSV)
    dialog.path.setText(str(tmp_path / "out.csv"))
    dialog.start()
    await written(dialog)
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 5
    assert json.loads((tmp_path / "out.csv.meta.json").read_text())["filter"] is None


async def test_of_a_replay_the_whole_recording_is_there_whatever_instant_is_shown(
    qtbot: QtBot, replay: Replay, tmp_path: Path, until: Until
) -> None:
    dialog = dialog_of(qtbot, replay, EVERYTHING.with_only_type("leader_change"))
    filtered = dialog.scopes.buttons[Scope.FILTERED]
    await until(lambda: filtered.text() == "As filtered: 2 events")
    path = tmp_path / "out.jsonl"
    dialog.path.setText(str(path))
    dialog.start()
    await written(dialog)
    meta, *records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [record["data"]["new_leader"] for record in records] == ["node1", "node2"]
    assert meta["cluster"] == "Test"


async def test_the_range_that_is_shown_and_a_time_bound_what_is_filtered(
    qtbot: QtBot, replay: Replay, tmp_path: Path, until: Until
) -> None:
    visible = (START_NS + 10 * NS, START_NS + 20 * NS)
    dialog = dialog_of(qtbot, replay, EVERYTHING, visible)
    button = dialog.scopes.buttons[Scope.VISIBLE]
    button.click()
    await until(lambda: button.text() == "As filtered, between 10:30:10.123 and 10:30:20.123 UTC: 10 events")
    dialog.scopes.buttons[Scope.SINCE].click()
    half = QDateTime.fromMSecsSinceEpoch((START_NS + 50 * NS) // 1_000_000, dialog.scopes.since.timeZone())
    dialog.scopes.since.setDateTime(half)
    await until(lambda: dialog.scopes.buttons[Scope.SINCE].text() == "As filtered, since: 10 events")
    dialog.path.setText(str(tmp_path / "out.jsonl"))
    dialog.start()
    await written(dialog)
    meta, *records = (tmp_path / "out.jsonl").read_text().splitlines()
    assert json.loads(meta)["filter"]["since"] == "2024-01-15T10:30:50.000000000Z"
    assert len(records) == 10


async def test_without_a_range_or_a_filter_there_is_nothing_to_choose_there(qtbot: QtBot, monitor: Monitor) -> None:
    buttons = dialog_of(qtbot, monitor, EVERYTHING).scopes.buttons
    assert not buttons[Scope.FILTERED].isEnabled()
    assert not buttons[Scope.VISIBLE].isEnabled()
    assert buttons[Scope.SINCE].isEnabled()


async def test_frames_are_written_as_they_were_received(qtbot: QtBot, replay: Replay, tmp_path: Path) -> None:
    dialog = dialog_of(qtbot, replay, EVERYTHING)
    choose(dialog, Format.FRAMES)
    path = tmp_path / "out.jsonl"
    dialog.path.setText(str(path))
    dialog.start()
    await written(dialog)
    assert dialog.message.text() == f"Wrote 121 observations to {path}"


async def test_a_format_whose_package_is_missing_says_so(
    qtbot: QtBot, monitor: Monitor, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    dialog = dialog_of(qtbot, monitor)
    choose(dialog, Format.PARQUET)
    await until(lambda: "helios-desktop[parquet]" in preview_of(dialog))
    assert not dialog.export.isEnabled()


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
    monitor.log.extend([event(n) for n in range(40_000)])
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


async def test_the_window_goes_on_while_it_writes(qtbot: QtBot, monitor: Monitor, tmp_path: Path) -> None:
    monitor.log.extend([event(n) for n in range(20_000)])
    dialog = dialog_of(qtbot, monitor, EVERYTHING)
    dialog.path.setText(str(tmp_path / "out.jsonl"))
    values = QSignalSpy(dialog.progress.valueChanged)
    dialog.start()
    turns = 0
    while dialog.is_writing:
        turns += 1
        await asyncio.sleep(0)
    assert turns > 100
    assert values.count() > 2


async def test_a_name_is_asked_for(qtbot: QtBot, monitor: Monitor, until: Until) -> None:
    dialog = dialog_of(qtbot, monitor)
    dialog.path.clear()
    await until(dialog.export.isEnabled)
    dialog.export.click()
    assert not dialog.is_writing
    assert dialog.message.text() == "Name the file to write to."


async def test_with_nothing_to_export_the_button_is_off_and_says_why(
    qtbot: QtBot, monitor: Monitor, until: Until
) -> None:
    dialog = dialog_of(qtbot, monitor, EVERYTHING.with_only_type("absent"))
    await until(lambda: "nothing to export" in preview_of(dialog))
    assert not dialog.export.isEnabled()


async def test_closed_early_it_ends_what_it_began(qtbot: QtBot, replay: Replay, tmp_path: Path) -> None:
    dialog = dialog_of(qtbot, replay)
    dialog.reject()
    assert not dialog.isVisible()
    await asyncio.gather(
        *(task for task in asyncio.all_tasks() if task.get_name().startswith("export")), return_exceptions=True
    )
    assert preview_of(dialog) == ""
