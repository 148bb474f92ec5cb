"""One cluster on a window, recorded; where another window records it, that one is followed, and no socket opened."""

import asyncio
import random
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Final, NoReturn

from helios_desktop.headless.gather import run_of
from helios_desktop.journal.failure import FAILURES, reason_of
from helios_desktop.journal.place import journal_path
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.scribe import Opening
from helios_desktop.monitor.follower import Follower, open_follower
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.past import EmptyError
from helios_desktop.monitor.target import Target
from helios_desktop.words import _

TAKE_OVER_S: Final = 1.0
"""How often a following window looks whether the other one is gone."""
_UNREADABLE: Final = (EmptyError, *FAILURES)

Show = Callable[[Monitor | Follower], None]


def journal_of(target: Target, folder: Path, number: int = 1) -> Path:
    """The journal of a cluster: a profile's by its id, a bare address's by scheme, host and port, the demo's own.

    number: each window has a demo of its own, so that a second one at a time has another journal, too
    """
    if target.profile_id:
        return journal_path(f"profile-{target.profile_id}", folder)
    if _is_own_demo(target):
        return journal_path("demo" if number == 1 else f"demo-{number}", folder)
    return journal_path("+".join(f"{one.scheme}-{one.host}-{one.port}" for one in target.addresses), folder)


def _is_own_demo(target: Target) -> bool:
    return target.follows_members and not target.profile_id


async def watch(
    target: Target, folder: Path, now_ns: Callable[[], int], show: Show, say: Callable[[str], None]
) -> None:
    """Watch and record until cancelled; `show` is called with what is to be shown from now on.

    `say` is called with a sentence while there is nothing to show.
    """
    following = _Following(journal_of(target, folder), target, now_ns, show, say)
    try:
        for number in count(1):
            recorder = Recorder(journal_of(target, folder, number), run_of(target, now_ns()))
            try:
                if await recorder.open() is not Opening.BUSY:
                    await following.end()
                    monitor = Monitor(target, now_ns=now_ns, rng=random.SystemRandom(), recorder=recorder)
                    await _run(monitor, show)
            finally:
                await recorder.close()
            if _is_own_demo(target):
                continue  # the other window's demo is another cluster, and this one's has the next journal
            await following.keep_up()
            await asyncio.sleep(TAKE_OVER_S)
    finally:
        await following.end()


async def _run(monitor: Monitor, show: Show) -> NoReturn:
    try:
        show(monitor)
        await monitor.run()
        raise RuntimeError("the monitor ended by itself")
    finally:
        await monitor.close_recording()


class _Following:
    """Follows another window's journal, as long as there is one that can be read."""

    def __init__(
        self, path: Path, target: Target, now_ns: Callable[[], int], show: Show, say: Callable[[str], None]
    ) -> None:
        self._path = path
        self._target = target
        self._now_ns = now_ns
        self._show = show
        self._say = say
        self._said = ""
        self._follower: Follower | None = None
        self._running: asyncio.Task[None] | None = None

    async def keep_up(self) -> None:
        """Begin, where it does not run (any more); say why where it cannot."""
        if self._running is not None and not self._running.done():
            return
        await self.end()
        try:
            follower = await open_follower(self._path, self._target, self._now_ns)
        except EmptyError:
            self._tell(_("Another window watches this cluster, but has recorded nothing yet."))
        except FAILURES as error:
            self._tell(
                _("Another window watches this cluster, and its journal cannot be read: {reason}.").format(
                    reason=reason_of(error)
                )
            )
        else:
            self._said = ""
            self._follower = follower
            self._show(follower)
            self._running = asyncio.create_task(follower.run(), name="follower")

    def _tell(self, sentence: str) -> None:
        if sentence != self._said:
            self._said = sentence
            self._say(sentence)

    async def end(self) -> None:
        """Let go of the journal."""
        running, follower = self._running, self._follower
        self._running = self._follower = None
        if running is not None:
            running.cancel()
            await asyncio.wait({running})
            error = None if running.cancelled() else running.exception()
            if error is not None and not isinstance(error, _UNREADABLE):
                raise error
        if follower is not None:
            await follower.close()
