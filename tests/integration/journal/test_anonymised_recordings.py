"""Of a recording with made-up names no true one is left anywhere in the file, and it shows what the true one shows."""

import sqlite3
import tempfile
import zlib
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.database import open_journal
from helios_desktop.journal.manifest import read_manifest
from helios_desktop.journal.note import Note
from helios_desktop.journal.notes import add_note
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recording import RecordingError
from helios_desktop.journal.stretch import Within, stretches
from helios_desktop.journal.writer import Unrecorded, Writer
from helios_desktop.monitor.disguised import disguise_of
from helios_desktop.monitor.past import place_at
from helios_desktop.monitor.recordings import merge, save
from tests.integration.journal.life import BEGIN_NS, MAKER, NS, kept_in, life, record
from tests.unit.journal.checks import check_whole

HOSTS: Final = ("gw1.prod.corp", "raft1.prod.corp", "10.20.30.40", "10.20.30.41", "fd00:20::41", "bastion")
LIFE: Final = list(life(1, 300))


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journal") / "prod.journal"
    record(path, LIFE)
    with closing(open_journal(path)) as connection:
        Writer(connection).write([Unrecorded(BEGIN_NS, BEGIN_NS + NS, "raft1.prod.corp:80 was full", 3)])
        Writer(connection).describe({"sources": "https://bastion:8443\nhttps://10.20.30.40:80"})
    add_note(path, Note(1, BEGIN_NS + NS, None, None, "ask who owns GW1.prod.corp, or bastion", BEGIN_NS))
    return path


def bytes_of(path: Path) -> bytes:
    """All that stands in a file, also what is compressed in it."""
    with closing(sqlite3.connect(path)) as connection:
        states = connection.execute("SELECT state FROM checkpoint").fetchall()
    assert states
    return b"\n".join([path.read_bytes(), *(zlib.decompress(state) for (state,) in states)]).lower()


def test_each_host_is_in_the_file_with_the_true_names(journal: Path, tmp_path: Path) -> None:
    save(journal, tmp_path / "true.helios", MAKER)
    content = bytes_of(tmp_path / "true.helios")
    assert [host for host in HOSTS if host.encode() not in content] == []


@given(st.tuples(st.integers(0, 250), st.integers(1, 300)))
@settings(max_examples=15)
def test_no_true_name_is_left_in_any_range(journal: Path, bounds: tuple[int, int]) -> None:
    first, count = bounds
    with tempfile.TemporaryDirectory() as made:
        target = Path(made) / "made-up.helios"
        until_ns = LIFE[min(len(LIFE) - 1, first + count)].received_ns + 1
        manifest = save(journal, target, MAKER, since_ns=LIFE[first].received_ns, until_ns=until_ns, is_anonymised=True)
        assert manifest.is_anonymised
        content = bytes_of(target)
        assert [host for host in HOSTS if host.encode() in content] == []
        with closing(sqlite3.connect(target)) as connection:
            check_whole(connection)


def test_events_are_those_of_the_true_one_with_other_names(journal: Path, tmp_path: Path) -> None:
    target = tmp_path / "made-up.helios"
    save(journal, target, MAKER, is_anonymised=True)
    with Reader(journal) as source, Reader(target) as made_up:
        disguise = disguise_of(source, stretches(source, Within()), lambda _count: None)

        def renamed(one: object) -> str:
            return disguise.text(msgspec.json.encode(one).decode())

        assert list(kept_in(target).events) == list(kept_in(journal).events)
        for number in kept_in(journal).events:
            assert msgspec.json.encode(made_up.event(number)).decode() == renamed(source.event(number))
        assert [note.text for note in made_up.notes()] == ["ask who owns host3.example, or host1.example"]
        assert [gap.reason for gap in made_up.gaps()] == ["host2.example:80 was full"]
        manifest = read_manifest(made_up)
        assert manifest.sources == ("https://host1.example:8443", "https://192.0.2.1:80")
        assert set(manifest.observers) == {"node-1", "node-2", "host3.example:8443"}


def test_folding_it_gives_the_events_that_it_holds(journal: Path, tmp_path: Path) -> None:
    target = tmp_path / "made-up.helios"
    since_ns = LIFE[120].received_ns
    save(journal, target, MAKER, since_ns=since_ns, is_anonymised=True)
    with Reader(target) as reader:
        (first, _observation), *rest = reader.observations()
        picture = place_at(reader, first).picture
        for _seq, observation in rest:
            picture.see(observation)
        assert picture.log.end - picture.log.start > 50
        for number in range(picture.log.start, picture.log.end):
            # Of what it follows from, only what is in the range is there.
            folded, kept = picture.log[number], reader.event(number)
            assert kept is not None
            assert (kept.type, kept.node, kept.body) == (folded.type, folded.node, folded.body)
            assert set(kept.evidence) <= set(folded.evidence)


def test_full_text_finds_the_made_up_names_and_not_the_true_ones(journal: Path, tmp_path: Path) -> None:
    target = tmp_path / "made-up.helios"
    save(journal, target, MAKER, is_anonymised=True)
    with Reader(target) as reader:
        assert reader.select(EventFilter(text="host3.example"), 2**62, 10)
        assert not reader.select(EventFilter(text="prod.corp"), 2**62, 10)


def test_recordings_with_made_up_names_are_not_joined_with_others(journal: Path, tmp_path: Path) -> None:
    save(journal, tmp_path / "made-up.helios", MAKER, is_anonymised=True)
    with pytest.raises(RecordingError, match="host names are made up, and may mean other hosts"):
        merge([journal, tmp_path / "made-up.helios"], tmp_path / "both.helios", MAKER)
