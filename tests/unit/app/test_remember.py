"""What a run learns stands in the profile the next time, and never at the cost of what the user wrote there."""

import random
from pathlib import Path

import pytest

from helios_desktop.app.remember import remember_login_path
from helios_desktop.client.address import parse_addresses
from helios_desktop.client.credentials import Credentials
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import ConnectionChange, Phase, connection_observation, tick
from helios_desktop.profiles.file import Profiles

REAL, GUIDE = "/api/v1/auth/login", "/api/auth/login"
BY_HAND = """\
# The ones on call need these.
[profiles.prod]   # the real one
name = "Production"
addresses = [
    "https://a.example.com:8443",  # Ghent
    "https://b.example.com:8443",
]

[profiles.dev]
name = "Dev"
addresses = ["localhost:8080"]
"""


class Run:
    """A monitor of a profile whose sessions log in when the test says so."""

    def __init__(self, folder: Path, *, profile_id: str = "prod", login_path: str = "") -> None:
        self.profiles = Profiles(folder)
        self.profiles.path.write_text(BY_HAND)
        target = Target(
            "Production",
            parse_addresses("https://a.example.com:8443 https://b.example.com:8443"),
            Credentials("ops", "hunter2"),
            login_path=login_path,
            profile_id=profile_id,
        )
        self._monitor = Monitor(target, now_ns=lambda: 1, rng=random.Random(1))
        remember_login_path(self._monitor, self.profiles)

    def log_in(self, path: str, gateway: str = "a.example.com:8443") -> None:
        """Let a session have logged in at `path`."""
        change = ConnectionChange(Phase.CONNECTING, login_path=path)
        self._monitor._see(connection_observation(gateway, 1, 1, change))  # as a session does

    @property
    def text(self) -> str:
        """The file as it stands."""
        return self.profiles.path.read_text()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_the_path_that_worked_is_written_and_all_else_stays(run: Run) -> None:
    run.log_in(REAL)
    assert run.text == BY_HAND.replace("]\n\n[profiles.dev]", f']\nlogin_path = "{REAL}"\n\n[profiles.dev]')


def test_nothing_is_written_where_the_profile_says_so_already(tmp_path: Path) -> None:
    run = Run(tmp_path, login_path=REAL)
    run.log_in(REAL)
    assert run.text == BY_HAND


def test_before_the_first_login_and_between_logins_nothing_is_written(run: Run) -> None:
    run.log_in("")
    run._monitor._see(tick(2))
    assert run.text == BY_HAND


def test_a_path_that_changes_is_written_anew(run: Run) -> None:
    run.log_in(REAL)
    run.log_in(GUIDE)
    prod = run.profiles.get("prod")
    assert prod is not None
    assert prod.login_path == GUIDE


def test_gateways_that_differ_do_not_rewrite_the_file_in_turns(run: Run) -> None:
    run.log_in(REAL)
    before = run.profiles.path.stat()
    for _turn in range(3):
        run.log_in(GUIDE, "b.example.com:8443")
        run.log_in(REAL)
    after = run.profiles.path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("broken", ["[profiles.prod\n", ""])
def test_a_file_that_is_broken_or_gone_is_let_be(run: Run, broken: str) -> None:
    run.profiles.path.write_text(broken)
    run.log_in(REAL)
    assert run.text == broken


@pytest.mark.parametrize("path", ["/not a path", "no-slash", "/x?token=hunter2"])
def test_what_is_no_path_is_never_written(run: Run, path: str) -> None:
    run.log_in(path)
    assert run.text == BY_HAND


def test_without_a_profile_there_is_nothing_to_remember(tmp_path: Path) -> None:
    run = Run(tmp_path, profile_id="")
    run.log_in(REAL)
    assert run.text == BY_HAND
