"""What people get wrong: one clear sentence, the documented exit code, no traceback, nothing lost."""

import json
import os
import resource
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

Shell = Any  # the class is in conftest, which cannot be imported
ADMIN = {"HELIOS_PASSWORD": "admin123"}
VIEWER = {"HELIOS_PASSWORD": "viewer123"}


def sentence_of(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The only line on stderr of a command that ended with `code`."""
    assert done.returncode == code, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("helios-desktop: ")
    assert line.endswith((".", ")"))
    assert "123" not in line.replace("127.0.0.1", "")
    return line


def test_an_unknown_host(shell: Shell) -> None:
    shell.environment = ADMIN
    done = shell.run("tail", "https://no-such-host.invalid:8443", "--user", "admin")
    line = sentence_of(done, 3)
    assert "No host of that name is known" in line
    assert "Check the address" in line


def test_a_wrong_port(shell: Shell) -> None:
    shell.environment = ADMIN
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # taken, but nobody listens
        done = shell.run("tail", f"localhost:{held.getsockname()[1]}", "--user", "admin")
    assert "Nothing listens" in sentence_of(done, 3)


def test_tls_to_a_plain_port(shell: Shell, gateway: str) -> None:
    shell.environment = ADMIN
    done = shell.run("tail", gateway.replace("http:", "https:"), "--user", "admin")
    assert "TLS" in sentence_of(done, 3)


def test_a_wrong_password(shell: Shell, gateway: str) -> None:
    shell.environment = {"HELIOS_PASSWORD": "wrong"}
    assert "refused the user name, password or token" in sentence_of(shell.run("tail", gateway, "--user", "admin"), 4)


def test_a_wrong_token(shell: Shell, gateway: str) -> None:
    shell.environment = {"HELIOS_TOKEN": "abcdef"}
    assert "abcdef" not in sentence_of(shell.run("tail", gateway), 4)


def test_a_user_who_is_no_administrator(shell: Shell, gateway: str) -> None:
    shell.environment = VIEWER
    assert "administrator" in sentence_of(shell.run("tail", gateway, "--user", "viewer"), 5)


def test_not_a_helios_server(shell: Shell, stranger: str) -> None:
    shell.environment = ADMIN
    assert "not as a Helios gateway does" in sentence_of(shell.run("tail", stranger, "--user", "admin"), 3)


def test_a_wrong_path(shell: Shell, gateway: str) -> None:
    shell.environment = ADMIN
    assert "address" in sentence_of(shell.run("tail", f"{gateway}/elsewhere", "--user", "admin"), 3)


def test_a_gateway_whose_node_is_stopped_sends_no_status(shell: Shell, own_gateway: str) -> None:
    stop_node(own_gateway, "node1")
    shell.environment = ADMIN
    line = sentence_of(shell.run("tail", own_gateway, "--user", "admin", "--for", "2"), 6)
    assert "no valid status came" in line


def stop_node(url: str, node: str) -> None:
    login = json.dumps({"username": "admin", "password": "admin123"}).encode()
    with urllib.request.urlopen(f"{url}/api/auth/login", login) as answer:  # noqa: S310 - a loopback gateway's URL
        token = json.load(answer)["token"]
    fault = urllib.request.Request(  # noqa: S310 - a loopback gateway's URL
        f"{url}/api/demo/faults",
        json.dumps({"fault": "stop", "node": node}).encode(),
        {"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(fault) as answer:  # noqa: S310 - a loopback gateway's URL
        assert answer.status == 200


@pytest.mark.parametrize(
    "source",
    [
        "http://admin:secret@127.0.0.1:1",
        "http://127.0.0.1:1/ws/cluster?token=secret",
        "ftp://127.0.0.1",
        "127.0.0.1:99999",
        "Prodction",
    ],
)
def test_a_source_that_is_none_or_holds_a_secret(shell: Shell, source: str) -> None:
    done = shell.run("tail", source, "--user", "admin")
    assert "secret" not in sentence_of(done, 2)
    assert done.stdout == ""


def test_a_secret_is_never_an_argument(shell: Shell) -> None:
    done = shell.run("tail", "localhost:1", "--user", "admin", "--password", "secret")
    assert done.returncode == 2
    assert "never an argument" in done.stderr
    assert "secret" not in done.stderr


def test_no_password_and_nobody_to_ask(shell: Shell) -> None:
    assert "HELIOS_PASSWORD" in sentence_of(shell.run("tail", "localhost:1", "--user", "admin"), 2)


def test_a_password_over_plain_http_to_another_host(shell: Shell) -> None:
    shell.environment = ADMIN
    done = shell.run("tail", "http://raft.example.com:8080", "--user", "admin")
    assert "--allow-plain-text" in sentence_of(done, 2)


def test_an_unwritable_place_is_found_before_the_gathering(shell: Shell, tmp_path: Path) -> None:
    done = shell.run("export", "--demo", "--for", "600", "--out", str(tmp_path / "absent" / "out"))
    assert "its folder is not there" in sentence_of(done, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_written(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    done = shell.run("export", "--demo", "--for", "600", "--out", str(folder / "out"))
    assert "cannot be written" in sentence_of(done, 1)


def test_a_file_system_that_takes_no_files(shell: Shell) -> None:
    done = shell.run("export", "--demo", "--for", "600", "--out", "/proc/helios")
    assert "/proc/helios cannot be written" in sentence_of(done, 1)


def test_a_full_disk_leaves_the_old_file(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("old")

    def shrink() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    # Nobody can write compiled modules with such a limit.
    shell.environment = {"PYTHONDONTWRITEBYTECODE": "1"}
    done = shell.run("export", "--demo", "--for", "2", "--out", str(path), before=shrink)
    assert done.returncode == 1, done.stderr
    assert "cannot be written: the disk" in done.stderr.splitlines()[-1]
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["events.jsonl"]


def test_a_broken_profile_file(shell: Shell) -> None:
    folder = shell.home / ".config" / "helios-desktop"
    folder.mkdir(parents=True)
    text = '[profiles.prod]\nname = "Production"\nadresses = ["localhost:1"]\n'
    (folder / "profiles.toml").write_text(text)
    line = sentence_of(shell.run("tail", "Production"), 1)
    assert "line 3" in line
    assert "did you mean “addresses”?" in line
    assert (folder / "profiles.toml").read_text() == text


@pytest.mark.parametrize("option", ["--password-file", "--token-file", "--ca-file"])
def test_a_file_that_is_not_there(shell: Shell, option: str, tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    done = shell.run("tail", "https://localhost:1", "--user", "admin", option, str(absent))
    assert f"{absent} cannot be read" in sentence_of(done, 1)


def test_a_gateway_on_a_port_in_use() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "helios_gateway.cli", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr
