"""What a run learns of a cluster and its profile should know the next time."""

import contextlib

from msgspec.structs import replace

from helios_desktop.event import Event
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.observation import Kind, Observation
from helios_desktop.profiles.file import Profiles
from helios_desktop.profiles.profile import ProfileError


def remember_login_path(monitor: Monitor, profiles: Profiles) -> None:
    """From now on, write where a login worked into the profile that `monitor` watches, where it says otherwise.

    A profile that is gone, or a file that cannot be written, is let be: the path only spares the next login a try.
    Where the gateways of one cluster differ, the path of the first stays.
    """
    profile_id, known = monitor.target.profile_id, monitor.target.login_path

    def see(observation: Observation, _events: tuple[Event, ...]) -> None:
        nonlocal known
        if observation.kind is not Kind.CONNECTION:
            return
        paths = {observer.login_path for observer in monitor.state.observers.values()} - {""}
        if len(paths) == 1 and known not in paths:
            (known,) = paths
            with contextlib.suppress(ProfileError):
                _write(profiles, profile_id, known)

    if profile_id:
        monitor.listen(see)


def _write(profiles: Profiles, profile_id: str, path: str) -> None:
    profile = profiles.by_id(profile_id)
    if profile is not None and profile.login_path != path:
        profiles.save(replace(profile, login_path=path))
