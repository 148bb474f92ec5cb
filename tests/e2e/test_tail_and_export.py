"""`helios-desktop tail` and `export`, end to end: real processes, real sockets, the demo cluster and a gateway."""

import csv
import json
import os
import signal
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

import pytest

Shell = Any  # the class is in conftest, which cannot be imported
ADMIN = {"HELIOS_PASSWORD": "admin123"}


def test_tail_of_the_demo_tells_every_node_as_json(shell: Shell) -> None:
    done = shell.run("tail", "--demo", "--seed", "1", "--json", "--for", "3")
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    keys = {"type", "timestamp", "received_at", "observer", "summary", "data"}
    assert all(keys <= record.keys() <= keys | {"more", "derived", "evidence", "interval"} for record in records)
    statuses = [record for record in records if record["type"] == "status"]
    assert {record["data"]["node_id"] for record in statuses} == {"node1", "node2", "node3"}
    assert {record["observer"] for record in statuses} == {"node1", "node2", "node3"}
    guide = {"node_id", "state", "term", "commit_index", "last_applied", "leader", "peers"}
    assert all(record["data"].keys() == guide for record in statuses)
    assert any(record["type"] == "latency" for record in records)
    assert all(record["evidence"] for record in records if record.get("derived"))
    assert "leads in term" in done.stderr
    heads = [line.split(":")[0].strip() for line in done.stderr.splitlines()]
    assert heads == ["helios-desktop", "node1", "node2", "node3"]


def test_tail_of_a_gateway_logs_in_and_shows_aligned_lines_without_colour(shell: Shell, gateway: str) -> None:
    shell.environment = ADMIN
    done = shell.run("tail", gateway, "--user", "admin", "--for", "2")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "\x1b" not in done.stdout
    assert any("  status " in line and "node1" in line for line in lines)
    assert len({line.index(" connection ") for line in lines if " connection " in line}) == 1
    assert "admin123" not in done.stdout + done.stderr


def test_tail_shows_only_the_types_and_the_raw_frames_that_are_asked_for(shell: Shell, gateway: str) -> None:
    shell.environment = ADMIN
    done = shell.run("tail", gateway, "--user", "admin", "--for", "2", "--raw", "--only", "status")
    assert done.returncode == 0, done.stderr
    frames = [json.loads(line) for line in done.stdout.splitlines()]
    assert {frame["type"] for frame in frames} == {"status"}  # at once, and with the gateway's beat
    assert frames[0]["data"]["node_id"] == "node1"
    assert {"boot", "seq"} <= frames[0].keys()


def test_a_token_is_enough(shell: Shell, gateway: str, tmp_path: Path) -> None:
    body = json.dumps({"username": "admin", "password": "admin123"}).encode()
    with urllib.request.urlopen(f"{gateway}/api/auth/login", body) as answer:  # noqa: S310 - a loopback gateway's URL
        token = json.load(answer)["token"]
    (tmp_path / "token").write_text(token + "\n")
    done = shell.run("tail", gateway, "--token-file", str(tmp_path / "token"), "--for", "1", "--json")
    assert done.returncode == 0, done.stderr
    assert '"type":"status"' in done.stdout
    assert token not in done.stdout + done.stderr


def test_ctrl_c_ends_at_once_and_cleanly_with_a_summary(shell: Shell) -> None:
    with shell.start("tail", "--demo", "--json") as process:
        line = process.stdout.readline()
        while '"type":"status"' not in line:
            line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "leads in term" in said
    assert len(said.splitlines()) == 4  # and a line on the data quality of each node
    assert all(json.loads(line) for line in rest.splitlines())


def test_a_closed_pipe_is_no_error(shell: Shell) -> None:
    with shell.start("tail", "--demo") as process:
        assert "connection" in process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""


def test_an_output_on_a_full_disk_is_a_sentence(shell: Shell) -> None:
    with Path("/dev/full").open("wb") as full:
        done = shell.run("tail", "--demo", stdout=full)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("file_format", ["events", "csv", "log"])
def test_export_writes_a_file_of_each_format(shell: Shell, tmp_path: Path, file_format: str) -> None:
    path = tmp_path / "out" / f"events.{file_format}"
    path.parent.mkdir()
    done = shell.run("export", "--demo", "--for", "2", "--format", file_format, "--out", str(path))
    assert done.returncode == 0, done.stderr
    assert f"events in {path}" in done.stderr
    if file_format == "events":
        head, *records = [json.loads(line) for line in path.read_text().splitlines()]
        count, beside = len(records), []
        assert any(record["type"] == "status" for record in records)
    else:
        beside = [f"{path.name}.meta.json"]
        head = json.loads((path.parent / beside[0]).read_text())
        if file_format == "csv":
            with path.open(newline="") as file:
                rows = list(csv.DictReader(file))
            count = len(rows)
            assert any(row["type"] == "status" for row in rows)
            assert all(row["received_at"].endswith(("+01:00", "+02:00")) for row in rows)
        else:
            lines = path.read_text().splitlines()
            count = len(lines)
            messages = [json.loads(line.split(" ", 2)[2]) for line in lines]
            assert all(list(message) == sorted(message) for message in messages)
            assert any(message["type"] == "status" for message in messages)
    assert (head["type"], head["events"], head["cluster"], head["complete"]) == ("meta", count, "Demo", True)
    assert sorted(entry.name for entry in path.parent.iterdir()) == sorted([path.name, *beside])


def test_ctrl_c_keeps_what_an_export_has_gathered(shell: Shell, tmp_path: Path, own_gateway: str) -> None:
    shell.environment = ADMIN
    path = tmp_path / "events.jsonl"
    with shell.start("export", own_gateway, "--user", "admin", "--for", "600", "--out", str(path)) as process:
        assert "connected" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 130, said
    head = json.loads(path.read_text().splitlines()[0])
    assert head["complete"] is False
    assert head["events"] >= 1


def test_closed_streams_are_no_error(shell: Shell) -> None:
    for closed in (1, 2):
        done = shell.run("tail", "--demo", "--for", "1", before=partial(os.close, closed))
        assert done.returncode == 0
