"""A recording is opened for the window as it is, or made anew beside where it is damaged or of another version."""

import random
import sqlite3
from pathlib import Path

import pytest

from helios_desktop.app.opening import Opener
from helios_desktop.client.credentials import Credentials
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.recording import RecordingError
from helios_desktop.journal.scribe import Run
from helios_desktop.journal.writer import Seen
from helios_desktop.monitor.picture import Picture, blank_picture
from helios_desktop.monitor.recordings import Maker, save
from helios_desktop.observation import ConnectionChange, Kind, Observation, Phase, connection_observation, tick
from helios_desktop.store.checkpoint import FOLD_VERSION
from tests.benchmarks.store_server import guide_message

NS = 1_000_000_000
BEGIN_NS = 1_800_000_000 * NS
SECONDS = 3_000
ABOUT = {"cluster": "prod-eu", "environment": "PROD", "sources": "http://a.example:8080\nhttp://b.example:8080"}


async def recorded(path: Path, fold: int = FOLD_VERSION) -> Picture:
    """Some three thousand frames and ticks; the picture that they gave."""
    recorder = Recorder(path, Run(BEGIN_NS, "test", fold, ABOUT))
    await recorder.open()
    picture = blank_picture(BEGIN_NS, recorder.first_event)
    seen = [connection_observation("node1", 1, BEGIN_NS, ConnectionChange(Phase.LIVE))]
    for second in range(SECONDS):
        at_ns = BEGIN_NS + second * NS
        seen.append(Observation("node1", 1, at_ns + 1, Kind.FRAME, guide_message(second)))
        seen.append(tick(at_ns + NS // 2))
    for observation in seen:
        recorder.record(Seen(observation, *picture.see(observation)))
    assert await recorder.close() == 0
    return picture


def content_of(path: Path) -> bytes:
    return path.read_bytes()


def damage(path: Path, root_of: str = "") -> None:
    """Overwrite the head of a page: of one in the midst of the frames, or of the first one of a table or an index."""
    content = bytearray(path.read_bytes())
    with sqlite3.connect(path) as connection:
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_schema").fetchall())
    connection.close()
    page = roots[root_of] - 1 if root_of else content.find(b'{"type"', len(content) // 3) // page_bytes
    content[page * page_bytes : page * page_bytes + 64] = random.Random(4).randbytes(64)
    path.write_bytes(content)


@pytest.fixture
async def recording(tmp_path: Path) -> Path:
    journal, path = tmp_path / "a.journal", tmp_path / "a.helios"
    await recorded(journal)
    save(journal, path, Maker("test", BEGIN_NS))
    return path


@pytest.fixture
def opener(tmp_path: Path) -> Opener:
    (tmp_path / "scratch").mkdir()
    return Opener(tmp_path / "scratch")


async def test_a_whole_recording_is_opened_where_it_is(recording: Path, opener: Opener) -> None:
    before = content_of(recording)
    replay, sentence = await opener.open(recording, BEGIN_NS)
    assert sentence == ""
    assert replay.history == recording
    assert replay.target.name == "prod-eu"
    assert replay.target.environment == "PROD"
    assert [address.host for address in replay.target.addresses] == ["a.example", "b.example"]
    assert replay.target.credentials == Credentials()
    await replay.seek(BEGIN_NS + SECONDS * NS)
    assert replay.state.observers["node1"].messages == SECONDS
    await replay.close()
    assert content_of(recording) == before


async def test_a_damaged_recording_is_read_around_and_never_written_to(recording: Path, opener: Opener) -> None:
    damage(recording)
    content = content_of(recording)
    replay, sentence = await opener.open(recording, BEGIN_NS)
    assert sentence.startswith(f"{recording} is damaged: ")
    assert replay.history != recording
    with Reader(replay.history) as reader:
        found = reader.extent().observations
        assert reader.gaps()
    assert SECONDS < found < 2 * SECONDS + 1
    await replay.seek(replay.last_ns)
    assert replay.state.observers["node1"].messages > SECONDS / 2
    await replay.close()
    assert content_of(recording) == content


async def test_damage_in_the_midst_is_found_before_it_is_shown(recording: Path, opener: Opener) -> None:
    damage(recording, root_of="event_facet")
    replay, sentence = await opener.open(recording, BEGIN_NS)
    assert "A copy is shown" in sentence
    with Reader(replay.history) as reader:
        assert reader.extent().observations == 2 * SECONDS + 1
    await replay.close()


async def test_what_another_fold_derived_is_derived_anew(tmp_path: Path, opener: Opener) -> None:
    path = tmp_path / "old.journal"
    picture = await recorded(path, fold=FOLD_VERSION + 1)
    replay, sentence = await opener.open(path, BEGIN_NS)
    assert sentence.startswith(f"{path} is of another version of this program. A copy is shown: ")
    assert replay.history != path
    with Reader(replay.history) as reader:
        assert {run.fold for run in reader.runs()} == {FOLD_VERSION}
        assert reader.extent().events == picture.log.end - picture.log.start
    await replay.close()


async def test_what_is_no_recording_is_refused_in_a_sentence(tmp_path: Path, opener: Opener) -> None:
    text, other, empty = tmp_path / "a.txt", tmp_path / "other.db", tmp_path / "empty.helios"
    text.write_text("nothing of ours\n" * 100)
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    empty.touch()
    for path in (text, other, empty, tmp_path, tmp_path / "absent.helios"):
        with pytest.raises(RecordingError) as refused:
            await opener.open(path, BEGIN_NS)
        assert str(path) in str(refused.value)
        assert str(refused.value).endswith(".")
    assert text.read_text().startswith("nothing of ours")
