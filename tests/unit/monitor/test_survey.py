"""A whole recording at a glance: leaders of all runs, what is missing, how much happened, and the problems."""

from pathlib import Path

import pytest

from helios_desktop.event import Severity
from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.database import open_journal, open_recording
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.writer import Unrecorded, Writer
from helios_desktop.monitor.past import EmptyError
from helios_desktop.monitor.survey import Blind, Missing, Surveyor
from helios_desktop.observation import Cause, Phase
from tests.qt.recordings import BETWEEN_S, FIRST_RUN_S, begin, elect, go_on, journal
from tests.qt.scene import NS, START_S


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Give a journal of two runs, closed, with an election in the second one."""
    story = await journal(tmp_path / "a.journal")
    await story.monitor.close_recording()
    return tmp_path / "a.journal"


async def test_it_tells_who_led_in_all_runs_and_when_nobody_did(path: Path) -> None:
    surveyor = Surveyor(path)
    survey = surveyor.look()
    surveyor.close()
    assert [(lead.leader, lead.term) for lead in survey.leads] == [
        ("node1", 4),
        ("node1", 4),
        (None, 5),
        ("node2", 5),
    ]
    second_ns = (START_S + FIRST_RUN_S + BETWEEN_S) * NS
    assert survey.leads[1].since_ns == second_ns
    assert survey.leads[2].duration_ns == pytest.approx(1.9 * NS, abs=NS // 10)
    assert survey.is_whole


async def test_between_two_runs_nothing_is_known(path: Path) -> None:
    surveyor = Surveyor(path)
    survey = surveyor.look()
    surveyor.close()
    begin_ns, end_ns = ((START_S + FIRST_RUN_S) * NS, (START_S + FIRST_RUN_S + BETWEEN_S) * NS)
    assert [blind for blind in survey.blinds if blind.why is Missing.NOT_RUNNING] == [
        Blind(begin_ns, end_ns, Missing.NOT_RUNNING)
    ]


async def test_what_could_not_be_recorded_and_what_nobody_told_is_missing_too(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    story = await begin(path)
    story.go_live()
    go_on(story, 20)
    lost_ns = story.now_ns
    for node in ("node1", "node2", "node3"):
        story.phase(node, Phase.BACKOFF, Cause.REFUSED, attempt=1)
    story.now_s += 40
    story.tick()
    story.go_live()
    go_on(story, 5)
    await story.monitor.close_recording()
    connection = open_journal(path)
    Writer(connection).write([Unrecorded(lost_ns - 9 * NS, lost_ns - 8 * NS, "disk full", 3)])
    connection.close()
    surveyor = Surveyor(path)
    survey = surveyor.look()
    surveyor.close()
    unrecorded, unheard = survey.blinds
    assert unrecorded == Blind(lost_ns - 9 * NS, lost_ns - 8 * NS, Missing.NOT_RECORDED, "disk full")
    assert (unheard.why, unheard.until_ns) == (Missing.NOT_HEARD, lost_ns + 40 * NS)
    assert lost_ns - 5 * NS <= unheard.since_ns <= lost_ns
    assert [lead.leader for lead in survey.leads] == ["node1", "node1"]


async def test_every_event_and_every_problem_is_counted_once(path: Path) -> None:
    with Reader(path) as reader:
        numbers = reader.select(EventFilter(), 2**62, 10_000)
        rows = reader.rows(numbers).values()
    surveyor = Surveyor(path)
    survey = surveyor.look()
    surveyor.close()
    problems = sorted(row.at_ns for row in rows if row.severity is Severity.PROBLEM)
    assert int(survey.density.counts.sum()) == len(numbers)
    assert int(survey.density.problems.sum()) == len(problems) > 0
    assert survey.problems.tolist() == problems
    for row in rows:
        part = (row.at_ns - survey.density.since_ns) // survey.density.width_ns
        assert survey.density.counts[part] > 0


async def test_of_a_part_in_view_only_that_part_is_counted(path: Path) -> None:
    surveyor = Surveyor(path)
    since_ns, until_ns = START_S * NS + 10 * NS, START_S * NS + 20 * NS
    survey = surveyor.look((since_ns, until_ns))
    surveyor.close()
    with Reader(path) as reader:
        chosen = EventFilter(since_ns=since_ns, until_ns=until_ns)
        assert int(survey.density.counts.sum()) == len(reader.select(chosen, 2**62, 10_000))
    assert survey.density.width_ns < NS


async def test_a_journal_that_grows_is_looked_over_again_as_if_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    first = await begin(path)
    first.go_live()
    go_on(first, 10)
    await first.monitor.close_recording()
    surveyor = Surveyor(path)
    surveyor.look()
    second = await begin(path, START_S + 100)
    second.go_live()
    go_on(second, 10)
    elect(second)
    await second.monitor.close_recording()
    again, anew = surveyor.look(), Surveyor(path)
    fresh = anew.look()
    surveyor.close()
    anew.close()
    assert (again.leads, again.blinds) == (fresh.leads, fresh.blinds)
    assert again.density.counts.tolist() == fresh.density.counts.tolist()
    assert again.problems.tolist() == fresh.problems.tolist()


async def test_who_records_now_need_not_be_folded_again(tmp_path: Path) -> None:
    story = await journal(tmp_path / "a.journal")
    await story.monitor.close_recording()
    surveyor = Surveyor(tmp_path / "a.journal")
    folded, told = surveyor.look(), surveyor.look(None, story.monitor.state)
    surveyor.close()
    assert told.leads == folded.leads


async def test_runs_are_looked_at_bit_by_bit_the_latest_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helios_desktop.monitor.survey.LOOK_S", -1.0)
    surveyor = Surveyor(path)
    first = surveyor.look()
    assert not first.is_whole
    assert [lead.leader for lead in first.leads] == ["node1", None, "node2"]
    monkeypatch.setattr("helios_desktop.monitor.survey.LOOK_S", 1.0)
    assert surveyor.look().is_whole
    surveyor.close()


async def test_many_events_are_told_by_the_minute(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helios_desktop.monitor.survey.COUNTED_EVENTS", 10)
    surveyor = Surveyor(path)
    survey = surveyor.look()
    surveyor.close()
    with Reader(path) as reader:
        count = len(reader.select(EventFilter(), 2**62, 10_000))
    assert survey.density.width_ns == 60 * NS
    assert int(survey.density.counts.sum()) == count


async def test_leaders_older_than_a_state_remembers_are_found_in_earlier_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("store.merge", "monitor.survey"):
        monkeypatch.setattr(f"helios_desktop.{module}.MAX_SPANS", 4)
    story = await begin(tmp_path / "a.journal")
    story.go_live()
    for term in range(5, 16):
        story.now_s += 2
        leader = f"node{term % 3 + 1}"
        for node in ("node1", "node2", "node3"):
            story.status(node, leader=leader, term=term)
    story.now_s += 1
    story.tick()
    await story.monitor.close_recording()
    assert len(story.monitor.state.leaderships) == 4
    surveyor = Surveyor(tmp_path / "a.journal")
    survey = surveyor.look()
    surveyor.close()
    assert [lead.term for lead in survey.leads if lead.leader is not None] == list(range(4, 16))


def test_a_file_without_an_observation_is_empty(tmp_path: Path) -> None:
    open_recording(tmp_path / "a.helios").close()
    surveyor = Surveyor(tmp_path / "a.helios")
    with pytest.raises(EmptyError):
        surveyor.look()
    surveyor.close()
