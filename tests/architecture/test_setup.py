"""What `make` does before anything else, where the machine is not as it should be."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def fake_python(folder: Path, version: str) -> Path:
    python = folder / "python"
    python.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "Python {version}" && exit 0\nexit 1\n')
    python.chmod(0o755)
    return python


@pytest.mark.parametrize("version", ["3.10.13", "3.14.0"])
def test_a_python_that_does_not_fit_is_named_in_one_line(tmp_path: Path, version: str) -> None:
    python = fake_python(tmp_path, version)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "dirname", "mkdir", "head"):
        (tools / tool).symlink_to(Path("/bin") / tool if Path("/bin", tool).exists() else Path("/usr/bin") / tool)
    (tmp_path / "packaging").mkdir()
    script = tmp_path / "packaging" / "make-venv.sh"
    script.write_text((ROOT / "packaging" / "make-venv.sh").read_text())
    done = subprocess.run(
        ["/bin/sh", str(script)], env={"PATH": str(tools), "PYTHON": str(python)}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"3.11, 3.12 or 3.13 (qasync hangs on 3.14); found Python {version}" in done.stderr


def test_the_lock_is_by_hash_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^[A-Za-z0-9._-]+==\S+", lock, re.MULTILINE)
    assert len(pins) > 40
    assert lock.count("--hash=sha256:") >= len(pins)
    assert not re.search(r"https?://|index|find-links|file:", lock)


def test_the_lock_leaves_out_the_qt_that_aborts_on_python_3_11() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    old = re.search(r"^pyside6-essentials==(\S+) ; python_full_version < '3.12'", lock, re.MULTILINE)
    assert old is not None
    assert tuple(int(part) for part in old[1].split(".")) < (6, 12)


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert "make test" in (ROOT / "README.md").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
