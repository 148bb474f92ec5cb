"""What a monitor gives its recorder: each observation with its events, and the state now and then."""

from collections.abc import Sequence

from helios_desktop.event import Event
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.writer import Checkpoint, Seen
from helios_desktop.monitor.picture import Picture
from helios_desktop.observation import Observation
from helios_desktop.store.checkpoint import FOLD_VERSION, store
from helios_desktop.store.samples import Versions, new_samples, versions


class Keeper:
    """Records a picture as it goes on."""

    def __init__(self, recorder: Recorder, picture: Picture) -> None:
        self.recorder = recorder
        self._picture = picture
        self._kept: Versions = {}

    def keep(self, observation: Observation, events: Sequence[Event], numbers: Sequence[int]) -> None:
        """Keep what the picture saw just now."""
        self.recorder.record(Seen(observation, events, numbers))
        if self.recorder.wants_checkpoint:
            self.keep_state()

    def keep_state(self) -> None:
        """Keep the state and the graphs as they are now."""
        picture = self._picture
        state, samples = store(picture.state), new_samples(picture.series, self._kept)
        self._kept = versions(picture.series)
        now_ns, next_event = picture.state.now_ns, picture.log.end
        self.recorder.put_checkpoint(Checkpoint(now_ns, next_event, FOLD_VERSION, state, samples))
