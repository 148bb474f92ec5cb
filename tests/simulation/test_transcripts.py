"""The notebooks in transcripts/ tell what happens.

To write them anew after a change that is meant, run this with HELIOS_REWRITE=1 and read the difference.
"""

import os
from pathlib import Path

import pytest

from helios_gateway.simulation.transcript import TranscriptError, play

FOLDER = Path(__file__).parent / "transcripts"


@pytest.mark.parametrize("notebook", sorted(FOLDER.glob("*.txt")), ids=lambda notebook: str(notebook.stem))
def test_a_notebook_tells_what_happens(notebook: Path) -> None:
    told = play(notebook.read_text("utf-8"))
    if os.environ.get("HELIOS_REWRITE") == "1":
        notebook.write_text(told, "utf-8")
    assert told == notebook.read_text("utf-8")


def test_there_are_notebooks() -> None:
    assert len(list(FOLDER.glob("*.txt"))) >= 6


def test_a_story_that_is_not_so_is_told_as_it_is() -> None:
    told = play("$ cluster of 3, seed 4\n$ stop node1\n>    0.0 s  node2 stopped (stop)\n")
    assert told == "$ cluster of 3, seed 4\n$ stop node1\n>    0.0 s  node1 stopped (stop)\n"


@pytest.mark.parametrize(
    "text", ["$ stop node1\n", "$ cluster of 3, seed 4\n$ dance\n", "$ cluster of three, seed 4\n", "$ cluster of 3\n"]
)
def test_a_command_that_means_nothing_is_named_with_its_line(text: str) -> None:
    with pytest.raises(TranscriptError, match=rf"line {len(text.splitlines())}: "):
        play(text)
