"""What the window says of what it shows."""

from helios_desktop.monitor.follower import Follower
from helios_desktop.monitor.replay import Replay
from helios_desktop.monitor.watched import Watched
from helios_desktop.words import _


def window_title(watched: Watched | None) -> str:
    """The cluster with its environment, and whether it is a replay."""
    if watched is None:
        return _("Helios")
    word = f" [{watched.target.environment}]" if watched.target.environment else ""
    name = watched.target.name + word
    if isinstance(watched, Replay):
        return _("REPLAY · {cluster} · Helios").format(cluster=name)
    return _("{cluster} · Helios").format(cluster=name)


def why_not_asked(watched: Watched | None) -> str:
    """Why nothing can be asked of the cluster; "" where it can."""
    match watched:
        case Replay():
            return _("A replay asks nothing of a cluster: these were asked for then.")
        case Follower():
            return _("Another window watches the cluster: ask there.")
        case _:
            return ""
