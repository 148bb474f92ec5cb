"""One cluster in two windows: the first watches and records, the second follows its journal and takes over."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from helios_desktop.app.watching import journal_of, watch
from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.lock import JournalLock
from helios_desktop.journal.reader import Reader
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.demo import DemoAccess
from helios_desktop.monitor.follower import Follower
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_gateway.embedded import Embedded, embedded_gateway

Watching = tuple["asyncio.Task[None]", list[Monitor | Follower]]


def target_of(gateway: Embedded) -> Target:
    address, credentials = parse_address(gateway.url), Credentials(gateway.username, gateway.password)
    members = gateway.members()
    return Target("Test", (address,), credentials, follows_members=True, first_members=members, profile_id="test")


def window(target: Target, folder: Path, said: list[str]) -> Watching:
    shown: list[Monitor | Follower] = []
    task = asyncio.create_task(watch(target, folder, make_clock(), shown.append, said.append))
    return task, shown


async def end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() or task.exception() is None


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - of what another window does there is no event
            await asyncio.sleep(0.02)


async def lead(watched: Monitor | Follower) -> None:
    await until(lambda: watched.state.leader is not None and len(watched.state.nodes) == 3)


async def test_a_second_window_follows_the_journal_of_the_first_and_takes_over_when_it_ends(tmp_path: Path) -> None:
    said: list[str] = []
    async with embedded_gateway(seed=4, is_calm=True, speed=5) as gateway:
        target = target_of(gateway)
        first, first_shown = window(target, tmp_path, said)
        await until(lambda: bool(first_shown))
        watched = first_shown[0]
        assert isinstance(watched, Monitor)
        await lead(watched)

        second, second_shown = window(target, tmp_path, said)
        await until(lambda: bool(second_shown))
        follower = second_shown[0]
        assert isinstance(follower, Follower)
        assert follower.is_following
        assert follower.history == journal_of(target, tmp_path)
        await lead(follower)
        assert follower.state.observers.keys() == watched.state.observers.keys()

        stopped = watched.state.leader
        demo = DemoAccess(gateway.url, gateway.username, gateway.password)
        assert await demo.fault({"fault": "stop", "node": stopped}) is None
        await until(lambda: follower.state.leader not in {None, stopped})
        assert follower.recording is not None
        assert follower.recording.is_recording

        await end(first)
        await until(lambda: len(second_shown) == 2)
        own = second_shown[1]
        assert isinstance(own, Monitor)
        await until(lambda: own.state.leader is not None)
        await end(second)
    assert said == []
    with Reader(journal_of(target, tmp_path)) as reader:
        assert [run.ended_ns is not None for run in reader.runs()] == [True, True]
        lost = reader.select(EventFilter(types=frozenset({"leader_lost"})), reader.end_event(), 10)
        assert lost


async def test_the_follower_shows_the_same_events_by_the_same_numbers(tmp_path: Path) -> None:
    async with embedded_gateway(seed=6, is_calm=True, speed=10) as gateway:
        target = target_of(gateway)
        first, first_shown = window(target, tmp_path, [])
        await until(lambda: bool(first_shown))
        await lead(first_shown[0])
        second, second_shown = window(target, tmp_path, [])
        await until(lambda: bool(second_shown))
        live, follower = first_shown[0].log, second_shown[0].log
        await until(lambda: follower.end > follower.start + 20)
        numbers = range(follower.start, follower.end)
        assert [follower[number] for number in numbers] == [live[number] for number in numbers]
        await end(second)
        await end(first)


async def test_a_journal_that_holds_nothing_yet_is_said_in_words(tmp_path: Path) -> None:
    async with embedded_gateway(seed=6, is_calm=True) as gateway:
        target = target_of(gateway)
        journal = journal_of(target, tmp_path)
        lock = JournalLock(journal)
        assert lock.take()
        said: list[str] = []
        second, shown = window(target, tmp_path, said)
        await until(lambda: bool(said))
        assert said[0].startswith("Another window watches this cluster")
        assert shown == []
        lock.release()
        await until(lambda: bool(shown))
        assert isinstance(shown[0], Monitor)
        await end(second)


async def test_a_second_demo_at_a_time_is_another_cluster_and_has_another_journal(tmp_path: Path) -> None:
    async with embedded_gateway(seed=6, is_calm=True) as one, embedded_gateway(seed=7, is_calm=True) as other:
        demos = [replace(target_of(gateway), profile_id="") for gateway in (one, other)]
        first, first_shown = window(demos[0], tmp_path, [])
        await until(lambda: bool(first_shown))
        second, second_shown = window(demos[1], tmp_path, [])
        await until(lambda: bool(second_shown))
        journals = [shown[0].history for shown in (first_shown, second_shown)]
        assert journals == [tmp_path / "demo.journal", tmp_path / "demo-2.journal"]
        assert isinstance(second_shown[0], Monitor)
        await end(first)
        await end(second)


@pytest.mark.parametrize(
    ("addresses", "profile_id", "name"),
    [
        (("http://a.example:8080",), "", "http-a.example-8080.journal"),
        (("http://a.example:8080",), "prod", "profile-prod.journal"),
    ],
)
def test_a_cluster_has_a_journal_of_its_own(
    addresses: tuple[str, ...], profile_id: str, name: str, tmp_path: Path
) -> None:
    target = Target("x", tuple(map(parse_address, addresses)), Credentials(token="t"), profile_id=profile_id)
    assert journal_of(target, tmp_path) == tmp_path / name


def test_clusters_whose_names_are_alike_have_different_journals(tmp_path: Path) -> None:
    names = ("prod", "Prod", "pröd", "PROD", "p/rod", "p-rod", "http-a-80")
    targets = [Target("x", (parse_address("http://a:80"),), Credentials(token="t"), profile_id=name) for name in names]
    assert len({journal_of(target, tmp_path).name.lower() for target in targets}) == len(names)
