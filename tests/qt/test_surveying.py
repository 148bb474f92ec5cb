"""What the strip shows is what is on the disk, whatever becomes of the file."""

from pathlib import Path

import pytest
from PySide6.QtCore import QObject

from helios_desktop.qt.surveying import Seen, Surveying, Wish
from tests.qt.recordings import Until, begin, go_on

BEFORE_S, AFTER_S = 40, 10


@pytest.mark.usefixtures("qapp")
async def test_a_file_that_took_the_place_of_another_is_looked_over_instead(tmp_path: Path, until: Until) -> None:
    path, parent = tmp_path / "a.journal", QObject()
    seen: list[Seen] = []
    surveying = Surveying(parent)
    surveying.seen.connect(seen.append)
    spans_ns = []
    for seconds in (BEFORE_S, AFTER_S):
        story = await begin(path)
        story.go_live()
        go_on(story, seconds)
        await story.monitor.close_recording()
        seen.clear()
        surveying.look(Wish(path, None, None))
        await until(lambda: bool(seen))
        survey = seen[0].survey
        assert survey is not None
        spans_ns.append(survey.last_ns - survey.first_ns)
        path.rename(tmp_path / f"away-{seconds}.journal")
    assert spans_ns == [BEFORE_S * 10**9, AFTER_S * 10**9]
    surveying.close()
