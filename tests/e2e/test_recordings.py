"""Recording and what becomes of it, by real processes: record, kill, look, cut, join, export, report."""

import csv
import json
import resource
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Shell = Any  # the class is in conftest, which cannot be imported
DEADLINE_S = 30.0


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that needs it records the demo, for all tests of this module."""
    return tmp_path_factory.mktemp("recordings") / "demo.helios"


@pytest.fixture
def recorded(shell: Shell, recording: Path) -> Path:
    """Four seconds of a demo that lives fast."""
    if not recording.exists():
        done = shell.run("record", "--demo", "--seed", "3", "--speed", "5", "--for", "4", "--out", str(recording))
        assert done.returncode == 0, done.stderr
    return recording


def info_of(shell: Shell, path: Path) -> dict[str, Any]:
    done = shell.run("info", str(path), "--json", "--check")
    assert done.returncode == 0, done.stderr
    record: dict[str, Any] = json.loads(done.stdout)
    assert record["integrity"] == {"ok": True, "faults": []}
    return record


def sentence_of(done: subprocess.CompletedProcess[str], code: int) -> str:
    assert done.returncode == code, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("helios-desktop: ")
    return line


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)  # another process tells nobody


def observations_in(path: Path) -> int:
    try:
        with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM observation").fetchone()[0])
    except sqlite3.Error:
        return 0


def test_sigterm_ends_a_recording_whole(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "a.helios"
    with shell.start("record", "--demo", "--out", str(path)) as process:
        assert "connected" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        out, said = process.communicate(timeout=20)
    assert process.returncode == 143, said
    assert out == ""
    assert f"events in {path}" in said
    assert [entry.name for entry in tmp_path.iterdir() if entry.name != "home"] == ["a.helios"]
    record = info_of(shell, path)
    assert record["ended_well"]
    assert record["events"] == sum(record["by_type"].values())
    assert record["observers"] == ["node1", "node2", "node3"]


def test_what_was_recorded_before_a_kill_is_read(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "a.helios"
    with shell.start("record", "--demo", "--speed", "5", "--out", str(path)) as process:
        wait_until(lambda: observations_in(path) > 30)
        process.kill()
        process.communicate(timeout=20)
    kept = observations_in(path)
    record = info_of(shell, path)
    assert not record["ended_well"]
    assert record["observations"] == kept
    lines = shell.run("tail", str(path), "--json").stdout.splitlines()
    assert len(lines) == record["events"] > 0
    whole = tmp_path / "b.helios"
    assert shell.run("trim", str(path), "--last", "1d", "--out", str(whole)).returncode == 0
    assert info_of(shell, whole)["events"] == record["events"]


def test_a_disk_that_fills_is_told_and_what_was_written_is_read(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "a.helios"

    def shrink() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (160 * 1024, 160 * 1024))

    # Nobody can write compiled modules with such a limit.
    shell.environment = {"PYTHONDONTWRITEBYTECODE": "1"}
    done = shell.run("record", "--demo", "--speed", "20", "--for", "6", "--out", str(path), before=shrink)
    assert done.returncode == 1, done.stderr
    assert "not recording: the disk takes no more" in done.stderr
    assert "could not be kept" in done.stderr.splitlines()[-1]
    record = info_of(shell, path)
    assert record["events"] == len(shell.run("tail", str(path)).stdout.splitlines()) > 0


def test_an_existing_file_is_not_replaced_unasked(shell: Shell, recorded: Path) -> None:
    before = recorded.read_bytes()
    done = shell.run("record", "--demo", "--for", "1", "--out", str(recorded))
    assert "--replace" in sentence_of(done, 1)
    assert recorded.read_bytes() == before


def test_tail_has_the_events_and_the_frames(shell: Shell, recorded: Path) -> None:
    record = info_of(shell, recorded)
    done = shell.run("tail", str(recorded), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(events) == record["events"]
    times = [event["received_at"] for event in events]
    assert times == sorted(times)
    assert len(shell.run("tail", str(recorded)).stdout.splitlines()) == record["events"]
    frames = shell.run("tail", str(recorded), "--raw", "--only", "status").stdout.splitlines()
    assert {json.loads(frame)["type"] for frame in frames} == {"status"}


def test_a_closed_pipe_ends_tail_without_a_word(shell: Shell, recorded: Path) -> None:
    with shell.start("tail", str(recorded)) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize("file_format", ["events", "csv", "log", "frames"])
def test_it_is_exported_in_each_format(shell: Shell, recorded: Path, tmp_path: Path, file_format: str) -> None:
    record = info_of(shell, recorded)
    path = tmp_path / "out"
    done = shell.run("export", str(recorded), "--format", file_format, "--out", str(path))
    assert (done.returncode, done.stdout) == (0, "")
    (said,) = done.stderr.splitlines()  # quiet in a pipe, but for what became of it
    assert str(path) in said
    if file_format in ("events", "frames"):
        head, *rows = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        head = json.loads((tmp_path / "out.meta.json").read_text())
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file)) if file_format == "csv" else list(file)
    count = record["observations"] if file_format == "frames" else record["events"]
    assert len(rows) == count
    assert head["observations" if file_format == "frames" else "events"] == count
    assert (head["cluster"], head["format"], head["complete"]) == ("Demo", file_format, True)


def test_it_is_exported_as_parquet(shell: Shell, recorded: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow, of the extra parquet, is not here")
    path = tmp_path / "out.parquet"
    only = ("--only", "status,latency")
    done = shell.run("export", str(recorded), "--format", "parquet", "--out", str(path), *only)
    assert done.returncode == 0, done.stderr
    counts = info_of(shell, recorded)["by_type"]
    table = parquet.read_table(path, columns=["type", "observer"])
    assert table.num_rows == counts["status"] + counts["latency"]
    assert set(table["type"].to_pylist()) == {"status", "latency"}


def test_parts_and_the_whole(shell: Shell, recorded: Path, tmp_path: Path) -> None:
    record = info_of(shell, recorded)
    early, late, whole = (tmp_path / f"{name}.helios" for name in ("early", "late", "whole"))
    assert shell.run("trim", str(recorded), "--until", "-2s", "--out", str(early)).returncode == 0
    assert shell.run("trim", str(recorded), "--since", "-2s", "--out", str(late)).returncode == 0
    assert 0 < info_of(shell, early)["events"] < record["events"]
    assert info_of(shell, late)["range"]["to"] == record["range"]["to"]
    done = shell.run("merge", str(late), str(early), "--out", str(whole))
    assert done.returncode == 0, done.stderr
    assert info_of(shell, whole)["by_type"] == record["by_type"]
    nothing = shell.run("trim", str(recorded), "--until", "-1d", "--out", "x")
    assert "nothing between these times" in sentence_of(nothing, 1)


def test_a_report_is_one_file_that_needs_no_other(shell: Shell, recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    done = shell.run("report", str(recorded), "--out", str(path), "--utc")
    assert done.returncode == 0, done.stderr
    page = path.read_text()
    assert page.rstrip().endswith("</html>")
    assert "<script" not in page
    assert "Demo" in page


@pytest.mark.parametrize("command", ["info", "tail", "export", "report", "trim", "merge"])
def test_a_file_that_is_no_recording_is_a_sentence(shell: Shell, tmp_path: Path, command: str) -> None:
    out = tmp_path / "out"
    last = ("--last", "5") if command == "trim" else ()
    arguments = () if command in ("info", "tail") else ("--out", str(out), *last)
    foreign, absent, empty = (tmp_path / f"{name}.helios" for name in ("foreign", "absent", "empty"))
    foreign.write_bytes(b"GIF89a" * 100)
    empty.touch()
    for path, words in ((foreign, "no recording"), (absent, "no file"), (empty, "empty")):
        line = sentence_of(shell.run(command, str(path), *arguments), 1)
        assert str(path) in line
        assert words in line.lower()
    assert not out.exists()


def test_a_recording_of_a_later_program_is_a_sentence(shell: Shell, recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "later.helios"
    path.write_bytes(recorded.read_bytes())
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "later version" in sentence_of(shell.run("tail", str(path)), 1)


def test_an_output_on_a_full_disk_is_a_sentence(shell: Shell, recorded: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = shell.run("info", str(recorded), stdout=full)
    assert "cannot be written" in sentence_of(done, 1)


@pytest.mark.parametrize("command", ["export", "report"])
def test_a_recording_does_not_become_its_own_export(shell: Shell, recorded: Path, command: str) -> None:
    before = recorded.read_bytes()
    line = sentence_of(shell.run(command, str(recorded), "--out", str(recorded)), 1)
    assert "cannot take the place of what it is made from" in line
    assert recorded.read_bytes() == before


def test_each_command_that_makes_a_file_says_alike_that_its_folder_is_not_there(
    shell: Shell, recorded: Path, tmp_path: Path
) -> None:
    out = ("--out", str(tmp_path / "absent" / "z"))
    lines = {
        sentence_of(shell.run(*words, *out), 1)
        for words in (
            ("record", "--demo", "--for", "1"),
            ("export", str(recorded)),
            ("report", str(recorded)),
            ("trim", str(recorded), "--last", "1"),
            ("trim", str(recorded), "--rescue"),
            ("merge", str(recorded)),
        )
    }
    (line,) = lines
    assert "its folder is not there. Make it" in line
