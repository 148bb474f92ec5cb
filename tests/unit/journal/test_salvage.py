"""What can be read of a damaged file: every row but those on the damaged pages, and the loss is told."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import pytest

from helios_desktop.journal.database import open_journal
from helios_desktop.journal.note import Note
from helios_desktop.journal.retention import GIB, Limits, Retention
from helios_desktop.journal.salvage import Salvage
from helios_desktop.journal.writer import Unrecorded, Writer
from helios_desktop.observation import Observation
from tests.unit.journal.stream import NS, START_NS, Stream

PAGE: Final = 4096
NOTED_NS: Final = START_NS + 10**6 * NS
MOST_A_PAGE: Final = 40
"""So many observations of the stream fit on a page, at most."""


@dataclass(frozen=True)
class Whole:
    """A journal as it was before anything happened to it."""

    path: Path
    observations: dict[int, Observation]

    def copy(self, folder: Path) -> Path:
        """To be damaged."""
        return Path(shutil.copy(self.path, folder / "damaged.journal"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    path = tmp_path_factory.mktemp("whole") / "a.journal"
    stream = Stream()
    with closing(open_journal(path)) as connection:
        writer = Writer(connection)
        writer.describe({"cluster": "Test", "sources": "https://example.org"})
        writer.begin_run(START_NS, 1, "test 1", 1)
        for number in range(20):
            seen = [stream.derived(), stream.tick(), *stream.frames(60)]
            if number == 7:
                seen += [stream.frame(padding=9_000)]
            writer.write(seen)
            if number % 5 == 4:
                writer.write([stream.checkpoint(9_000)])
        writer.write([Unrecorded(START_NS + 1, START_NS + 2, "disk full", 4)])
        writer.begin_run(stream.now_ns + NS, stream.next_event, "test 2", 1)
        writer.write(stream.frames(100))
        with connection:
            connection.execute(
                "INSERT INTO note (id, at_ns, until_ns, event, text, written_ns) VALUES (3, ?, NULL, 5, 'here', 6)",
                (NOTED_NS,),
            )
    return Whole(path, {seq: one.observation for seq, one in enumerate(stream.seen, 1)})


def salvaged(path: Path) -> tuple[dict[int, Observation], int]:
    """What could be read, and how many were lost; the file is as it was."""
    before = path.read_bytes()
    done: list[float] = []
    with Salvage(path, done.append) as salvage:
        found = list(salvage.observations())
        assert [seq for seq, _ in found] == sorted({seq for seq, _ in found})
    assert path.read_bytes() == before
    assert done == sorted(done)
    assert done[-1] == 1.0
    return dict(found), salvage.lost


def test_of_a_whole_file_all_is_read(whole: Whole) -> None:
    found, lost = salvaged(whole.path)
    assert (found, lost) == (whole.observations, 0)
    with Salvage(whole.path) as salvage:
        assert salvage.meta == {"cluster": "Test", "sources": "https://example.org"}
        assert [(run.id, run.first_seq, run.program) for run in salvage.runs] == [
            (1, 1, "test 1"),
            (2, len(whole.observations) - 99, "test 2"),
        ]
        assert salvage.gaps == [Unrecorded(START_NS + 1, START_NS + 2, "disk full", 4)]
        assert salvage.notes == [Note(3, NOTED_NS, None, 5, "here", 6)]


def test_what_is_only_in_the_log_beside_it_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    with closing(open_journal(path)) as connection:
        writer = Writer(connection)
        writer.begin_run(START_NS, 1, "test", 1)
        writer.write(seen := Stream().frames(300))
        assert Path(f"{path}-wal").stat().st_size > path.stat().st_size
        for ending in ("", "-wal"):
            shutil.copy(f"{path}{ending}", tmp_path / f"killed.journal{ending}")
    found, lost = salvaged(tmp_path / "killed.journal")
    assert list(found.values()) == [one.observation for one in seen]
    assert lost == 0


@pytest.mark.parametrize("seed", range(30))
def test_all_before_and_after_the_damage_is_read(whole: Whole, tmp_path: Path, seed: int) -> None:
    rng, path = Random(seed), whole.copy(tmp_path)
    pages = path.stat().st_size // PAGE
    damaged = rng.sample(range(1, pages + 1), rng.choice([1, 2, 5]))
    with path.open("r+b") as file:
        for page in damaged:
            file.seek((page - 1) * PAGE)
            file.write(bytes(PAGE) if seed % 2 else rng.randbytes(PAGE))
    found, lost = salvaged(path)
    missing = whole.observations.keys() - found.keys()
    assert len(missing) <= MOST_A_PAGE * len(damaged)
    # Where the last ones are missing, events tell how far it went, to within a page of theirs.
    assert 0 <= len(missing) - lost <= (MOST_A_PAGE if max(missing, default=0) == len(whole.observations) else 0)
    for seq, observation in found.items():
        # Of a text over several pages, one that is damaged gives wrong characters, which nobody can tell.
        assert observation == whole.observations[seq] or len(observation.text) > PAGE


@pytest.mark.parametrize("seed", range(30))
def test_a_few_wrong_bytes_spoil_a_page_at_most(whole: Whole, tmp_path: Path, seed: int) -> None:
    rng, path = Random(seed), whole.copy(tmp_path)
    with path.open("r+b") as file:
        for _ in range(3):
            file.seek(rng.randrange(path.stat().st_size - 40))
            file.write(rng.randbytes(rng.choice([1, 8, 40])))
    found, lost = salvaged(path)
    # A text may have changed: nobody can tell. But no more than a page is lost each time.
    wrong = [seq for seq, observation in whole.observations.items() if found.get(seq) != observation]
    assert len(wrong) <= MOST_A_PAGE * 3
    assert lost <= MOST_A_PAGE * 3


def test_of_a_file_whose_header_is_gone_all_is_read_but_what_stood_there(whole: Whole, tmp_path: Path) -> None:
    path = whole.copy(tmp_path)
    with path.open("r+b") as file:
        file.write(bytes(PAGE))
    with pytest.raises(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT * FROM observation")
    assert salvaged(path) == (whole.observations, 0)


@pytest.mark.parametrize("part", [0.3, 0.5, 0.7])
def test_of_a_file_that_was_cut_off_all_that_is_left_is_read(whole: Whole, tmp_path: Path, part: float) -> None:
    path = whole.copy(tmp_path)
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * part) + 1_000)
    found, lost = salvaged(path)
    assert 0 < len(found) < len(whole.observations)
    assert lost <= len(whole.observations) - len(found)  # of the last ones nobody knows
    assert all(whole.observations[seq] == observation for seq, observation in found.items())


def test_names_are_found_although_their_table_is_damaged(whole: Whole, tmp_path: Path) -> None:
    path = whole.copy(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'name'").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * PAGE)
        file.write(bytes(PAGE))
    assert salvaged(path) == (whole.observations, 0)


def test_what_retention_let_go_is_not_taken_for_lost(tmp_path: Path) -> None:
    path, stream = tmp_path / "a.journal", Stream()
    with closing(open_journal(path)) as connection:
        writer = Writer(connection)
        writer.begin_run(START_NS, 1, "test", 1)
        for _ in range(6):
            writer.write([*stream.frames(1_000), stream.checkpoint()])
        with connection:
            connection.execute("INSERT INTO note (at_ns, text, written_ns) VALUES (?, '', 0)", (START_NS + 200 * NS,))
        retention = Retention(path, Limits(age_s=110.0), lambda _: 100 * GIB, lambda: stream.now_ns)
        while retention.step(connection):
            pass
    found, lost = salvaged(path)
    assert found.keys() == {*range(1_001, 3_001), *range(4_001, 6_001)}
    assert lost == 0


@pytest.mark.parametrize("content", [b"", b"short", b"SQLite format 3\x00", bytes(100_000), b"\x0d" * 50_000])
def test_of_what_is_no_journal_nothing_is_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(content)
    assert salvaged(path) == ({}, 0)


def test_a_file_of_random_bytes_is_no_trouble(tmp_path: Path) -> None:
    path, rng = tmp_path / "any", Random(1)
    for _ in range(20):
        page = bytes([0x0D, 0, 0, 0, rng.randrange(256), 0, 0, 0]) + rng.randbytes(PAGE - 8)
        path.write_bytes(b"SQLite format 3\x00\x10\x00" + rng.randbytes(PAGE - 18) + page * 5)
        with Salvage(path) as salvage:
            assert len(list(salvage.observations())) < 5
