"""Where there is no Qt, or no display: what works goes on working, and the rest says a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from helios_desktop.app.main import main

WITHOUT_QT = """
import sys

class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"PySide6", "shiboken6", "qasync", "pyqtgraph"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

sys.meta_path.insert(0, NoQt())
from helios_desktop.app.main import main
sys.exit(main(sys.argv[1:]))
"""


def run(program: list[str], environment: dict[str, str], folder: Path, for_s: float = 45) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, *program],
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"} | environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=for_s,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def test_the_commands_work_without_qt(tmp_path: Path) -> None:
    code, out, _ = run(["-c", WITHOUT_QT, "tail", "--demo", "--for", "2", "--only", "status"], {}, tmp_path)
    assert code == 0
    assert "Leader" in out


def test_the_window_names_the_extra_that_is_missing(tmp_path: Path) -> None:
    code, _, err = run(["-c", WITHOUT_QT, "--demo"], {"DISPLAY": ":99"}, tmp_path)
    assert code == 1
    assert "helios-desktop[gui]" in err


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these always have a display")
def test_without_a_display_the_window_says_what_to_use_instead(tmp_path: Path) -> None:
    code, _, err = run(["-m", "helios_desktop", "--demo"], {}, tmp_path)
    assert code == 1
    assert "no display" in err
    assert "helios-desktop tail" in err


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these always have a display")
def test_make_demo_without_a_display_shows_the_stream_draws_a_picture_and_ends(tmp_path: Path) -> None:
    code, out, err = run(["-m", "helios_desktop", "--demo", "--or-terminal"], {}, tmp_path, for_s=55)
    assert code == 0
    assert "build/demo.png" in err.splitlines()[0]
    assert "live" in out
    assert (tmp_path / "build/demo.png").read_bytes().startswith(b"\x89PNG")


def test_a_screenshot_needs_no_display(tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    program = ["-m", "helios_desktop", "--demo", "--screenshot", str(picture), "--after", "2", "--size", "1000x700"]
    code, _, _ = run(program, {}, tmp_path)
    assert code == 0
    header = picture.read_bytes()[16:24]
    assert (int.from_bytes(header[:4]), int.from_bytes(header[4:])) == (1000, 700)


FACES = """
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget
from helios_desktop.app import desktop
from helios_desktop.headless.arguments import parse

def tell(window):
    print(sorted({widget.font().family() for widget in [window, *window.findChildren(QWidget)]}))
    window.close()

def opened(window):
    QTimer.singleShot(200, lambda: tell(window))

desktop.run(parse([]), is_offscreen=False, opened=opened)
"""


def test_all_of_the_window_is_set_in_the_bundled_faces(tmp_path: Path) -> None:
    code, out, _ = run(["-c", FACES], {"QT_QPA_PLATFORM": "offscreen"}, tmp_path)
    assert (code, out) == (0, "['Inter', 'JetBrains Mono']\n")


def test_a_screenshot_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    program = ["-m", "helios_desktop", "--demo", "--screenshot", "/proc/window.png", "--after", "1"]
    code, _, err = run(program, {}, tmp_path)
    assert code == 1
    assert "/proc/window.png was not written" in err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("helios-desktop ")
