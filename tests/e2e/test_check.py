"""`check` as a user runs it, against `helios-gateway`, the demo, and the stub of the real gateway."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

Shell = Any  # the class is in conftest, which cannot be imported
STEPS = [
    "address",
    "tls",
    "http",
    "login",
    "credentials",
    "admin",
    "socket",
    "status",
    "dialect",
    "clock",
    "kinds",
    "limit",
]
PASSWORD = {"HELIOS_PASSWORD": "admin123"}


@pytest.fixture
def real_gateway() -> Iterator[str]:
    """The address of the stub, run by hand as its module says."""
    command = [sys.executable, "-W", "error", "-m", "tests.real_gateway", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.send_signal(signal.SIGINT)
        said = process.stdout.read()
    assert "crashed" not in said
    assert process.returncode == 0


def test_a_gateway_that_is_well_passes_each_step(shell: Shell, gateway: str) -> None:
    shell.environment = PASSWORD
    done = shell.run("check", gateway, "--user", "admin", "--watch", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    head, *lines = done.stdout.splitlines()
    assert head == gateway.removeprefix("http://")
    assert [line[0] for line in lines] == ["✓", "–", *"✓" * 10]
    assert "Helios Desktop's own" in done.stdout
    assert done.stderr == ""


def test_the_stub_of_the_real_gateway_passes_too_and_lives_on(shell: Shell, real_gateway: str) -> None:
    shell.environment = PASSWORD
    done = shell.run("check", real_gateway, "--user", "admin", "--watch", "1", "--json")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stdout
    assert [record["step"] for record in records] == STEPS
    assert {record["type"] for record in records} == {"check"}
    assert "admin123" not in done.stdout


def test_the_demo_is_checked_without_an_account(shell: Shell) -> None:
    done = shell.run("check", "--demo", "--watch", "0.5", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {json.loads(line)["outcome"] for line in done.stdout.splitlines()} == {"ok", "skipped"}


@pytest.mark.parametrize(
    ("user", "password", "code", "step", "advice"),
    [
        ("admin", "nope", 4, "Credentials", "Sign in again."),
        ("viewer", "viewer123", 5, "Administrator", "Sign in as an administrator."),
    ],
)
def test_what_fails_is_told_with_what_to_do_and_ends_with_its_code(
    shell: Shell, gateway: str, user: str, password: str, code: int, step: str, advice: str
) -> None:
    shell.environment = {"HELIOS_PASSWORD": password}
    done = shell.run("check", gateway, "--user", user)
    assert done.returncode == code
    lines = done.stdout.splitlines()
    (failed,) = (place for place, line in enumerate(lines) if line.startswith("✗"))
    assert lines[failed].startswith(f"✗ {step}")
    assert lines[failed + 1].strip() == advice


def test_a_stranger_is_no_gateway(shell: Shell, stranger: str) -> None:
    shell.environment = PASSWORD
    done = shell.run("check", stranger, "--user", "admin")
    assert done.returncode == 3
    assert "! HTTP" in done.stdout
    assert "✗ Login path" in done.stdout


def test_ctrl_c_ends_a_check_at_once_and_the_gateway_lives_on(shell: Shell, real_gateway: str) -> None:
    shell.environment = PASSWORD
    with shell.start("check", real_gateway, "--user", "admin", "--watch", "600") as process:
        assert process.stdout is not None
        while "First status" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        _rest, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert said == ""


def test_help_names_the_command(shell: Shell) -> None:
    assert "helios-desktop check SOURCE" in shell.run("--help").stdout
    assert "--watch S" in shell.run("check", "--help").stdout
